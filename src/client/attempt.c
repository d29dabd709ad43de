/*-------------------------------------------------------------------------
 *
 * attempt.c
 *	  One attempt to perform a call: its request, the check of its answer, and
 *	  whether another attempt follows.
 *
 * Each attempt is signed anew, with the settings of that moment; read-only is
 * checked again right before it is sent.  Whether there is another one depends
 * on what retry.c says of the failure, on the number of attempts that the
 * settings allow, on the call's deadline, and on the server's budget for
 * retries.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <time.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "backend/body_hash.h"
#include "backend/error_report.h"
#include "base/random.h"
#include "client/attempt.h"
#include "client/server_facts.h"
#include "credentials/customer_key.h"
#include "s3/param_rules.h"
#include "s3/response.h"
#include "s3/signing.h"

#define HTTP_FORBIDDEN		403
#define SKEW_MIN			(15 * SECS_PER_MINUTE)	/* of clocks that S3
													 * refuses */
#define CLOCK_OFFSET_MAX	SECS_PER_DAY	/* a larger one is not believed */

static bool follow_settings(S3Attempt *attempt, S3Error *err);
static void copy_fields(S3Fields *to, const S3Fields *from);
static void accept_stored_form(S3Attempt *attempt);
static void fill_request(S3Attempt *attempt);
static bool reads_object(const S3Call *call);
static bool is_transcoded(const S3Attempt *attempt);
static bool has_content(const S3Call *call, const S3HttpResponse *response);
static void watch_content(const S3HttpResponse *so_far, void *arg);
static bool check_content(S3Attempt *attempt, S3Slice content, S3IntegrityDirection direction);
static void add_content(S3Attempt *attempt, const S3HttpResponse *response, S3Slice content);
static void start_integrity(S3Attempt *attempt, const S3HttpResponse *response);
static void free_integrity(void *arg);
static bool learn_clock(S3Attempt *attempt);
static bool learn_skew(S3Attempt *attempt);
static bool ask_for_reason(S3Attempt *attempt);
static bool learn_region(S3Attempt *attempt);
static bool learn_transcoding(S3Attempt *attempt);
static bool take_tokens(S3Attempt *attempt, S3RetryReason reason);
static void forget_answer(S3HttpResponse *response);

/*
 * A large body takes a while to hash.  So that it is done once, and can be
 * cancelled, it does not wait for the signature.
 */
void
s3_attempt_hash_body(S3Call *call)
{
	S3Slice		body = call->request.body;
	S3Error		err;

	if (body.len <= S3_BODY_HASH_STEP || call->request.payload_hash != NULL ||
		call->endpoint->settings.signature_version != S3_SIGNATURE_S3V4)
		return;
	call->request.payload_hash = s3_body_hash(s3_digest_sha256(&err), body, &err);
	if (call->request.payload_hash == NULL)
		s3_error_throw(&err);
}

bool
s3_attempt_prepare(S3Attempt *attempt)
{
	S3Call	   *call = attempt->finished.call;
	S3Error    *err = &attempt->finished.err;
	int64		now = (int64) time(NULL);
	S3Signing	signing;

	if (!follow_settings(attempt, err))
		return false;
	s3_call_prevent_change(call);
	copy_fields(&call->request.headers, &attempt->headers);
	call->request.method = attempt->explains ? "GET" : call->operation->method;
	if (attempt->explains)
		s3_fields_set(&call->request.headers, "range", "bytes=0-0");
	if (s3_param_is_of(S3_PARAM_SSE_KEY_NAME, call->operation->id) &&
		!s3_customer_key_add(call->endpoint, S3_CUSTOMER_KEY_OF_OBJECT,
							 &call->request.headers, err))
		return false;
	now += s3_server_facts_find(call->endpoint->base.host)->clock_offset;
	attempt->signed_at = now;
	signing = s3_call_signing(call, now);
	if (!s3_signing_sign(&call->request, &signing, err) ||
		!s3_check_headers(&call->request.headers, err))
		return false;
	accept_stored_form(attempt);
	fill_request(attempt);
	return true;
}

