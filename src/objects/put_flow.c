/*-------------------------------------------------------------------------
 *
 * put_flow.c
 *	  One put, a request at a time: the name that it gets, and the upload.
 *
 *	  look -> intent -> upload -> stored
 *	   ^                   |
 *	   +------ taken ------+
 *
 * Without "overwrite" an object that exists is never touched: the name that
 * is stored is then another one, made by Django's rule.  The server is asked
 * before the upload, since some servers take If-None-Match and ignore it;
 * where it is known, nobody can take the name between the question and the
 * upload.  What a rolled back put has left under a name is as good as nothing.
 *
 * A name is held, and its deletion taken off the queue, once it is the one: an
 * object that stands in the way of a put, and waits for its deletion, must not
 * lose that.
 *
 * An upload that overwrites asks, too: only what was not there before can be
 * removed when the transaction does not commit (intent.c).
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
#include "queue/writer_lock.h"
#include "s3/response.h"

#define RACES_MAX	5			/* names lost to others, in one put */

static S3Call *start(S3PutFlow *storing);
static S3Call *look(S3PutFlow *storing, S3PutStep step);
static S3Call *note_look(S3PutFlow *storing, const S3Finished *finished);
static S3Call *note_look_over(S3PutFlow *storing, const S3Finished *finished);
static void hold(S3PutFlow *storing);
static void follow_settings(S3PutFlow *storing);
static S3Call *upload_free(S3PutFlow *storing);
static S3Call *upload_over(S3PutFlow *storing);
static S3Call *upload(S3PutFlow *storing, S3PutStep step);
static S3Call *note_upload(S3PutFlow *storing, const S3Finished *finished);
static S3Call *compare(S3PutFlow *storing, const S3Finished *finished);
static bool is_stored(const S3Finished *finished, const S3Request *put);
static S3Call *note_race(S3PutFlow *storing, S3Call *call, const S3Error *err);
static S3Call *try_other_name(S3PutFlow *storing);
static S3Call *end(S3PutFlow *storing, S3PutStep step);
static S3Call *fail(S3PutFlow *storing, S3Call *call, const S3Error *err);

S3Call *
s3_put_flow_next(S3PutFlow *storing, const S3Finished *finished)
{
	if (storing->step != S3_PUT_FLOW_START)
		follow_settings(storing);
	switch (storing->step)
	{
		case S3_PUT_FLOW_START:
			return start(storing);
		case S3_PUT_FLOW_LOOK:
			return note_look(storing, finished);
		case S3_PUT_FLOW_LOOK_OVER:
			return note_look_over(storing, finished);
		case S3_PUT_FLOW_UPLOAD_FREE:
		case S3_PUT_FLOW_UPLOAD_OVER:
			return note_upload(storing, finished);
		case S3_PUT_FLOW_COMPARE:
			return compare(storing, finished);
		case S3_PUT_FLOW_STORED:
		case S3_PUT_FLOW_NO_FILE:
		case S3_PUT_FLOW_FAILED:
			break;
	}
	return NULL;
}

void
s3_put_flow_run(S3PutFlow *storing)
{
	S3Finished *finished = palloc(sizeof(S3Finished));
	S3Call	   *call = s3_put_flow_next(storing, NULL);

	while (call != NULL)
	{
		finished->call = call;
		storing->in_parts = call == &storing->put &&
			s3_put_wants_parts(call, &storing->arguments);
		if (storing->in_parts)
			s3_put_in_parts(call, storing->name, &storing->arguments, &storing->intent,
							finished);
		else
			finished->ok = s3_call_perform(call, &finished->response, &finished->err);
		call = s3_put_flow_next(storing, finished);
	}
	if (storing->step != S3_PUT_FLOW_FAILED)
		return;
	if (storing->failed == NULL)
		s3_error_throw(&storing->err);
	s3_call_throw(storing->failed, &storing->err);
}

static S3Call *
start(S3PutFlow *storing)
{
	const S3Fields *headers = &storing->put.request.headers;

	storing->name = storing->url;
	switch (s3_call_try_open(&storing->put, S3_PUT_OBJECT, storing->command, storing->url,
							 &storing->err))
	{
		case S3_CALL_NO_FILE:
			return end(storing, S3_PUT_FLOW_NO_FILE);
		case S3_CALL_FAILED:
			return end(storing, S3_PUT_FLOW_FAILED);
		case S3_CALL_OPENED:
			break;
	}
	if (storing->overwrite < 0)
		storing->overwrite = storing->put.endpoint->settings.file_overwrite;

	/*
	 * A condition of the caller's decides by itself; what fails it is an
	 * error.
	 */
	s3_put_fill(&storing->put, storing->name, &storing->arguments);
	if (storing->overwrite ||
		s3_fields_find(headers, "if-match") != NULL ||
		s3_fields_find(headers, "if-none-match") != NULL)
	{
		hold(storing);
		if (!storing->put.endpoint->settings.put_undo)
			return upload(storing, S3_PUT_FLOW_UPLOAD_OVER);
		return look(storing, S3_PUT_FLOW_LOOK_OVER);
	}
	return look(storing, S3_PUT_FLOW_LOOK);
}

/* Asks what stands under the name. */
static S3Call *
look(S3PutFlow *storing, S3PutStep step)
{
	S3Error		err;

	if (s3_call_try_open(&storing->look, S3_HEAD_OBJECT, storing->command, storing->name,
						 &err) != S3_CALL_OPENED)
		return fail(storing, NULL, &err);
	s3_available_name_add_headers(&storing->look, &storing->put.request.headers);
	storing->step = step;
	return &storing->look;
}

