/*-------------------------------------------------------------------------
 *
 * pipeline.c
 *	  Calls of S3's API under way together, each sent again where that helps.
 *
 *	  start -> [sign -> transfer -> answer -> again?] -> finished
 *
 * Retries live only here.  Each attempt is signed anew, for the settings as
 * they stand then; read-only is checked again right before it is sent.  Nothing
 * else in the extension sends requests to S3.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include <time.h>

#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "digest.h"
#include "integrity.h"
#include "pipeline.h"
#include "response.h"
#include "retry.h"
#include "servers.h"
#include "signing.h"

#define CLOCK_OFFSET_MAX	SECS_PER_DAY	/* a server's clock, to be
											 * believed */
#define HASH_CHUNK			(1024 * 1024)	/* between two looks for
											 * interrupts */

typedef struct Attempt
{
	dlist_node	node;
	S3Finished	finished;
	MemoryContext result_context;
	MemoryContext context;		/* of what one attempt needs */
	S3Fields	headers;		/* as they were before the signature */
	S3HttpRequest http;
	int			attempts;		/* sent so far */
	int			attempts_max;
	int64		due;			/* s3_http_now(); when to send it */
	int64		deadline;		/* likewise; 0: none */
	int			tokens;			/* taken from the server's budget */
	bool		lost;			/* an answer was: the server may have served
								 * it */
	bool		clock_tried;
	bool		region_tried;
} Attempt;

struct S3Pipeline
{
	MemoryContext context;
	S3HttpGroup *group;
	int			connections;
	double		limit;			/* of transfers at a time, for now */
	int			count;			/* calls under way, those that wait included */
	int			running;		/* transfers */
	dlist_head	waiting;		/* for their time, or for a connection */
	dlist_head	ended;
	dlist_head	spare;			/* structs to use again */
};

static Attempt *new_attempt(S3Pipeline *pipeline, S3Call *call, void *tag);
static void hash_body(S3Call *call);
static void free_digest(void *arg);
static void send_waiting(S3Pipeline *pipeline);
static int64 next_due(S3Pipeline *pipeline);
static void send_attempt(S3Pipeline *pipeline, Attempt *attempt);
static bool prepare_attempt(Attempt *attempt);
static bool follow_settings(Attempt *attempt, S3Error *err);
static void copy_fields(S3Fields *to, const S3Fields *from);
static void fill_request(Attempt *attempt);
static void settle(S3Pipeline *pipeline, S3HttpTransfer *transfer);
static bool check_answer(Attempt *attempt);
static bool check_integrity(const S3Call *call, const S3HttpResponse *response, S3Error *err);
static void note_success(S3Pipeline *pipeline, Attempt *attempt);
static bool send_again(S3Pipeline *pipeline, Attempt *attempt);
static bool learn_clock(Attempt *attempt);
static bool learn_region(Attempt *attempt);
static double random_fraction(void);
static bool take_tokens(Attempt *attempt, S3RetryReason reason);
static void forget_answer(S3HttpResponse *response);
static void end_attempt(S3Pipeline *pipeline, Attempt *attempt);

#define attempt_of(pointer)	dlist_container(Attempt, node, pointer)

S3Pipeline *
s3_pipeline_create(int connections)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store pipeline",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	S3Pipeline *pipeline = palloc0(sizeof(S3Pipeline));

	pipeline->context = context;
	pipeline->group = s3_http_group_create();
	pipeline->connections = connections;
	pipeline->limit = connections;
	dlist_init(&pipeline->waiting);
	dlist_init(&pipeline->ended);
	dlist_init(&pipeline->spare);
	s3_http_keep_connections(connections);
	MemoryContextSwitchTo(old_context);
	return pipeline;
}

void
s3_pipeline_free(S3Pipeline *pipeline)
{
	MemoryContextDelete(pipeline->context);
}

bool
s3_pipeline_has_room(const S3Pipeline *pipeline)
{
	return pipeline->count < pipeline->connections;
}

void
s3_pipeline_start(S3Pipeline *pipeline, S3Call *call, void *tag)
{
	hash_body(call);
	dlist_push_tail(&pipeline->waiting, &new_attempt(pipeline, call, tag)->node);
	pipeline->count++;
	send_waiting(pipeline);
}

bool
s3_pipeline_next(S3Pipeline *pipeline, S3Finished *finished)
{
	return s3_pipeline_next_until(pipeline, finished, -1);
}

bool
s3_pipeline_next_until(S3Pipeline *pipeline, S3Finished *finished, int64 deadline)
{
	Attempt    *attempt;

	while (dlist_is_empty(&pipeline->ended))
	{
		S3HttpTransfer *transfer;
		int64		due;

		if (pipeline->count == 0)
			return false;
		send_waiting(pipeline);
		if (!dlist_is_empty(&pipeline->ended))
			break;
		if (deadline >= 0 && s3_http_now() >= deadline)
			return false;
		due = next_due(pipeline);
		if (deadline >= 0 && (due < 0 || due > deadline))
			due = deadline;
		transfer = s3_http_wait_for_any(pipeline->group, due);
		if (transfer != NULL)
			settle(pipeline, transfer);
	}
	attempt = attempt_of(dlist_pop_head_node(&pipeline->ended));
	*finished = attempt->finished;
	MemoryContextReset(attempt->context);
	dlist_push_head(&pipeline->spare, &attempt->node);
	pipeline->count--;
	return true;
}