bool
s3_attempt_check_answer(S3Attempt *attempt)
{
	const S3Call *call = attempt->finished.call;
	const S3HttpResponse *response = &attempt->finished.response;
	S3Error    *err = &attempt->finished.err;
	S3Slice		sent = call->request.body;

	if (!s3_response_check(response, err) ||
		(call->operation->fails_late && !s3_response_check_late(response, err)))
		return false;
	attempt->was_transcoded = is_transcoded(attempt);
	if (attempt->was_transcoded)
		return s3_error_set(err, S3_ERROR_PROTOCOL, "the server did not send the object in the form in which it is stored");
	if ((call->operation->id == S3_PUT_OBJECT || call->operation->id == S3_UPLOAD_PART) &&
		sent.data != NULL)
		return check_content(attempt, sent, S3_INTEGRITY_SENT);
	if (has_content(call, response))
		return check_content(attempt, s3_slice(response->body, response->body_len),
							 S3_INTEGRITY_RECEIVED);
	return true;
}

bool
s3_attempt_again(S3Attempt *attempt, S3RetryReason reason)
{
	S3Finished *finished = &attempt->finished;
	bool		at_once = learn_transcoding(attempt) || learn_skew(attempt) ||
		ask_for_reason(attempt) ||
		(reason == S3_RETRY_CLOCK && learn_clock(attempt)) ||
		(reason == S3_RETRY_REGION && learn_region(attempt));
	int64		due = s3_http_now();

	if (!at_once)
	{
		if (reason == S3_RETRY_NEVER || reason == S3_RETRY_CLOCK || reason == S3_RETRY_REGION ||
			attempt->attempts >= attempt->attempts_max)
			return false;
		due += s3_retry_delay(attempt->attempts, s3_random_fraction(),
							  finished->response.status == 0 ? NULL :
							  s3_response_header(&finished->response, "retry-after"));
	}
	if (attempt->deadline > 0 && due >= attempt->deadline)
		return false;
	if (!at_once && !take_tokens(attempt, reason))
		return false;

	/*
	 * The server may have carried out the request although it, or a proxy,
	 * answered with a failure.
	 */
	if (reason == S3_RETRY_FAILED)
		attempt->lost = attempt->attempts;
	forget_answer(&finished->response);
	attempt->due = due;
	return true;
}

/*
 * The answer to the GET says what the one to the HEAD would, if that had a body.
 * Where access was denied, the bucket is not asked again: there may be many such
 * objects in it.
 */
bool
s3_attempt_take_reason(S3Attempt *attempt, bool come)
{
	S3Finished *finished = &attempt->finished;
	const S3Call *call = finished->call;
	S3RetryReason reason;
	S3Error		told;

	if (!come || s3_response_check(&finished->response, &told))
		told.code[0] = '\0';
	finished->err = attempt->unexplained;
	s3_response_tell_reason(&finished->err, &told);
	attempt->explains = false;
	attempt->explained = true;
	reason = s3_retry_reason(&finished->err, true);
	if (come && finished->err.kind == S3_ERROR_DENIED && reason != S3_RETRY_CLOCK &&
		reason != S3_RETRY_REGION)
		s3_server_facts_learn_denial(call->endpoint_host, call->location.bucket,
									 call->generation);
	return false;
}

void
s3_attempt_return_tokens(const S3Attempt *attempt)
{
	S3ServerFacts *server = s3_server_facts_find(attempt->finished.call->endpoint_host);

	server->retry_tokens = Min(server->retry_tokens + Max(attempt->tokens, 1),
							   S3_RETRY_TOKENS_MAX);
}

/*
 * Finds the endpoint of the call again, where SQL has changed settings since it
 * was opened.  If the endpoint has another server or signature version by now,
 * the call fails, since its path was made for the old one.
 */
static bool
follow_settings(S3Attempt *attempt, S3Error *err)
{
	S3Call	   *call = attempt->finished.call;
	const S3Endpoint *endpoint;

	if (call->generation == s3_settings_generation())
		return true;
	endpoint = s3_endpoint_try_find(call->location.scheme, err);
	if (endpoint == NULL)
		return false;
	if (strcmp(endpoint->base.host, call->endpoint_host) != 0 ||
		endpoint->base.tls != call->request.tls ||
		endpoint->settings.signature_version != call->signature_version)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"the settings of endpoint \"%s\" have changed meanwhile",
							endpoint->scheme);
	call->endpoint = endpoint;
	call->generation = s3_settings_generation();
	return true;
}

/* Into memory of the attempt, as all that the signer adds. */
static void
copy_fields(S3Fields *to, const S3Fields *from)
{
	memset(to, 0, sizeof(*to));
	for (int i = 0; i < from->count; i++)
		s3_fields_add(to, from->items[i].name, from->items[i].value);
}

