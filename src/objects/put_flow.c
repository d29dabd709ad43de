/*-------------------------------------------------------------------------
 *
 * put_flow.c
 *	  One put, a request at a time: the name that it gets, and the upload.
 *
 *	  intent -> look -> noted -> upload -> stored
 *	    ^         |                |
 *	    +---------+---- again -----+
 *
 * Before the upload the put asks what stands under the name, unless it is never
 * undone and overwrites: only what was not there before can be removed when the
 * transaction does not commit (intent.c).  Where nothing was there, the upload
 * says so (If-None-Match), so that a server which heeds that stores nothing over
 * what somebody else has stored meanwhile.
 *
 * Without "overwrite" an object that exists is never touched: if the name is
 * taken, the object gets another one, made by Django's rule.  Who may only put
 * cannot look, so the condition alone must keep what is there.  Some servers
 * accept If-None-Match and ignore it, so sessions of this database exclude each
 * other from a name while they store under it.  Nobody waits for that: a name
 * that is locked counts as taken.
 *
 * Queued deletions are made void when the object is stored, and for the final
 * name only: the deletion of an object whose name was merely tried must stay
 * queued.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/body_hash.h"
#include "backend/error_report.h"
#include "client/list_one.h"
#include "client/pipeline.h"
#include "client/server_facts.h"
#include "objects/available_name.h"
#include "objects/put_flow.h"
#include "objects/put_parts.h"
#include "queue/admission.h"
#include "queue/stored_objects.h"
#include "queue/writer_lock.h"
#include "s3/copy_headers.h"
#include "s3/response.h"
#include "settings/object_identity.h"

#define RACES_MAX	5			/* in one put */
#define HTTP_FORBIDDEN	403
#define SWIFT_HEADER	"x-trans-id"

static S3Call *start(S3PutFlow *flow);
static S3Call *begin(S3PutFlow *flow);
static void note(S3PutFlow *flow);
static S3Call *look(S3PutFlow *flow, S3PutStep step);
static S3Call *note_look(S3PutFlow *flow, const S3Finished *finished);
static S3Call *note_look_for_free(S3PutFlow *flow, const S3Finished *finished);
static S3Call *list(S3PutFlow *flow, const S3Finished *look);
static S3Call *note_list(S3PutFlow *flow, const S3Finished *finished);
static bool heeds_conditions(const S3PutFlow *flow, const S3Finished *finished);
static S3Call *fail_unseen(S3PutFlow *flow, S3Call *call);
static void hold_deletions(S3PutFlow *flow);
static S3Call *stored(S3PutFlow *flow);
static void follow_settings(S3PutFlow *flow);
static bool has_moved(const S3PutFlow *flow, S3Error *err);
static S3Call *noted(S3PutFlow *flow);
static S3Call *upload(S3PutFlow *flow);
static S3Call *note_upload(S3PutFlow *flow, const S3Finished *finished);
static S3Call *compare(S3PutFlow *flow, const S3Finished *finished);
static bool is_stored(const S3Finished *finished, const S3Request *put, S3ObjectInfo *info);
static S3Call *note_race(S3PutFlow *flow, S3Call *call, const S3Error *err);
static S3Call *begin_again(S3PutFlow *flow);
static S3Call *try_other_name(S3PutFlow *flow);
static bool lock_name(S3PutFlow *flow);
static void unlock_name(S3PutFlow *flow);
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
		case S3_PUT_FLOW_LIST:
			return note_list(flow, finished);
		case S3_PUT_FLOW_NOTED:
			return upload(flow);
		case S3_PUT_FLOW_UPLOAD:
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

	while (call != NULL || flow->step == S3_PUT_FLOW_NOTED)
	{
		if (call == NULL)
		{
			s3_intent_sync();
			call = s3_put_flow_next(flow, NULL);
			continue;
		}
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
	flow->callers_condition = s3_fields_find(headers, "if-match") != NULL ||
		s3_fields_find(headers, "if-none-match") != NULL;
	flow->free_name = !flow->overwrite && !flow->callers_condition;
	flow->arguments.needs_condition = flow->callers_condition;
	return begin(flow);
}

/* Notes the intent first, and asks what is there only then; intent.c says why. */
static S3Call *
begin(S3PutFlow *flow)
{
	if (flow->free_name && !lock_name(flow))
		return try_other_name(flow);
	note(flow);
	if (!flow->free_name)
	{
		hold_deletions(flow);
		if (flow->intent.role == S3_INTENT_KEPT)
			return upload(flow);
	}
	return look(flow, S3_PUT_FLOW_LOOK);
}

