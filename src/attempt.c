/*-------------------------------------------------------------------------
 *
 * attempt.c
 *	  One attempt to perform a call: its request, and a look at the answer.
 *
 * Each attempt is signed anew, for the settings as they stand then; read-only
 * is checked again right before it is sent.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include <time.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "attempt.h"
#include "digest.h"
#include "integrity.h"
#include "response.h"
#include "servers.h"
#include "signing.h"

#define HASH_CHUNK			(1024 * 1024)	/* between two looks for
											 * interrupts */

static void free_digest(void *arg);
static void copy_fields(S3Fields *to, const S3Fields *from);
static void fill_request(S3Attempt *attempt);
static bool check_integrity(const S3Call *call, const S3HttpResponse *response, S3Error *err);

/*
 * A large body takes a while to hash.  So that it is done once, and can be
 * cancelled, it does not wait for the signature.
 */
void
s3_attempt_hash_body(S3Call *call)
{
	S3Slice		body = call->request.body;
	MemoryContextCallback *release;
	S3Digest   *digest;
	char	   *hash;
	S3Error		err;

	if (body.len <= HASH_CHUNK || call->request.payload_hash != NULL ||
		call->storage->settings.signature_version != S3_SIGNATURE_S3V4)
		return;
	release = palloc0(sizeof(MemoryContextCallback));
	hash = palloc(S3_SHA256_HEX);
	digest = s3_digest_sha256(&err);
	if (digest == NULL)
		s3_error_throw(&err);
	release->func = free_digest;
	release->arg = digest;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, release);
	for (size_t at = 0; at < body.len; at += HASH_CHUNK)
	{
		CHECK_FOR_INTERRUPTS();
		s3_digest_add(digest, body.data + at, Min(HASH_CHUNK, body.len - at));
	}
	if (!s3_digest_hex(digest, hash, &err))
		s3_error_throw(&err);
	call->request.payload_hash = hash;
}

static void
free_digest(void *arg)
{
	s3_digest_free(arg);
}

bool
s3_attempt_prepare(S3Attempt *attempt)
{
	S3Call	   *call = attempt->finished.call;
	S3Error    *err = &attempt->finished.err;
	int64		now = (int64) time(NULL);
	S3Signing	signing;

	if (!s3_attempt_follow_settings(attempt, err))
		return false;
	s3_call_prevent_change(call);
	copy_fields(&call->request.headers, &attempt->headers);
	now += s3_server_find(call->storage->endpoint.host)->clock_offset;
	signing = s3_call_signing(call, now);
	if (!s3_signing_sign(&call->request, &signing, err))
		return false;
	fill_request(attempt);
	return true;
}

/*
 * SQL may have run since the call was opened, and changed settings: then the
 * storage is found again.  If that has moved to another server, the call is
 * not sent there with a path that was made for this one.
 */
bool
s3_attempt_follow_settings(S3Attempt *attempt, S3Error *err)
{
	S3Call	   *call = attempt->finished.call;
	const S3Storage *storage;

	if (call->generation == s3_settings_generation())
		return true;
	storage = s3_storage_try_find(call->location.scheme, err);
	if (storage == NULL)
		return false;
	if (strcmp(storage->endpoint.host, call->endpoint_host) != 0 ||
		storage->endpoint.tls != call->request.tls)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"the settings of storage \"%s\" have changed meanwhile",
							storage->scheme);
	call->storage = storage;
	call->generation = s3_settings_generation();
	return true;
}

/* In memory of the attempt's, whatever the signer adds. */
static void
copy_fields(S3Fields *to, const S3Fields *from)
{
	memset(to, 0, sizeof(*to));
	for (int i = 0; i < from->count; i++)
		s3_fields_add(to, from->items[i].name, from->items[i].value);
}

/* The strings of settings are copied: the transfer may outlive those. */
static void
fill_request(S3Attempt *attempt)
{
	const S3Call *call = attempt->finished.call;
	const S3Settings *settings = &call->storage->settings;
	S3HttpRequest *http = &attempt->http;
	StringInfoData url;

	initStringInfo(&url);
	s3_request_url(&call->request, &url);
	memset(http, 0, sizeof(*http));
	http->method = call->request.method;
	http->url = url.data;
	http->headers = &call->request.headers;
	http->body = call->request.body;
	http->max_body = call->max_body;
	http->headroom = VARHDRSZ;
	http->connect_timeout = settings->connect_timeout;
	http->request_timeout = settings->request_timeout;
	if (attempt->deadline > 0)
		http->total_timeout = (int) Max(attempt->deadline - s3_http_now(), 1);
	http->proxy = *settings->proxy == '\0' ? NULL : pstrdup(settings->proxy);
	http->ca_file = *settings->ca_file == '\0' ? NULL : pstrdup(settings->ca_file);
	http->verify_tls = settings->verify_tls;
}

bool
s3_attempt_check_answer(S3Attempt *attempt)
{
	const S3Call *call = attempt->finished.call;
	const S3HttpResponse *response = &attempt->finished.response;
	S3Error    *err = &attempt->finished.err;

	return s3_response_check(response, err) &&
		(!call->operation->fails_late || s3_response_check_late(response, err)) &&
		check_integrity(call, response, err);
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