/*
 * A store that decompresses tells neither the length nor the ETag of what it
 * sends then.  This header is not signed: proxies on the way, such as those of
 * Google, change it.
 */
static void
accept_stored_form(S3Attempt *attempt)
{
	S3Call	   *call = attempt->finished.call;

	attempt->accepts_gzip = reads_object(call) &&
		s3_server_facts_find(call->endpoint_host)->transcodes;
	if (attempt->accepts_gzip)
		s3_fields_add(&call->request.headers, "accept-encoding", "gzip");
}

/* What is used of the settings is copied: the transfer may outlive them. */
static void
fill_request(S3Attempt *attempt)
{
	const S3Call *call = attempt->finished.call;
	const S3Settings *settings = &call->endpoint->settings;
	S3HttpRequest *http = &attempt->http;
	StringInfoData url;

	initStringInfo(&url);
	s3_request_url(&call->request, &url);
	memset(http, 0, sizeof(*http));
	http->method = call->request.method;
	http->url = url.data;
	http->headers = &call->request.headers;
	http->body = call->request.body;
	http->max_body = attempt->explains ? S3_DOCUMENT_MAX : call->max_body;
	http->headroom = VARHDRSZ;
	http->watch = watch_content;
	http->watch_arg = attempt;
	http->connect_timeout = settings->connect_timeout;
	http->request_timeout = settings->request_timeout;
	http->answers_early = call->operation->fails_late;
	http->once = call->operation->once || attempt->afresh;
	if (attempt->deadline > 0)
		http->total_timeout = (int) Max(attempt->deadline - s3_http_now(), 1);
	http->proxy = *settings->proxy == '\0' ? NULL : pstrdup(settings->proxy);
	http->ca_file = *settings->ca_file == '\0' ? NULL : pstrdup(settings->ca_file);
	http->verify_tls = settings->verify_tls;
	attempt->verify_etag = settings->verify_etag;
}

static bool
reads_object(const S3Call *call)
{
	return call->operation->id == S3_GET_OBJECT || call->operation->id == S3_HEAD_OBJECT;
}

/*
 * Is the answer about another form of the object than the one that is stored?
 * Google says so.  Of others, a HEAD without a length is taken for that: what is
 * stored has one.
 */
static bool
is_transcoded(const S3Attempt *attempt)
{
	const S3Call *call = attempt->finished.call;
	const S3HttpResponse *response = &attempt->finished.response;
	const char *stored;

	if (!reads_object(call) || attempt->accepts_gzip || response->status != 200)
		return false;
	stored = s3_response_header(response, "x-goog-stored-content-encoding");
	if (stored != NULL)
		return pg_strcasecmp(stored, "gzip") == 0 &&
			s3_response_header(response, "content-encoding") == NULL;
	return call->operation->id == S3_HEAD_OBJECT &&
		s3_response_header(response, "content-length") == NULL;
}

/* Is it a whole object?  A range of one is not. */
static bool
has_content(const S3Call *call, const S3HttpResponse *response)
{
	return call->operation->id == S3_GET_OBJECT && response->status == 200;
}

/* Checks a large content while the rest of it is under way. */
static void
watch_content(const S3HttpResponse *so_far, void *arg)
{
	S3Attempt  *attempt = arg;

	if (has_content(attempt->finished.call, so_far))
		add_content(attempt, so_far, s3_slice(so_far->body, so_far->body_len));
}

/* Is what was sent, or has come, what the server has? */
static bool
check_content(S3Attempt *attempt, S3Slice content, S3IntegrityDirection direction)
{
	add_content(attempt, &attempt->finished.response, content);
	return s3_integrity_end(attempt->integrity, direction, &attempt->finished.err);
}

/* Adds what has come since the last call.  Throws when the query is cancelled. */
static void
add_content(S3Attempt *attempt, const S3HttpResponse *response, S3Slice content)
{
	if (attempt->integrity == NULL)
		start_integrity(attempt, response);
	while (attempt->checked < content.len)
	{
		size_t		len = Min(S3_BODY_HASH_STEP, content.len - attempt->checked);

		CHECK_FOR_INTERRUPTS();
		s3_integrity_add(attempt->integrity, s3_slice(content.data + attempt->checked, len));
		attempt->checked += len;
	}
}

