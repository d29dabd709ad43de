/*-------------------------------------------------------------------------
 *
 * fn_presign.c
 *	  SQL functions that sign links: s3_presign, s3_presign_request.
 *
 * Never touches the network but to fetch temporary keys, where these come from
 * a service.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "access/htup_details.h"
#include "client.h"
#include "date.h"
#include "fields_jsonb.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lifetime.h"
#include "param_rules.h"
#include "privileges.h"
#include "uri.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* The columns of s3_request. */
enum
{
	REQUEST_METHOD,
	REQUEST_URL,
	REQUEST_HEADERS,
	REQUEST_EXPIRES_AT,
	REQUEST_COLUMNS
};

/* The arguments of both functions. */
enum
{
	ARG_URL,
	ARG_METHOD,
	ARG_EXPIRES,
	ARG_PARAMS,
	ARG_SIGNED_AT
};

typedef struct Link
{
	S3Call		call;
	char	   *url;
	bool		forever;
	int64		ends_at;		/* seconds since 1970, unless forever */
} Link;

PG_FUNCTION_INFO_V1(s3store_presign);
PG_FUNCTION_INFO_V1(s3store_presign_request);

static bool make_link(FunctionCallInfo fcinfo, const char *command, Link *link);
static void require_role(const S3Operation *operation, const char *command);
static bool is_public(const S3Call *call);
static void check_copy_source(const S3Call *call);

/*
 * s3_presign(url text, method text, expires interval, params jsonb,
 *			  signed_at timestamptz) returns text
 */
Datum
s3store_presign(PG_FUNCTION_ARGS)
{
	Link		link;

	if (!make_link(fcinfo, "s3_presign()", &link))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(link.url));
}

/* s3_presign_request(the same) returns s3_request: what a client has to do */
Datum
s3store_presign_request(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	JsonbParseState *state = NULL;
	Datum		values[REQUEST_COLUMNS];
	bool		nulls[REQUEST_COLUMNS] = {false};
	Link		link;

	if (!make_link(fcinfo, "s3_presign_request()", &link))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != REQUEST_COLUMNS)
		elog(ERROR, "s3_request is not the type that this library knows");
	values[REQUEST_METHOD] = CStringGetTextDatum(link.call.operation->method);
	values[REQUEST_URL] = CStringGetTextDatum(link.url);
	values[REQUEST_HEADERS] =
		JsonbPGetDatum(JsonbValueToJsonb(s3_fields_push(&state, &link.call.request.headers)));
	nulls[REQUEST_EXPIRES_AT] = link.forever;
	values[REQUEST_EXPIRES_AT] =
		link.forever ? (Datum) 0 : TimestampTzGetDatum(s3_date_from_unix(link.ends_at));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* Returns false where the result is NULL. */
static bool
make_link(FunctionCallInfo fcinfo, const char *command, Link *link)
{
	S3Call	   *call = &link->call;
	const S3Operation *operation;
	S3Lifetime	lifetime = {0};
	Interval   *expires = PG_ARGISNULL(ARG_EXPIRES) ? NULL : PG_GETARG_INTERVAL_P(ARG_EXPIRES);
	TimestampTz signed_at = PG_ARGISNULL(ARG_SIGNED_AT) ? 0 : PG_GETARG_TIMESTAMPTZ(ARG_SIGNED_AT);

	if (PG_ARGISNULL(ARG_URL) || PG_ARGISNULL(ARG_METHOD))
		return false;
	operation = s3_operation_find(text_to_cstring(PG_GETARG_TEXT_PP(ARG_METHOD)));
	require_role(operation, command);
	if (!s3_call_open(call, operation->id, command, S3_CALL_LINK, PG_GETARG_TEXT_PP(ARG_URL)))
		return false;
	s3_params_apply(operation, PG_ARGISNULL(ARG_PARAMS) ? NULL : PG_GETARG_JSONB_P(ARG_PARAMS),
					&call->request);
	if (operation->on_bucket)
		s3_call_add_prefix(call);
	check_copy_source(call);

	link->forever = is_public(call) || s3_call_is_unsigned(call);
	/* A lifetime that is given must be one, even where it does not matter. */
	if (!link->forever || expires != NULL)
		lifetime = s3_lifetime_in_window(&call->storage->settings, expires,
										 PG_ARGISNULL(ARG_SIGNED_AT) ? NULL : &signed_at);
	if (is_public(call))
		link->url = s3_call_public_url(call);
	else
		link->url = s3_call_presign(call, &lifetime, &link->ends_at);
	return true;
}

static void
require_role(const S3Operation *operation, const char *command)
{
	if (operation->id == S3_COPY_OBJECT)
		s3_privileges_require_copy(command);
	else if (operation->read_only)
		s3_privileges_require_read(command);
	else
		s3_privileges_require_write(command);
}

/*
 * What everybody may read needs no signature, which would only keep caches
 * from working; but S3 takes parameters of the answer from signed requests
 * alone.
 */
static bool
is_public(const S3Call *call)
{
	return !call->storage->settings.bucket_auth &&
		(call->operation->id == S3_GET_OBJECT || call->operation->id == S3_HEAD_OBJECT) &&
		call->request.query.count == 0 && call->request.headers.count == 0;
}

/*
 * What the storage may not touch shall not be copied from there, either: the
 * source must be in one of its buckets, and below its key prefix.
 */
static void
check_copy_source(const S3Call *call)
{
	const char *source = s3_fields_find(&call->request.headers, S3_PARAM_COPY_SOURCE_HEADER);
	const char *prefix = call->storage->settings.key_prefix;
	StringInfoData wanted;
	size_t		bucket_len;

	if (source == NULL)
		return;
	source += source[0] == '/';
	bucket_len = strcspn(source, "/");
	s3_settings_require_bucket(call->storage, s3_slice(source, bucket_len));
	if (prefix[0] == '\0')
		return;
	initStringInfo(&wanted);
	appendStringInfoChar(&wanted, '/');
	s3_uri_encode_path(&wanted, s3_slice_cstring(prefix));
	if (wanted.data[wanted.len - 1] != '/')
		appendStringInfoChar(&wanted, '/');
	if (strncmp(source + bucket_len, wanted.data, wanted.len) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value of \"CopySource\""),
				 errdetail("With s3store.key_prefix set, the key of the source must begin with the prefix.")));
}
