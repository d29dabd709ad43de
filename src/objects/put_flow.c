/*-------------------------------------------------------------------------
 *
 * put_flow.c
 *	  One put, a request at a time: the name that it gets, and the upload.
 *
 *	  look -> intent -> upload -> stored
 *	   ^                   |
 *	   +------ taken ------+
 *
 * Without "overwrite" an object that exists is never touched: if the name is
 * taken, the object gets another one, made by Django's rule.  The server is
 * asked before the upload, since some servers accept If-None-Match and ignore
 * it; with one that obeys it, nobody can take the name between the question and
 * the upload.  A name counts as free where a put that was rolled back has left
 * an object that is not removed yet.
 *
 * Only the final name is locked, and a queued deletion of its object canceled:
 * that of an object which merely has a name that was tried must stay queued.
 *
 * An upload that overwrites looks first as well: only what was not there before
 * can be removed when the transaction does not commit (intent.c).
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/body_hash.h"
#include "backend/error_report.h"
#include "client/pipeline.h"
#include "client/server_facts.h"
#include "objects/available_name.h"
#include "objects/put_flow.h"
#include "objects/put_parts.h"
#include "queue/admission.h"
#include "s3/response.h"

#define RACES_MAX	5			/* names lost to others, in one put */

static S3Call *start(S3PutFlow *flow);
static S3Call *look(S3PutFlow *flow, S3PutStep step);
static S3Call *note_look(S3PutFlow *flow, const S3Finished *finished);
static S3Call *note_look_over(S3PutFlow *flow, const S3Finished *finished);
static void lock_name(S3PutFlow *flow);
static void follow_settings(S3PutFlow *flow);
static S3Call *upload_free(S3PutFlow *flow);
static S3Call *upload_over(S3PutFlow *flow);
static S3Call *upload(S3PutFlow *flow, S3PutStep step);
static S3Call *note_upload(S3PutFlow *flow, const S3Finished *finished);
static S3Call *compare(S3PutFlow *flow, const S3Finished *finished);
static bool is_stored(const S3Finished *finished, const S3Request *put);
static S3Call *note_race(S3PutFlow *flow, S3Call *call, const S3Error *err);
static S3Call *try_other_name(S3PutFlow *flow);
static S3Call *end(S3PutFlow *flow, S3PutStep step);
static S3Call *fail(S3PutFlow *flow, S3Call *call, const S3Error *err);

S3Call *
s3_put_flow_next(S3PutFlow *flow, const S3Finished *finished)
{
	if (flow->step != S3_PUT_FLOW_START)
		follow_settings(flow);
	switch (flow->step)
	{
		case S3_PUT_FLOW_START:
			return start(flow);
		case S3_PUT_FLOW_LOOK:
			return note_look(flow, finished);
		case S3_PUT_FLOW_LOOK_OVER:
			return note_look_over(flow, finished);
		case S3_PUT_FLOW_UPLOAD_FREE:
		case S3_PUT_FLOW_UPLOAD_OVER:
			return note_upload(flow, finished);
		case S3_PUT_FLOW_COMPARE:
			return compare(flow, finished);
		case S3_PUT_FLOW_STORED:
		case S3_PUT_FLOW_NO_FILE:
		case S3_PUT_FLOW_FAILED:
			break;
	}
	return NULL;
}

void
s3_put_flow_run(S3PutFlow *flow)
{
	S3Finished *finished = palloc(sizeof(S3Finished));
	S3Call	   *call = s3_put_flow_next(flow, NULL);

	while (call != NULL)
	{
		finished->call = call;
		flow->in_parts = call == &flow->put &&
			s3_put_wants_parts(call, &flow->arguments);
		if (flow->in_parts)
			s3_put_in_parts(call, flow->name, &flow->arguments, &flow->intent,
							finished);
		else
			finished->ok = s3_call_perform(call, &finished->response, &finished->err);
		call = s3_put_flow_next(flow, finished);
	}
	if (flow->step != S3_PUT_FLOW_FAILED)
		return;
	if (flow->failed == NULL)
		s3_error_throw(&flow->err);
	s3_call_throw(flow->failed, &flow->err);
}