static void
start_integrity(S3Attempt *attempt, const S3HttpResponse *response)
{
	MemoryContext old_context = MemoryContextSwitchTo(attempt->context);

	attempt->release.func = free_integrity;
	attempt->release.arg = attempt;
	MemoryContextRegisterResetCallback(attempt->context, &attempt->release);
	attempt->integrity = s3_integrity_start(response, attempt->verify_etag,
											attempt->finished.call->request.md5);
	MemoryContextSwitchTo(old_context);
}

static void
free_integrity(void *arg)
{
	S3Attempt  *attempt = arg;

	s3_integrity_free(attempt->integrity);
	attempt->integrity = NULL;
	attempt->checked = 0;
}

/*
 * Signs for the server's clock from now on.  An offset that did not help, and
 * one that no clock would have, is not believed.
 */
static bool
learn_clock(S3Attempt *attempt)
{
	S3Finished *finished = &attempt->finished;
	int64		there;
	int64		offset;

	if (attempt->clock_tried || !s3_response_date(&finished->response, &there))
		return false;
	attempt->clock_tried = true;
	offset = there - (int64) time(NULL);
	if (offset > CLOCK_OFFSET_MAX || offset < -CLOCK_OFFSET_MAX)
		return false;
	s3_server_facts_find(finished->call->endpoint_host)->clock_offset = offset;
	return true;
}

/*
 * The answer to a HEAD does not say that the clocks differ, but it may have a
 * Date.
 */
static bool
learn_skew(S3Attempt *attempt)
{
	S3Finished *finished = &attempt->finished;
	const S3Call *call = finished->call;
	int64		there;

	if (call->operation->id != S3_HEAD_OBJECT || finished->err.http_status != HTTP_FORBIDDEN ||
		finished->err.code[0] != '\0' || s3_call_is_unsigned(call) ||
		!s3_response_date(&finished->response, &there))
		return false;
	/* Another answer may have set the clock since then. */
	if (there < attempt->signed_at + SKEW_MIN && there > attempt->signed_at - SKEW_MIN)
		return false;
	s3_response_tell_skew(&finished->err);
	attempt->explained = !learn_clock(attempt);
	return !attempt->explained;
}

/* The same request as a GET of no more than a byte. */
static bool
ask_for_reason(S3Attempt *attempt)
{
	const S3Call *call = attempt->finished.call;
	bool		denied = attempt->finished.err.kind == S3_ERROR_DENIED;

	if (call->explains == S3_EXPLAINS_NOTHING || call->operation->id != S3_HEAD_OBJECT ||
		attempt->explained ||
		!s3_response_hides_reason(&attempt->finished.err) ||
		(denied && (call->explains != S3_EXPLAINS_ALL ||
					s3_server_facts_knows_denial(call->endpoint_host, call->location.bucket,
												 call->generation))))
		return false;
	attempt->unexplained = attempt->finished.err;
	attempt->explains = true;
	return true;
}

/* Once a call, so that no servers can redirect it in a circle. */
static bool
learn_region(S3Attempt *attempt)
{
	S3Call	   *call = attempt->finished.call;
	const char *region = attempt->finished.err.region;
	S3Error		err;

	if (attempt->region_tried || strcmp(region, call->region) == 0)
		return false;
	attempt->region_tried = true;
	if (!follow_settings(attempt, &err))
		return false;
	s3_server_facts_learn_bucket_region(call->endpoint_host, call->location.bucket, region);
	return s3_call_use_region(call, region, &err);
}

/* From now on, the stored form is asked for. */
static bool
learn_transcoding(S3Attempt *attempt)
{
	if (!attempt->was_transcoded)
		return false;
	attempt->was_transcoded = false;	/* the next failure has another cause */
	/* A HEAD without a length may have left a body in its connection. */
	attempt->afresh = true;
	s3_server_facts_find(attempt->finished.call->endpoint_host)->transcodes = true;
	return true;
}

static bool
take_tokens(S3Attempt *attempt, S3RetryReason reason)
{
	S3ServerFacts *server = s3_server_facts_find(attempt->finished.call->endpoint_host);
	int			cost = s3_retry_cost(reason);

	if (server->retry_tokens < cost)
		return false;
	server->retry_tokens -= cost;
	attempt->tokens = cost;
	return true;
}

/* Frees it, so that the answers of many attempts do not add up. */
static void
forget_answer(S3HttpResponse *response)
{
	if (response->headers != NULL)
		pfree(response->headers);
	if (response->body != NULL)
		pfree(response->body - VARHDRSZ);
	memset(response, 0, sizeof(*response));
}