static void
note(S3PutFlow *flow)
{
	bool		undo = flow->put.endpoint->settings.put_undo;

	s3_intent_begin(&flow->intent, &flow->put, undo ? S3_INTENT_PUT : S3_INTENT_KEPT,
					(int64) flow->put.request.body.len,
					undo ? s3_intent_digest(&flow->put) : "");
}

/* Asks what stands under the name. */
static S3Call *
look(S3PutFlow *flow, S3PutStep step)
{
	S3Error		err;

	if (has_moved(flow, &err))
		return fail(flow, NULL, &err);
	if (s3_call_try_open(&flow->look, S3_HEAD_OBJECT, flow->command, flow->name,
						 &err) != S3_CALL_OPENED)
		return fail(flow, NULL, &err);
	s3_available_name_add_headers(&flow->look, &flow->put.request.headers);
	if (flow->free_name)
		flow->look.explains = S3_EXPLAINS_REFUSALS;
	flow->step = step;
	return &flow->look;
}

/* A role that may not look can still put; then nobody knows what was there. */
static S3Call *
note_look(S3PutFlow *flow, const S3Finished *finished)
{
	if (flow->free_name)
		return note_look_for_free(flow, finished);
	if (!s3_intent_may_go_on(finished))
		return fail(flow, finished->call, &finished->err);
	s3_intent_note_found(&flow->intent, finished);
	return noted(flow);
}

static S3Call *
note_look_for_free(S3PutFlow *flow, const S3Finished *finished)
{
	flow->unseen = !finished->ok && finished->err.http_status == HTTP_FORBIDDEN;
	if (flow->unseen)
		flow->err = finished->err;
	if (flow->unseen && !heeds_conditions(flow, finished))
		return fail_unseen(flow, finished->call);
	if (flow->unseen || s3_intent_found(finished) == S3_INTENT_FOUND_NOTHING)
	{
		flow->arguments.needs_condition |= flow->unseen;
		hold_deletions(flow);
		s3_intent_note_found(&flow->intent, finished);
		return noted(flow);
	}
	if (finished->ok)
		return try_other_name(flow);
	if (s3_response_wants_customer_key(&finished->err))
		return list(flow, finished);
	return fail(flow, finished->call, &finished->err);
}

/* An object with a key of its client's is there, but is shown to nobody else. */
static S3Call *
list(S3PutFlow *flow, const S3Finished *look)
{
	flow->err = look->err;
	s3_list_one_open(&flow->listing, flow->command, flow->name, flow->put.key.data);
	s3_copy_headers_add_common(&flow->listing.request.headers, &flow->look.request.headers);
	flow->step = S3_PUT_FLOW_LIST;
	return &flow->listing;
}

static S3Call *
note_list(S3PutFlow *flow, const S3Finished *finished)
{
	S3ListItem	item;
	S3Error		err;

	if (s3_list_one_find(finished, flow->put.key.data, &item, &err))
		return try_other_name(flow);
	err = flow->err;
	return fail(flow, &flow->look, &err);
}

/*
 * Does the server keep what stands there, if the condition says so?  Swift accepts
 * a condition and ignores it; it is recognized by the header of its request IDs.
 */
static bool
heeds_conditions(const S3PutFlow *flow, const S3Finished *finished)
{
	return !flow->condition_refused &&
		!s3_server_facts_find(flow->put.endpoint_host)->no_conditional_put &&
		s3_response_header(&finished->response, SWIFT_HEADER) == NULL;
}

/* A key that may only put needs a server that looks for it. */
static S3Call *
fail_unseen(S3PutFlow *flow, S3Call *call)
{
	S3Error		err = flow->err;

	err.hint[0] = '\0';
	s3_error_hint(&err, "This server ignores If-None-Match, so the access key must be allowed to look objects up (s3:GetObject and s3:ListBucket). Otherwise, pass overwrite => true.");
	return fail(flow, call, &err);
}

/* No deletion of the object begins from here on. */
static void
hold_deletions(S3PutFlow *flow)
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

/* Nothing may be sent to where nobody would look for it. */
static bool
has_moved(const S3PutFlow *flow, S3Error *err)
{
	if (flow->intent.id == 0 ||
		s3_object_identity(&flow->put.location).object == flow->intent.object)
		return false;
	s3_error_set(err, S3_ERROR_ARGUMENT, "the settings have changed while an object was being put");
	s3_error_detail(err, "Its URL leads to another server, or key, than at the start.");
	return true;
}

/* What is never undone need not wait for the disk. */
static S3Call *
noted(S3PutFlow *flow)
{
	if (flow->intent.role == S3_INTENT_KEPT)
		return upload(flow);
	flow->step = S3_PUT_FLOW_NOTED;
	return NULL;
}

