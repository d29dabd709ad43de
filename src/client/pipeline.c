/*-------------------------------------------------------------------------
 *
 * pipeline.c
 *	  Calls of S3's API under way together, each sent again where that helps.
 *
 *	  start -> [sign -> transfer -> answer -> again?] -> finished
 *
 * The only file that sends requests to S3, and sends them again, but for the
 * unsigned one of diagnose.c; attempt.c makes a request and decides whether
 * another one follows.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "utils/memutils.h"

#include "client/attempt.h"
#include "client/pipeline.h"
#include "http/http_wait.h"

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

static S3Attempt *new_attempt(S3Pipeline *pipeline, S3Call *call, void *tag);
static void send_waiting(S3Pipeline *pipeline);
static int64 next_due(S3Pipeline *pipeline);
static void send_attempt(S3Pipeline *pipeline, S3Attempt *attempt);
static void settle(S3Pipeline *pipeline, S3HttpTransfer *transfer);
static void note_success(S3Pipeline *pipeline, S3Attempt *attempt);
static bool send_again(S3Pipeline *pipeline, S3Attempt *attempt);
static void end_attempt(S3Pipeline *pipeline, S3Attempt *attempt);

#define attempt_of(pointer)	dlist_container(S3Attempt, node, pointer)

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
	s3_attempt_hash_body(call);
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
	S3Attempt  *attempt;

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

static S3Attempt *
new_attempt(S3Pipeline *pipeline, S3Call *call, void *tag)
{
	S3Attempt  *attempt;
	MemoryContext context;

	if (dlist_is_empty(&pipeline->spare))
	{
		attempt = MemoryContextAlloc(pipeline->context, sizeof(S3Attempt));
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
	return attempt;
}

/* Sends what is due, as far as there are connections for it. */
static void
send_waiting(S3Pipeline *pipeline)
{
	dlist_mutable_iter iter;
	int64		now = 0;

	dlist_foreach_modify(iter, &pipeline->waiting)
	{
		S3Attempt  *attempt = attempt_of(iter.cur);

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

/* When the next call that waits is due; -1: none before a connection is free. */
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
send_attempt(S3Pipeline *pipeline, S3Attempt *attempt)
{
	MemoryContext old_context;

	MemoryContextReset(attempt->context);
	old_context = MemoryContextSwitchTo(attempt->context);
	if (attempt->deadline == 0 && attempt->finished.call->timeout > 0)
		attempt->deadline = s3_http_now() + attempt->finished.call->timeout;
	if (s3_attempt_prepare(attempt))
	{
		MemoryContextSwitchTo(attempt->result_context);
		s3_http_start(pipeline->group, &attempt->http, attempt);
		attempt->attempts++;
		attempt->attempts_max = attempt->finished.call->endpoint->settings.max_attempts;
		pipeline->running++;
	}
	else
		end_attempt(pipeline, attempt);
	MemoryContextSwitchTo(old_context);
}

/* Takes the answer of a transfer, and decides whether it is the last one. */
static void
settle(S3Pipeline *pipeline, S3HttpTransfer *transfer)
{
	S3Attempt  *attempt = s3_http_tag(transfer);
	MemoryContext old_context = MemoryContextSwitchTo(attempt->result_context);
	S3Finished *finished = &attempt->finished;
	bool		come;

	pipeline->running--;
	come = s3_http_finish(transfer, &finished->response, &finished->err);
	finished->ok = attempt->explains ? s3_attempt_take_reason(attempt, come) :
		come && s3_attempt_check_answer(attempt);
	if (finished->ok)
		note_success(pipeline, attempt);
	else if (finished->err.transient && !finished->err.unsent)
		attempt->lost = attempt->attempts;
	if (finished->ok || !send_again(pipeline, attempt))
	{
		finished->response.resent += attempt->lost;
		end_attempt(pipeline, attempt);
	}
	MemoryContextSwitchTo(old_context);
}

/* Raises a limit slowly. */
static void
note_success(S3Pipeline *pipeline, S3Attempt *attempt)
{
	s3_attempt_return_tokens(attempt);
	if (pipeline->limit < pipeline->connections)
		pipeline->limit = Min(pipeline->limit + 1.0 / pipeline->limit, pipeline->connections);
}

/* Returns false when the failure is final. */
static bool
send_again(S3Pipeline *pipeline, S3Attempt *attempt)
{
	const S3Finished *finished = &attempt->finished;
	S3RetryReason reason = s3_retry_reason(&finished->err, !finished->call->operation->once);

	if (reason == S3_RETRY_THROTTLED)
		pipeline->limit = Max(pipeline->limit / 2, 1);
	if (!s3_attempt_again(attempt, reason))
		return false;
	dlist_push_tail(&pipeline->waiting, &attempt->node);
	return true;
}

/* Gives the call back its own headers, without those of the signature. */
static void
end_attempt(S3Pipeline *pipeline, S3Attempt *attempt)
{
	S3Finished *finished = &attempt->finished;

	finished->call->request.headers = attempt->headers;
	finished->call->request.method = finished->call->operation->method;
	if (!finished->ok && finished->err.kind == S3_ERROR_TOO_LARGE &&
		finished->response.status == 0 && finished->call->operation->id == S3_GET_OBJECT)
		s3_error_hint(&finished->err, "s3store.max_object_size sets the limit.");
	dlist_push_tail(&pipeline->ended, &attempt->node);
}