static S3Call *
note_look(S3PutFlow *storing, const S3Finished *finished)
{
	s3_intent_note_before(&storing->before, finished);
	switch (storing->before.state)
	{
		case S3_BEFORE_NOTHING:
			return upload_free(storing);
		case S3_BEFORE_OBJECT:
			if (!s3_intent_is_leftover(&storing->put, &storing->before))
				return try_other_name(storing);
			storing->before.state = S3_BEFORE_LEFTOVER;
			hold(storing);
			return upload_over(storing);
		case S3_BEFORE_LEFTOVER:
		case S3_BEFORE_UNKNOWN:
			break;
	}
	if (finished->ok)
		return try_other_name(storing);
	return fail(storing, finished->call, &finished->err);
}

/* Who may not look can put all the same; nothing was new then. */
static S3Call *
note_look_over(S3PutFlow *storing, const S3Finished *finished)
{
	s3_intent_note_before(&storing->before, finished);
	if (s3_intent_is_leftover(&storing->put, &storing->before))
		storing->before.state = S3_BEFORE_NOTHING;
	return upload(storing, S3_PUT_FLOW_UPLOAD_OVER);
}

/* That runs SQL where a deletion of the object is queued. */
static void
hold(S3PutFlow *storing)
{
	(void) s3_writer_lock_object(&storing->put.location);
	follow_settings(storing);
}

/*
 * SQL may have run since the last step, for another put, and have changed the
 * settings: then the endpoint that the call refers to is gone.
 */
static void
follow_settings(S3PutFlow *storing)
{
	if (storing->put.generation != s3_settings_generation())
		(void) s3_put_open(&storing->put, storing->command, storing->name, &storing->arguments);
}

static S3Call *
upload_free(S3PutFlow *storing)
{
	hold(storing);
	if (s3_server_facts_find(storing->put.endpoint_host)->no_conditional_put)
		return upload_over(storing);
	s3_fields_add(&storing->put.request.headers, "if-none-match", "*");
	return upload(storing, S3_PUT_FLOW_UPLOAD_FREE);
}

static S3Call *
upload_over(S3PutFlow *storing)
{
	(void) s3_put_open(&storing->put, storing->command, storing->name, &storing->arguments);
	return upload(storing, S3_PUT_FLOW_UPLOAD_OVER);
}

/* Nothing is sent before it is noted how to undo it. */
static S3Call *
upload(S3PutFlow *storing, S3PutStep step)
{
	if (!s3_intent_begin(&storing->intent, &storing->put, &storing->before))
		return look(storing, S3_PUT_FLOW_LOOK);
	if (storing->intent.etag != NULL && storing->intent.etag[0] != '\0')
		storing->put.request.md5 = storing->intent.etag;
	storing->step = step;
	return &storing->put;
}

static S3Call *
note_upload(S3PutFlow *storing, const S3Finished *finished)
{
	const S3Error *err = &finished->err;

	s3_intent_note_answer(&storing->intent, finished);
	if (finished->ok)
	{
		if (storing->condition_refused)
			s3_server_facts_find(storing->put.endpoint_host)->no_conditional_put = true;
		return end(storing, S3_PUT_FLOW_STORED);
	}
	if (storing->step == S3_PUT_FLOW_UPLOAD_OVER)
		return fail(storing, finished->call, err);
	if (err->kind == S3_ERROR_UNSUPPORTED)
	{
		/* It may be something else that the server does not know. */
		storing->condition_refused = true;
		return upload_over(storing);
	}
	if (!s3_response_is_conflict(err))
		return fail(storing, finished->call, err);

	/*
	 * What was sent twice may have met itself; the ETag of parts would not
	 * tell.
	 */
	if (s3_response_condition_failed(err) && finished->response.resent &&
		!storing->in_parts)
		return look(storing, S3_PUT_FLOW_COMPARE);
	return note_race(storing, finished->call, err);
}

static S3Call *
compare(S3PutFlow *storing, const S3Finished *finished)
{
	S3Error		err;

	if (is_stored(finished, &storing->put.request))
		return end(storing, S3_PUT_FLOW_STORED);
	/* Whose object it is must be known before the content is stored again. */
	if (!finished->ok && finished->err.kind != S3_ERROR_NOT_FOUND)
		return fail(storing, finished->call, &finished->err);
	s3_error_set(&err, S3_ERROR_CONFLICT, "the object is being written by somebody else");
	return note_race(storing, finished->call, &err);
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

/* A server that takes names whatever we ask for must not get the content for ever. */
static S3Call *
note_race(S3PutFlow *storing, S3Call *call, const S3Error *err)
{
	if (++storing->races > RACES_MAX)
		return fail(storing, call, err);
	return try_other_name(storing);
}

static S3Call *
try_other_name(S3PutFlow *storing)
{
	S3Error		err;

	if (++storing->names >= S3_NAME_ATTEMPTS_MAX)
	{
		(void) s3_available_name_all_taken(storing->url, &err);
		return fail(storing, NULL, &err);
	}
	storing->name = s3_available_name_try_alternative(storing->url, storing->command, 0, &err);
	if (storing->name == NULL)
		return fail(storing, NULL, &err);
	(void) s3_put_open(&storing->put, storing->command, storing->name, &storing->arguments);
	return look(storing, S3_PUT_FLOW_LOOK);
}

static S3Call *
end(S3PutFlow *storing, S3PutStep step)
{
	storing->step = step;
	return NULL;
}

static S3Call *
fail(S3PutFlow *storing, S3Call *call, const S3Error *err)
{
	storing->failed = call;
	storing->err = *err;
	return end(storing, S3_PUT_FLOW_FAILED);
}
