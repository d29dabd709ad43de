/*-------------------------------------------------------------------------
 *
 * call.c
 *	  One call of S3's API: from a URL to a request, and how its failure is
 *	  reported.
 *
 *	  URL -> endpoint -> address -> credentials -> signature
 *
 * Read-only is checked when a call is opened, and by attempt.c right before it
 * is sent.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "base/uri.h"
#include "client/call.h"
#include "client/server_facts.h"
#include "client/signing_key.h"
#include "credentials/credentials.h"
#include "s3/param_rules.h"
#include "s3/signing.h"
#include "settings/guards.h"

static int	time_limit = 0;		/* ms for a whole call; 0: none */

static S3CallOpened open_call(S3Call *call, S3OperationId operation, const char *command,
							  S3CallPurpose purpose, text *url, S3Error *err);
static S3CallOpened open_location(S3Call *call, S3OperationId operation,
								  const char *command, text *url, S3Error *err);
static bool make_key(S3Call *call, S3Error *err);
static bool set_server(S3Call *call, S3Error *err);
static bool set_target(S3Call *call, const S3EndpointUrl *base, S3Error *err);

bool
s3_call_open(S3Call *call, S3OperationId operation, const char *command,
			 S3CallPurpose purpose, text *url)
{
	S3Error		err;
	S3CallOpened opened = open_call(call, operation, command, purpose, url, &err);

	if (opened == S3_CALL_FAILED)
		s3_error_throw(&err);
	return opened == S3_CALL_OPENED;
}

S3CallOpened
s3_call_try_open(S3Call *call, S3OperationId operation, const char *command, text *url,
				 S3Error *err)
{
	return open_call(call, operation, command, S3_CALL_REQUEST, url, err);
}

bool
s3_call_open_bucket(S3Call *call, S3OperationId operation, const char *command, text *url)
{
	S3Error		err;
	S3CallOpened opened = open_location(call, operation, command, url, &err);

	if (opened == S3_CALL_NO_FILE)
		return false;
	call->max_body = S3_LIST_PAGE_MAX;
	if (opened == S3_CALL_FAILED || !set_server(call, &err))
		s3_error_throw(&err);
	return true;
}

int
s3_call_limit_time(int timeout)
{
	int			before = time_limit;

	time_limit = timeout;
	return before;
}

void
s3_call_prevent_change(const S3Call *call)
{
	if (!call->operation->read_only)
		s3_settings_prevent_if_read_only(call->endpoint, call->command);
}

S3Signing
s3_call_signing(const S3Call *call, int64 time)
{
	S3Signing	signing;

	signing.version = call->endpoint->settings.signature_version;
	signing.credentials = s3_call_is_unsigned(call) ? NULL : s3_credentials_find(call->endpoint);
	signing.region = call->region;
	signing.time = time;
	signing.key = s3_signing_key_find(&signing, NULL);
	return signing;
}

/* The string is copied. */
bool
s3_call_use_region(S3Call *call, const char *region, S3Error *err)
{
	S3EndpointUrl base;

	if (!s3_endpoint_base_in(call->endpoint, region, &base, err) ||
		!set_target(call, &base, err))
		return false;
	call->region = pstrdup(region);
	return true;
}

void
s3_call_add_prefix(S3Call *call)
{
	S3Fields   *query = &call->request.query;
	const char *given = s3_fields_find(query, S3_PARAM_PREFIX);
	S3Error		err;

	if (given != NULL)
	{
		if (call->location.key.len > 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"Prefix\" is given twice"),
					 errdetail("It stands in the URL and in \"params\".")));
		call->location.key = s3_slice_cstring(given);
		resetStringInfo(&call->key);
		if (!make_key(call, &err))
			s3_error_throw(&err);
	}
	if (given == NULL && call->key.len > 0)
		s3_fields_add(query, S3_PARAM_PREFIX, call->key.data);
	for (int i = 0; i < query->count; i++)
	{
		if (strcmp(query->items[i].name, S3_PARAM_PREFIX) == 0)
			query->items[i].value = call->key.data;
	}
}

bool
s3_call_is_unsigned(const S3Call *call)
{
	return call->endpoint->settings.signature_version == S3_SIGNATURE_UNSIGNED;
}

char *
s3_call_error_message(const S3Call *call, const S3Error *err)
{
	if (call == NULL || call->operation == NULL)
		return pstrdup(s3_error_message(err));
	if (call->key.len == 0)
		return s3_error_message_for_bucket(err, call->location.bucket);
	return s3_error_message_for_object(err, call->operation->verb,
									   call->operation->preposition,
									   call->location.bucket,
									   s3_slice(call->key.data, call->key.len));
}