bool
s3_call_perform(S3Call *call, S3HttpResponse *response, S3Error *err)
{
	S3Pipeline *pipeline = s3_pipeline_create(1);
	S3Finished *finished = MemoryContextAlloc(pipeline->context, sizeof(S3Finished));
	bool		ok;

	s3_pipeline_start(pipeline, call, NULL);
	(void) s3_pipeline_next(pipeline, finished);
	*response = finished->response;
	ok = finished->ok;
	if (!ok)
		*err = finished->err;
	s3_pipeline_free(pipeline);
	return ok;
}

static Attempt *
new_attempt(S3Pipeline *pipeline, S3Call *call, void *tag)
{
	Attempt    *attempt;
	MemoryContext context;

	if (dlist_is_empty(&pipeline->spare))
	{
		attempt = MemoryContextAlloc(pipeline->context, sizeof(Attempt));
		context = AllocSetContextCreate(pipeline->context, "s3store attempt",
										ALLOCSET_SMALL_SIZES);
	}
	else
	{
		attempt = attempt_of(dlist_pop_head_node(&pipeline->spare));
		context = attempt->context;
	}
	memset(attempt, 0, sizeof(*attempt));
	attempt->context = context;
	attempt->result_context = CurrentMemoryContext;
	attempt->finished.call = call;
	attempt->finished.tag = tag;
	attempt->headers = call->request.headers;
	if (call->timeout > 0)
		attempt->deadline = s3_http_now() + call->timeout;
	return attempt;
}

/*
 * A large body takes a while to hash.  So that it is done once, and can be
 * cancelled, it does not wait for the signature.
 */
static void
hash_body(S3Call *call)
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

/* Sends what is due, as far as there are connections for it. */
static void
send_waiting(S3Pipeline *pipeline)
{
	dlist_mutable_iter iter;
	int64		now = 0;

	dlist_foreach_modify(iter, &pipeline->waiting)
	{
		Attempt    *attempt = attempt_of(iter.cur);

		if (pipeline->running >= Max((int) pipeline->limit, 1))
			break;
		if (attempt->due > 0 && now == 0)
			now = s3_http_now();
		if (attempt->due > now)
			continue;
		dlist_delete(&attempt->node);
		send_attempt(pipeline, attempt);
	}
}

/* When the next of those that wait is due; -1: none before a connection is free. */
static int64
next_due(S3Pipeline *pipeline)
{
	int64		due = -1;
	dlist_iter	iter;

	if (pipeline->running >= Max((int) pipeline->limit, 1))
		return -1;
	dlist_foreach(iter, &pipeline->waiting)
	{
		int64		own = attempt_of(iter.cur)->due;

		if (due < 0 || own < due)
			due = own;
	}
	return due;
}

/* If this throws, the attempt is lost; so is the pipeline. */
static void
send_attempt(S3Pipeline *pipeline, Attempt *attempt)
{
	MemoryContext old_context;

	MemoryContextReset(attempt->context);
	old_context = MemoryContextSwitchTo(attempt->context);
	if (prepare_attempt(attempt))
	{
		MemoryContextSwitchTo(attempt->result_context);
		s3_http_start(pipeline->group, &attempt->http, attempt);
		attempt->attempts++;
		attempt->attempts_max = attempt->finished.call->storage->settings.max_attempts;
		pipeline->running++;
	}
	else
		end_attempt(pipeline, attempt);
	MemoryContextSwitchTo(old_context);
}