static S3Call *
start(S3PutFlow *flow)
{
	const S3Fields *headers = &flow->put.request.headers;

	flow->name = flow->url;
	switch (s3_call_try_open(&flow->put, S3_PUT_OBJECT, flow->command, flow->url,
							 &flow->err))
	{
		case S3_CALL_NO_FILE:
			return end(flow, S3_PUT_FLOW_NO_FILE);
		case S3_CALL_FAILED:
			return end(flow, S3_PUT_FLOW_FAILED);
		case S3_CALL_OPENED:
			break;
	}
	if (flow->overwrite < 0)
		flow->overwrite = flow->put.endpoint->settings.file_overwrite;

	/*
	 * With a condition of the caller's no other name is tried: if it does not
	 * hold, that is an error.
	 */
	s3_put_fill(&flow->put, flow->name, &flow->arguments);
	if (flow->overwrite ||
		s3_fields_find(headers, "if-match") != NULL ||
		s3_fields_find(headers, "if-none-match") != NULL)
	{
		lock_name(flow);
		if (!flow->put.endpoint->settings.put_undo)
			return upload(flow, S3_PUT_FLOW_UPLOAD_OVER);
		return look(flow, S3_PUT_FLOW_LOOK_OVER);
	}
	return look(flow, S3_PUT_FLOW_LOOK);
}

/* Asks what stands under the name. */
static S3Call *
look(S3PutFlow *flow, S3PutStep step)
{
	S3Error		err;

	if (s3_call_try_open(&flow->look, S3_HEAD_OBJECT, flow->command, flow->name,
						 &err) != S3_CALL_OPENED)
		return fail(flow, NULL, &err);
	s3_available_name_add_headers(&flow->look, &flow->put.request.headers);
	flow->step = step;
	return &flow->look;
}

static S3Call *
note_look(S3PutFlow *flow, const S3Finished *finished)
{
	s3_intent_note_before(&flow->before, finished);
	switch (flow->before.state)
	{
		case S3_BEFORE_NOTHING:
			return upload_free(flow);
		case S3_BEFORE_OBJECT:
			if (!s3_intent_is_leftover(&flow->put, &flow->before))
				return try_other_name(flow);
			flow->before.state = S3_BEFORE_LEFTOVER;
			lock_name(flow);
			return upload_over(flow);
		case S3_BEFORE_LEFTOVER:
		case S3_BEFORE_UNKNOWN:
			break;
	}
	if (finished->ok)
		return try_other_name(flow);
	return fail(flow, finished->call, &finished->err);
}

/* A role that may not look can still put; then nothing is undone. */
static S3Call *
note_look_over(S3PutFlow *flow, const S3Finished *finished)
{
	s3_intent_note_before(&flow->before, finished);
	if (s3_intent_is_leftover(&flow->put, &flow->before))
		flow->before.state = S3_BEFORE_NOTHING;
	return upload(flow, S3_PUT_FLOW_UPLOAD_OVER);
}

/* Runs SQL where a deletion of the object is queued. */
static void
lock_name(S3PutFlow *flow)
{
	s3_admission_of_put(&flow->put.location);
	follow_settings(flow);
}

/*
 * SQL may have run since the last step, for another put, and have changed the
 * settings: then the endpoint that the call refers to is gone.
 */
static void
follow_settings(S3PutFlow *flow)
{
	if (flow->put.generation != s3_settings_generation())
		(void) s3_put_open(&flow->put, flow->command, flow->name, &flow->arguments);
}

static S3Call *
upload_free(S3PutFlow *flow)
{
	lock_name(flow);
	if (s3_server_facts_find(flow->put.endpoint_host)->no_conditional_put)
		return upload_over(flow);
	s3_fields_add(&flow->put.request.headers, "if-none-match", "*");
	return upload(flow, S3_PUT_FLOW_UPLOAD_FREE);
}

static S3Call *
upload_over(S3PutFlow *flow)
{
	(void) s3_put_open(&flow->put, flow->command, flow->name, &flow->arguments);
	return upload(flow, S3_PUT_FLOW_UPLOAD_OVER);
}

