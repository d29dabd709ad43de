/*-------------------------------------------------------------------------
 *
 * client.c
 *	  The corridor: one call of S3's API, from an URL to the answer.
 *
 *	  URL -> storage -> address -> credentials -> signature -> transfer
 *
 * Read-only is checked when a call is opened and again right before it is
 * sent; nothing else in the extension sends requests.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include <time.h>

#include "client.h"
#include "credentials.h"
#include "encoding.h"
#include "integrity.h"
#include "param_rules.h"
#include "response.h"
#include "signing.h"
#include "uri.h"

static bool open_location(S3Call *call, S3OperationId operation,
						  const char *command, text *url);
static void make_key(S3Call *call);
static void prevent_change(const S3Call *call, S3CallPurpose purpose);
static void set_target(S3Call *call, const S3Endpoint *endpoint);
static S3Signing make_signing(const S3Call *call, int64 time);
static bool check_integrity(const S3Call *call, const S3HttpResponse *response, S3Error *err);

bool
s3_call_open(S3Call *call, S3OperationId operation, const char *command,
			 S3CallPurpose purpose, text *url)
{
	if (!open_location(call, operation, command, url))
		return false;
	if (!call->operation->read_only)
		prevent_change(call, purpose);
	make_key(call);
	call->max_body = (uint64) call->storage->settings.max_object_size * 1024;
	set_target(call, purpose == S3_CALL_LINK ?
			   &call->storage->endpoint_presigning : &call->storage->endpoint);
	return true;
}

bool
s3_call_open_bucket(S3Call *call, S3OperationId operation, const char *command, text *url)
{
	if (!open_location(call, operation, command, url))
		return false;
	call->max_body = S3_LIST_PAGE_MAX;
	set_target(call, &call->storage->endpoint);
	return true;
}

bool
s3_call_perform(S3Call *call, S3HttpResponse *response, S3Error *err)
{
	const S3Settings *settings = &call->storage->settings;
	S3Signing	signing = make_signing(call, (int64) time(NULL));
	S3HttpRequest http = {0};
	StringInfoData url;

	if (!call->operation->read_only)
		prevent_change(call, S3_CALL_REQUEST);
	if (!s3_signing_sign(&call->request, &signing, err))
		return false;

	initStringInfo(&url);
	s3_request_url(&call->request, &url);
	http.method = call->request.method;
	http.url = url.data;
	http.headers = &call->request.headers;
	http.body = call->request.body;
	http.max_body = call->max_body;
	http.headroom = VARHDRSZ;
	http.connect_timeout = settings->connect_timeout;
	http.request_timeout = settings->request_timeout;
	http.total_timeout = call->timeout;
	http.proxy = settings->proxy;
	http.ca_file = settings->ca_file;
	http.verify_tls = settings->verify_tls;
	if (s3_http_perform(&http, response, err))
		return s3_response_check(response, err) && check_integrity(call, response, err);
	if (err->kind == S3_ERROR_TOO_LARGE && call->key.len > 0)
		s3_error_hint(err, "s3store.max_object_size sets the limit.");
	return false;
}

void
s3_call_add_prefix(S3Call *call)
{
	S3Fields   *query = &call->request.query;
	const char *given = s3_fields_find(query, S3_PARAM_PREFIX);

	if (given != NULL)
	{
		if (call->location.key.len > 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"Prefix\" is given twice"),
					 errdetail("It stands in the URL and in \"params\".")));
		call->location.key = s3_slice_cstring(given);
		resetStringInfo(&call->key);
		make_key(call);
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
	return call->storage->settings.signature_version == S3_SIGNATURE_UNSIGNED;
}

char *
s3_call_presign(S3Call *call, const S3Lifetime *lifetime, int64 *ends_at)
{
	S3Signing	signing = make_signing(call, lifetime->signed_at);
	StringInfoData url;
	S3Error		err;

	initStringInfo(&url);
	if (!s3_signing_presign(&call->request, &signing, lifetime->expires, &url, &err))
		s3_error_throw(&err);
	if (signing.credentials != NULL)
		*ends_at = s3_lifetime_end(lifetime, call->storage, signing.credentials);
	return url.data;
}

char *
s3_call_public_url(const S3Call *call)
{
	const S3Endpoint *endpoint = &call->storage->public_endpoint;
	StringInfoData url;
	StringInfoData key;
	S3Error		err;

	initStringInfo(&url);
	if (call->storage->settings.public_url[0] == '\0')
	{
		s3_request_url(&call->request, &url);
		return url.data;
	}
	/* The base leads to where the key prefix does. */
	initStringInfo(&key);
	if (!s3_location_object_key(&call->location, "", call->storage->settings.normalize_keys,
								&key, &err))
		s3_error_throw(&err);
	appendStringInfo(&url, "%s://%s%s/", endpoint->tls ? "https" : "http", endpoint->host,
					 endpoint->path);
	s3_uri_encode_path(&url, s3_slice(key.data, key.len));
	return url.data;
}