static bool
prepare_attempt(Attempt *attempt)
{
	S3Call	   *call = attempt->finished.call;
	S3Error    *err = &attempt->finished.err;
	int64		now = (int64) time(NULL);
	S3Signing	signing;

	if (!follow_settings(attempt, err))
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
static bool
follow_settings(Attempt *attempt, S3Error *err)
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
fill_request(Attempt *attempt)
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

/* Takes the answer of a transfer, and decides whether it is the last one. */
static void
settle(S3Pipeline *pipeline, S3HttpTransfer *transfer)
{
	Attempt    *attempt = s3_http_tag(transfer);
	MemoryContext old_context = MemoryContextSwitchTo(attempt->result_context);
	S3Finished *finished = &attempt->finished;

	pipeline->running--;
	finished->ok = s3_http_finish(transfer, &finished->response, &finished->err) &&
		check_answer(attempt);
	if (finished->ok)
		note_success(pipeline, attempt);
	else if (finished->err.transient && !finished->err.unsent)
		attempt->lost = true;
	if (finished->ok || !send_again(pipeline, attempt))
	{
		finished->response.resent |= attempt->lost;
		end_attempt(pipeline, attempt);
	}
	MemoryContextSwitchTo(old_context);
}

static bool
check_answer(Attempt *attempt)
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

/* What a retry took from the budget comes back; a limit is lifted slowly. */
static void
note_success(S3Pipeline *pipeline, Attempt *attempt)
{
	S3Server   *server = s3_server_find(attempt->finished.call->endpoint_host);

	server->retry_tokens = Min(server->retry_tokens + Max(attempt->tokens, 1),
							   S3_RETRY_TOKENS_MAX);
	if (pipeline->limit < pipeline->connections)
		pipeline->limit = Min(pipeline->limit + 1.0 / pipeline->limit, pipeline->connections);
}

/* Returns false when the failure is the call's last word. */
static bool
send_again(S3Pipeline *pipeline, Attempt *attempt)
{
	S3Finished *finished = &attempt->finished;
	const S3Operation *operation = finished->call->operation;
	S3RetryReason reason = s3_retry_reason(&finished->err, !operation->once);
	bool		at_once = (reason == S3_RETRY_CLOCK && learn_clock(attempt)) ||
	(reason == S3_RETRY_REGION && learn_region(attempt));
	int64		due = s3_http_now();

	if (reason == S3_RETRY_THROTTLED)
		pipeline->limit = Max(pipeline->limit / 2, 1);
	if (!at_once)
	{
		if (reason == S3_RETRY_NEVER || reason == S3_RETRY_CLOCK || reason == S3_RETRY_REGION ||
			attempt->attempts >= attempt->attempts_max)
			return false;
		due += s3_retry_delay(attempt->attempts, random_fraction(),
							  finished->response.status == 0 ? NULL :
							  s3_response_header(&finished->response, "retry-after"));
	}
	if (attempt->deadline > 0 && due >= attempt->deadline)
		return false;
	if (!at_once && !take_tokens(attempt, reason))
		return false;

	/*
	 * A server that failed, or a proxy before it, may have served it all the
	 * same.
	 */
	if (reason == S3_RETRY_FAILED)
		attempt->lost = true;
	forget_answer(&finished->response);
	attempt->due = due;
	dlist_push_tail(&pipeline->waiting, &attempt->node);
	return true;
}

/*
 * Signs for the server's clock from now on.  An offset that did not help, and
 * one that no clock would have, is not believed.
 */
static bool
learn_clock(Attempt *attempt)
{
	S3Finished *finished = &attempt->finished;
	char	   *date = s3_response_header(&finished->response, "date");
	int64		there;
	int64		offset;

	if (attempt->clock_tried || date == NULL || !s3_parse_http_date(date, &there))
		return false;
	attempt->clock_tried = true;
	offset = there - (int64) time(NULL);
	if (offset > CLOCK_OFFSET_MAX || offset < -CLOCK_OFFSET_MAX)
		return false;
	s3_server_find(finished->call->endpoint_host)->clock_offset = offset;
	return true;
}

/* Once a call: no server sends it around in circles. */
static bool
learn_region(Attempt *attempt)
{
	S3Call	   *call = attempt->finished.call;
	const char *region = attempt->finished.err.region;
	S3Error		err;

	if (attempt->region_tried || strcmp(region, call->region) == 0)
		return false;
	attempt->region_tried = true;
	if (!follow_settings(attempt, &err))
		return false;
	s3_server_learn_bucket_region(call->endpoint_host, call->location.bucket, region);
	return s3_call_use_region(call, region, &err);
}

/* 0 to 1.  Were it the same everywhere, all sessions would come back together. */
static double
random_fraction(void)
{
	uint32		number = 0;

	(void) pg_strong_random(&number, sizeof(number));
	return (double) number / PG_UINT32_MAX;
}

static bool
take_tokens(Attempt *attempt, S3RetryReason reason)
{
	S3Server   *server = s3_server_find(attempt->finished.call->endpoint_host);
	int			cost = s3_retry_cost(reason);

	if (server->retry_tokens < cost)
		return false;
	server->retry_tokens -= cost;
	attempt->tokens = cost;
	return true;
}

/* So that no number of retries adds up. */
static void
forget_answer(S3HttpResponse *response)
{
	if (response->headers != NULL)
		pfree(response->headers);
	if (response->body != NULL)
		pfree(response->body - VARHDRSZ);
	memset(response, 0, sizeof(*response));
}

/* The call is the caller's again, with the headers that he gave it. */
static void
end_attempt(S3Pipeline *pipeline, Attempt *attempt)
{
	S3Finished *finished = &attempt->finished;

	finished->call->request.headers = attempt->headers;
	if (!finished->ok && finished->err.kind == S3_ERROR_TOO_LARGE &&
		finished->response.status == 0 && finished->call->key.len > 0)
		s3_error_hint(&finished->err, "s3store.max_object_size sets the limit.");
	dlist_push_tail(&pipeline->ended, &attempt->node);
}