/* Nothing is sent before it is noted how to undo it. */
static S3Call *
upload(S3PutFlow *flow, S3PutStep step)
{
	if (!s3_intent_begin(&flow->intent, &flow->put, &flow->before))
		return look(flow, S3_PUT_FLOW_LOOK);
	if (flow->intent.etag != NULL && flow->intent.etag[0] != '\0')
		flow->put.request.md5 = flow->intent.etag;
	flow->step = step;
	return &flow->put;
}

static S3Call *
note_upload(S3PutFlow *flow, const S3Finished *finished)
{
	const S3Error *err = &finished->err;

	s3_intent_note_answer(&flow->intent, finished);
	if (finished->ok)
	{
		if (flow->condition_refused)
			s3_server_facts_find(flow->put.endpoint_host)->no_conditional_put = true;
		return end(flow, S3_PUT_FLOW_STORED);
	}
	if (flow->step == S3_PUT_FLOW_UPLOAD_OVER)
		return fail(flow, finished->call, err);
	if (err->kind == S3_ERROR_UNSUPPORTED)
	{
		/* It may have meant another header: the next upload shows. */
		flow->condition_refused = true;
		return upload_over(flow);
	}
	if (!s3_response_is_conflict(err))
		return fail(flow, finished->call, err);

	/*
	 * A request that was sent twice may have been refused because its first
	 * sending has stored the object.  The ETag tells, but not of parts.
	 */
	if (s3_response_condition_failed(err) && finished->response.resent &&
		!flow->in_parts)
		return look(flow, S3_PUT_FLOW_COMPARE);
	return note_race(flow, finished->call, err);
}

static S3Call *
compare(S3PutFlow *flow, const S3Finished *finished)
{
	S3Error		err;

	if (is_stored(finished, &flow->put.request))
		return end(flow, S3_PUT_FLOW_STORED);
	/* Do not store the content twice where it may be there already. */
	if (!finished->ok && finished->err.kind != S3_ERROR_NOT_FOUND)
		return fail(flow, finished->call, &finished->err);
	s3_error_set(&err, S3_ERROR_CONFLICT, "the object is being written by somebody else");
	return note_race(flow, finished->call, &err);
}

/* Does the object have the content that the request sent? */
static bool
is_stored(const S3Finished *finished, const S3Request *put)
{
	const char *md5 = put->md5;
	S3ObjectInfo info;
	S3Error		err;

	if (!finished->ok || !s3_response_object(&finished->response, &info, &err))
		return false;
	if (md5 == NULL)
		md5 = s3_body_hash(s3_digest_md5(&err), put->body, &err);
	return info.size == (int64) put->body.len && info.etag != NULL && md5 != NULL &&
		strcmp(info.etag, md5) == 0;
}

/* Ends the attempts with a server that reports every name as taken. */
static S3Call *
note_race(S3PutFlow *flow, S3Call *call, const S3Error *err)
{
	if (++flow->races > RACES_MAX)
		return fail(flow, call, err);
	return try_other_name(flow);
}

static S3Call *
try_other_name(S3PutFlow *flow)
{
	S3Error		err;

	if (++flow->names >= S3_NAME_ATTEMPTS_MAX)
	{
		(void) s3_available_name_all_taken(flow->url, &err);
		return fail(flow, NULL, &err);
	}
	flow->name = s3_available_name_try_alternative(flow->url, flow->command, 0, &err);
	if (flow->name == NULL)
		return fail(flow, NULL, &err);
	(void) s3_put_open(&flow->put, flow->command, flow->name, &flow->arguments);
	return look(flow, S3_PUT_FLOW_LOOK);
}

static S3Call *
end(S3PutFlow *flow, S3PutStep step)
{
	flow->step = step;
	return NULL;
}

static S3Call *
fail(S3PutFlow *flow, S3Call *call, const S3Error *err)
{
	flow->failed = call;
	flow->err = *err;
	return end(flow, S3_PUT_FLOW_FAILED);
}