char *
s3_call_form_url(const S3Call *call)
{
	S3Address	address;
	S3Error		err;

	if (!s3_address_bucket(&call->storage->endpoint_presigning,
						   call->storage->settings.addressing_style,
						   call->location.bucket, &address, &err))
		s3_error_throw(&err);
	return psprintf("%s://%s%s", address.tls ? "https" : "http", address.host,
					address.path[0] == '\0' ? "/" : address.path);
}

void
s3_call_start_form(S3Call *call, const S3Lifetime *lifetime, S3Fields *fields)
{
	S3Signing	signing = make_signing(call, lifetime->signed_at);
	S3Error		err;

	if (!s3_signing_start_form(&signing, fields, &err))
		s3_error_throw(&err);
}

void
s3_call_sign_form(S3Call *call, const S3Lifetime *lifetime, const char *policy,
				  S3Fields *fields)
{
	S3Signing	signing = make_signing(call, lifetime->signed_at);
	S3Error		err;

	if (!s3_signing_sign_form(&signing, policy, fields, &err))
		s3_error_throw(&err);
	(void) s3_lifetime_end(lifetime, call->storage, signing.credentials);
}

void
s3_call_throw(const S3Call *call, const S3Error *err)
{
	if (call->key.len == 0)
		s3_error_throw_for_bucket(err, call->location.bucket);
	s3_error_throw_for_object(err, call->operation->verb, call->operation->preposition,
							  call->location.bucket,
							  s3_slice(call->key.data, call->key.len));
}

/* What both kinds of calls need: the storage and the bucket. */
static bool
open_location(S3Call *call, S3OperationId operation, const char *command, text *url)
{
	S3Slice		utf8 = s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url));
	S3Error		err;

	if (s3_location_is_none(utf8))
		return false;
	memset(call, 0, sizeof(*call));
	call->operation = s3_operation(operation);
	call->command = command;
	if (!s3_location_parse(utf8, &call->location, &err))
		s3_error_throw(&err);
	call->storage = s3_storage_find(call->location.scheme);
	s3_settings_require_bucket(call->storage, call->location.bucket);
	initStringInfo(&call->key);
	return true;
}

/* The key on the server of the object, or what the keys of a list begin with. */
static void
make_key(S3Call *call)
{
	const S3Settings *settings = &call->storage->settings;
	size_t		own_len;
	S3Error		err;
	bool		good;

	if (call->operation->on_bucket)
		good = s3_location_list_prefix(&call->location, settings->key_prefix,
									   settings->normalize_keys, &call->key, &own_len, &err);
	else
		good = s3_location_object_key(&call->location, settings->key_prefix,
									  settings->normalize_keys, &call->key, &err);
	if (!good)
		s3_error_throw(&err);
}

/* A link changes nothing now, so it may be made on a standby. */
static void
prevent_change(const S3Call *call, S3CallPurpose purpose)
{
	if (purpose == S3_CALL_LINK)
		s3_settings_prevent_if_protected(call->storage, call->command);
	else
		s3_settings_prevent_if_read_only(call->storage, call->command);
}

static void
set_target(S3Call *call, const S3Endpoint *endpoint)
{
	const S3Operation *operation = call->operation;
	S3Request  *request = &call->request;
	S3Address	address = {0};
	StringInfoData path;
	StringInfoData key;
	S3Error		err;

	if (!s3_address_bucket(endpoint, call->storage->settings.addressing_style,
						   call->location.bucket, &address, &err))
		s3_error_throw(&err);
	initStringInfo(&key);
	if (!operation->on_bucket)
		s3_uri_encode_path(&key, s3_slice(call->key.data, call->key.len));

	initStringInfo(&path);
	appendStringInfoString(&path, address.path);
	/* Version 2 signs the slash behind a bucket, wherever the bucket stands. */
	if (!operation->on_bucket || path.len == 0 ||
		call->storage->settings.signature_version == S3_SIGNATURE_S3)
		appendStringInfo(&path, "/%s", key.data);
	request->method = operation->method;
	request->tls = address.tls;
	request->host = address.host;
	request->path = path.data;
	request->resource = psprintf("/%.*s/%s", S3_SLICE_ARGS(call->location.bucket), key.data);
}

static S3Signing
make_signing(const S3Call *call, int64 time)
{
	S3Signing	signing;

	signing.version = call->storage->settings.signature_version;
	signing.credentials = s3_call_is_unsigned(call) ? NULL : s3_credentials_find(call->storage);
	signing.region = call->storage->signing_region;
	signing.time = time;
	return signing;
}

/* Is what was sent, or has come, what the server has?  Parts of objects are not. */
static bool
check_integrity(const S3Call *call, const S3HttpResponse *response, S3Error *err)
{
	S3Slice		sent = call->request.body;

	if ((call->operation->id == S3_PUT_OBJECT || call->operation->id == S3_UPLOAD_PART) &&
		sent.data != NULL)
		return s3_integrity_check(response, sent, S3_INTEGRITY_SENT, err);
	if (call->operation->id == S3_GET_OBJECT && response->status == 200)
		return s3_integrity_check(response, s3_slice(response->body, response->body_len),
								  S3_INTEGRITY_RECEIVED, err);
	return true;
}