static S3Call *
upload(S3PutFlow *flow)
{
	S3Error		err;

	if (has_moved(flow, &err))
		return fail(flow, NULL, &err);
	flow->has_condition = (flow->unseen || flow->intent.found == S3_INTENT_FOUND_NOTHING) &&
		!flow->callers_condition && !flow->condition_refused &&
		!s3_server_facts_find(flow->put.endpoint_host)->no_conditional_put;

	/*
	 * Another put may have found out meanwhile that the server has no
	 * conditions.
	 */
	if (flow->unseen && !flow->has_condition && !flow->callers_condition)
		return fail_unseen(flow, &flow->look);
	if (flow->has_condition)
		s3_fields_add(&flow->put.request.headers, "if-none-match", "*");
	if (flow->intent.etag[0] != '\0')
		flow->put.request.md5 = flow->intent.etag;
	flow->step = S3_PUT_FLOW_UPLOAD;
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
		return stored(flow);
	}
	if (!flow->has_condition)
		return fail(flow, finished->call, err);
	if (err->kind == S3_ERROR_UNSUPPORTED)
	{
		/* It may have meant another header: the next upload shows. */
		flow->condition_refused = true;
		return begin_again(flow);
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
stored(S3PutFlow *flow)
{
	s3_stored_objects_note(&flow->put.location);
	return end(flow, S3_PUT_FLOW_STORED);
}

static S3Call *
compare(S3PutFlow *flow, const S3Finished *finished)
{
	S3ObjectInfo info;
	S3Error		err;

	if (is_stored(finished, &flow->put.request, &info))
	{
		/* The version may be of another put with the same content. */
		s3_intent_note_stored(&flow->intent, info.etag, "", 0);
		return stored(flow);
	}
	/* Do not store the content twice where it may be there already. */
	if (!finished->ok && finished->err.kind != S3_ERROR_NOT_FOUND)
		return fail(flow, finished->call, &finished->err);
	s3_error_set(&err, S3_ERROR_CONFLICT, "the object is being written by somebody else");
	return note_race(flow, finished->call, &err);
}

/* Does the object have the content that the request sent? */
static bool
is_stored(const S3Finished *finished, const S3Request *put, S3ObjectInfo *info)
{
	const char *md5 = put->md5;
	S3Error		err;

	if (!finished->ok || !s3_response_object(&finished->response, info, &err))
		return false;
	if (md5 == NULL)
		md5 = s3_body_hash(s3_digest_md5(&err), put->body, &err);
	return (info->size == (int64) put->body.len || info->size == S3_SIZE_UNKNOWN) && info->etag != NULL && md5 != NULL &&
		strcmp(info->etag, md5) == 0;
}

/* Ends the attempts with a server that reports every name as taken. */
static S3Call *
note_race(S3PutFlow *flow, S3Call *call, const S3Error *err)
{
	if (++flow->races > RACES_MAX)
		return fail(flow, call, err);
	s3_intent_abandon(&flow->intent);
	return flow->free_name ? try_other_name(flow) : begin_again(flow);
}

/* Under the same name, with a new intent: that of the first attempt has ended. */
static S3Call *
begin_again(S3PutFlow *flow)
{
	unlock_name(flow);
	(void) s3_put_open(&flow->put, flow->command, flow->name, &flow->arguments);
	return begin(flow);
}

static S3Call *
try_other_name(S3PutFlow *flow)
{
	S3Error		err;

	unlock_name(flow);
	if (flow->intent.found == S3_INTENT_NOT_LOOKED)
		s3_intent_settle(&flow->intent);
	flow->intent.id = 0;
	if (++flow->names >= S3_NAME_ATTEMPTS_MAX)
	{
		(void) s3_available_name_all_taken(flow->url, &err);
		return fail(flow, NULL, &err);
	}
	flow->name = s3_available_name_try_alternative(flow->url, flow->command, 0, &err);
	if (flow->name == NULL)
		return fail(flow, NULL, &err);
	(void) s3_put_open(&flow->put, flow->command, flow->name, &flow->arguments);
	return begin(flow);
}

static bool
lock_name(S3PutFlow *flow)
{
	flow->object = s3_object_identity(&flow->put.location).object;
	flow->locked = s3_writer_lock_name(flow->object);
	return flow->locked;
}

static void
unlock_name(S3PutFlow *flow)
{
	if (flow->locked)
		s3_writer_lock_name_end(flow->object);
	flow->locked = false;
}

static S3Call *
end(S3PutFlow *flow, S3PutStep step)
{
	unlock_name(flow);
	flow->step = step;
	return NULL;
}

/* An item of an array fails alone, and its transaction may commit all the same. */
static S3Call *
fail(S3PutFlow *flow, S3Call *call, const S3Error *err)
{
	s3_intent_abandon(&flow->intent);
	flow->failed = call;
	flow->err = *err;
	return end(flow, S3_PUT_FLOW_FAILED);
}
