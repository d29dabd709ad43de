/*-------------------------------------------------------------------------
 *
 * available_name.c
 *	  Looks for a name that no object has.
 *
 * Nothing is reserved: somebody else may take the name before it is used.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "client/list_one.h"
#include "client/object_requests.h"
#include "client/pipeline.h"
#include "objects/available_name.h"
#include "s3/alternative_name.h"
#include "s3/response.h"
#include "utils/builtins.h"

/* Without these, S3 refuses to look some objects up. */
static const char *const shared_headers[] = {
	"x-amz-expected-bucket-owner",
	"x-amz-request-payer",
	"x-amz-server-side-encryption-customer-algorithm",
	"x-amz-server-side-encryption-customer-key",
	"x-amz-server-side-encryption-customer-key-md5"
};

static S3Slice named_part(S3Slice url, const S3Call *call);
static size_t longest_url(const S3Call *call);
static void random_characters(char *out, int len);

bool
s3_available_name_is_taken(text *url, const char *command, Jsonb *params)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	(void) s3_call_open(&call, S3_HEAD_OBJECT, command, S3_CALL_REQUEST, url);
	call.explains = S3_EXPLAINS_ALL;
	if (params != NULL)
		s3_params_apply(call.operation, params, &call.request);
	if (s3_call_perform(&call, &response, &err) ||
		(s3_response_wants_customer_key(&err) &&
		 s3_list_one_is_there(url, command, &call.request.headers)))
		return true;
	if (err.kind != S3_ERROR_NOT_FOUND)
		s3_call_throw(&call, &err);
	s3_bucket_require(&call, url);	/* without it, no name is free */
	return false;
}

void
s3_available_name_add_headers(S3Call *look, const S3Fields *put)
{
	for (int i = 0; i < lengthof(shared_headers); i++)
	{
		const char *value = s3_fields_find(put, shared_headers[i]);

		if (value != NULL)
			s3_fields_add(&look->request.headers, shared_headers[i], value);
	}
}

bool
s3_available_name_fits(text *url, int max_length)
{
	S3NameLimits limits = {0, max_length};

	return s3_alternative_name_fits(s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url)), &limits);
}

text *
s3_available_name_alternative(text *url, const char *command, int max_length)
{
	S3Error		err;
	text	   *name = s3_available_name_try_alternative(url, command, max_length, &err);

	if (name == NULL)
		s3_error_throw(&err);
	return name;
}

text *
s3_available_name_try_alternative(text *url, const char *command, int max_length, S3Error *err)
{
	S3NameLimits limits = {0, max_length};
	char		suffix[S3_NAME_SUFFIX_LEN + 1];
	StringInfoData name;
	S3Slice		utf8 = s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url));
	S3Call		call;

	if (s3_call_try_open(&call, S3_HEAD_OBJECT, command, url, err) != S3_CALL_OPENED)
		return NULL;
	limits.bytes = longest_url(&call);
	random_characters(suffix, S3_NAME_SUFFIX_LEN);
	initStringInfo(&name);
	if (!s3_alternative_name_alternative(named_part(utf8, &call), suffix, &limits, &name, err))
		return NULL;
	return s3_text_from_utf8(s3_slice(name.data, name.len));
}

bool
s3_available_name_all_taken(text *url, S3Error *err)
{
	s3_error_set(err, S3_ERROR_CONFLICT, "could not find a free name for object \"%.*s\"",
				 S3_SLICE_ARGS(s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url))));
	return s3_error_detail(err, "%d names were taken.", S3_NAME_ATTEMPTS_MAX);
}

/* With normalize_keys, '?' and '#' and what follows are no part of the key. */
static S3Slice
named_part(S3Slice url, const S3Call *call)
{
	size_t		start = call->location.key.data - call->location.scheme.data;
	S3Slice		key = s3_slice(url.data + start, url.len - start);

	if (call->endpoint->settings.normalize_keys)
		url.len = start + s3_location_cut_query(key).len;
	return url;
}

/* In bytes of UTF-8.  The limit of keys includes the prefix of the endpoint. */
static size_t
longest_url(const S3Call *call)
{
	const char *prefix = call->endpoint->settings.key_prefix;
	size_t		prefix_len = strlen(prefix);

	if (prefix_len > 0 && prefix[prefix_len - 1] != '/')
		prefix_len++;
	return call->location.key.data - call->location.scheme.data + S3_KEY_MAX - prefix_len;
}

/* Writes "len" letters and digits, all as likely, and a NUL. */
static void
random_characters(char *out, int len)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const int	count = sizeof(alphabet) - 1;
	int			used = 0;

	while (used < len)
	{
		uint8		byte;

		if (!pg_strong_random(&byte, 1))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate a random name")));

		/*
		 * Bytes above the last multiple of "count" would favor some
		 * characters.
		 */
		if (byte < 256 / count * count)
			out[used++] = alphabet[byte % count];
	}
	out[len] = '\0';
}