void
s3_call_throw(const S3Call *call, const S3Error *err)
{
	if (call == NULL)
		s3_error_throw(err);
	if (call->key.len == 0)
		s3_error_throw_for_bucket(err, call->location.bucket);
	s3_error_throw_for_object(err, call->operation->verb, call->operation->preposition,
							  call->location.bucket,
							  s3_slice(call->key.data, call->key.len));
}

static S3CallOpened
open_call(S3Call *call, S3OperationId operation, const char *command,
		  S3CallPurpose purpose, text *url, S3Error *err)
{
	S3CallOpened opened = open_location(call, operation, command, url, err);

	if (opened != S3_CALL_OPENED)
		return opened;
	/* Making a link changes nothing, so a standby may do it. */
	if (purpose == S3_CALL_REQUEST)
		s3_call_prevent_change(call);
	else if (!call->operation->read_only)
		s3_settings_prevent_if_protected(call->endpoint, call->command);
	if (!make_key(call, err))
		return S3_CALL_FAILED;
	if (operation == S3_GET_OBJECT)
		call->max_body = (uint64) call->endpoint->settings.max_object_size * 1024;
	else
		call->max_body = call->operation->on_bucket ? S3_LIST_PAGE_MAX : S3_DOCUMENT_MAX;
	if (purpose == S3_CALL_LINK)
		call->request.path_prefix = call->endpoint->settings.presigning_path_prefix;
	if (!(purpose == S3_CALL_REQUEST ? set_server(call, err) :
		  set_target(call, &call->endpoint->presigning_base, err)))
		return S3_CALL_FAILED;
	return S3_CALL_OPENED;
}

/* What both kinds of calls need: the endpoint and the bucket. */
static S3CallOpened
open_location(S3Call *call, S3OperationId operation, const char *command, text *url,
			  S3Error *err)
{
	S3Slice		utf8 = s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url));

	if (s3_location_is_none(utf8))
		return S3_CALL_NO_FILE;
	memset(call, 0, sizeof(*call));
	call->operation = s3_operation(operation);
	call->command = command;
	call->timeout = time_limit;
	initStringInfo(&call->key);
	if (!s3_location_parse(utf8, &call->location, err) ||
		(call->endpoint = s3_endpoint_try_find(call->location.scheme, err)) == NULL ||
		!s3_settings_check_bucket(call->endpoint, call->location.bucket, err))
		return S3_CALL_FAILED;
	call->generation = s3_settings_generation();
	call->endpoint_host = pstrdup(call->endpoint->base.host);
	call->region = pstrdup(call->endpoint->signing_region);
	call->signature_version = call->endpoint->settings.signature_version;
	return S3_CALL_OPENED;
}

/* The key on the server of the object, or what the keys of a list begin with. */
static bool
make_key(S3Call *call, S3Error *err)
{
	const S3Settings *settings = &call->endpoint->settings;
	size_t		own_len;

	if (call->operation->on_bucket)
		return s3_location_list_prefix(&call->location, settings->key_prefix,
									   settings->normalize_keys, &call->key, &own_len, err);
	return s3_location_object_key(&call->location, settings->key_prefix,
								  settings->normalize_keys, &call->key, err);
}

/* For a request that is sent from here: the bucket may have another region. */
static bool
set_server(S3Call *call, S3Error *err)
{
	const char *region = s3_server_facts_bucket_region(call->endpoint_host, call->location.bucket);

	if (region != NULL)
		return s3_call_use_region(call, region, err);
	return set_target(call, &call->endpoint->base, err);
}

static bool
set_target(S3Call *call, const S3EndpointUrl *base, S3Error *err)
{
	const S3Operation *operation = call->operation;
	S3Request  *request = &call->request;
	S3Address	address = {0};
	StringInfoData path;
	StringInfoData key;

	if (!s3_address_bucket(base, call->endpoint->settings.addressing_style,
						   call->location.bucket, &address, err))
		return false;
	initStringInfo(&key);
	if (!operation->on_bucket)
		s3_uri_encode_path(&key, s3_slice(call->key.data, call->key.len));

	initStringInfo(&path);
	appendStringInfoString(&path, address.path);
	/* Version 2 signs the slash behind a bucket, wherever the bucket stands. */
	if (!operation->on_bucket || path.len == 0 ||
		call->signature_version == S3_SIGNATURE_S3)
	{
		appendStringInfoChar(&path, '/');
		appendBinaryStringInfo(&path, key.data, key.len);
	}
	request->method = operation->method;
	request->tls = address.tls;
	request->host = address.host;
	request->path = path.data;
	if (call->signature_version == S3_SIGNATURE_S3)
		request->resource = psprintf("/%.*s/%s", S3_SLICE_ARGS(call->location.bucket), key.data);
	return true;
}
