/*-------------------------------------------------------------------------
 *
 * remove_objects.c
 *	  Removes the objects of a batch of deletions.
 *
 *	  check		 before anything is marked: the URL, the endpoint, read-only
 *	  prepare	 that again, and are there credentials; of puts to undo,
 *				 versions and uploads are removed
 *	  look up	 HEAD, many at a time: does the object exist, and is it the
 *				 one that is meant: by its ETag, or by the time at which it was
 *				 written; where that does not tell, ListObjectsV2; of puts to
 *				 undo, by ETag and size
 *	  delete	 DeleteObjects, up to 1,000 objects a request
 *
 * Guarantees: an object that was written after its deletion was met stays (met_at
 * in gate.h), and one that has not the ETag that is meant.  Where it was written
 * since its deletion was queued, or its time does not tell, it stays for
 * delete_grace: its writer may be about to name it in a row.  Takes
 * a few delete_timeouts at most, whatever the server does; the caller limits the
 * time of calls.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "base/date.h"
#include "client/batch.h"
#include "client/call.h"
#include "client/delete_objects.h"
#include "client/list_one.h"
#include "client/object_requests.h"
#include "client/server_facts.h"
#include "credentials/credentials.h"
#include "miscadmin.h"
#include "queue/queue.h"
#include "removal/remove_objects.h"
#include "removal/turn.h"
#include "removal/undo.h"
#include "removal/written_before.h"
#include "s3/response.h"
#include "utils/memutils.h"

#define COMMAND			"s3_drain()"
#define PROTECTED_WAIT	60000	/* ms until a read-only endpoint is tried
								 * again */
#define HTTP_UNAVAILABLE	503 /* answers to HEAD have no error code that
								 * says more */
#define HTTP_BAD_REQUEST	400

/* The request whose answer an item waits for. */
typedef enum Stage
{
	STAGE_HEAD,
	STAGE_LIST,					/* for the exact time of writing */
	STAGE_LIST_ALONE,			/* instead of a HEAD, which needs a key */
	STAGE_BUCKET				/* does the bucket exist */
} Stage;

typedef struct LookUp
{
	S3GateItem *item;
	Stage		stage;
	S3Call		call;
	S3Error		err;			/* of the HEAD, before STAGE_LIST_ALONE */
	const char *key;			/* of the object on the server */
	S3WrittenBeforeQuestion question;
} LookUp;

typedef struct LookUps
{
	S3GateItem **items;
	int			count;
	S3Turn	   *turn;
	MemoryContext context;		/* for what outlives an item */
	char	   *good_bucket;	/* scheme://bucket known to exist, or NULL */
} LookUps;

static int	try(S3GateItem *item, void (*step) (S3GateItem *item));
static void open_call(S3GateItem *item);
static void prepare(S3GateItem *item);
static void undo_known(S3GateBatch *batch, S3Turn *turn);
static void undo_unknown(S3GateBatch *batch, S3Turn *turn);
static void undo_unknown_of(S3GateItem *item);
static void look_up(S3GateBatch *batch, S3Turn *turn);
static S3Call *step(S3BatchItem *many, const S3Finished *finished, void *arg);
static void emit(S3BatchItem *many, void *arg);
static S3Call *start_look_up(S3BatchItem *many, LookUps *look_ups);
static S3Call *start_list(S3BatchItem *many, LookUp *state, Stage stage);
static S3Call *finish_head(S3BatchItem *many, LookUps *look_ups, const S3Finished *finished);
static S3Call *judge_head(S3BatchItem *many, LookUp *state, const S3Finished *finished);
static bool judge_missing(S3GateItem *item, const S3Finished *finished);
static void judge_undo(S3GateItem *item, const S3ObjectInfo *info);
static bool may_come_yet(S3GateItem *item);
static bool recover(S3GateItem *item);
static void judge_listed(LookUp *state, const S3Finished *finished);
static TimestampTz server_time(const S3Finished *finished, TimestampTz ours);
static void finish_list(LookUp *state, const S3Finished *finished);
static bool find_exact_time(const LookUp *state, const S3Finished *finished, int64 *written);
static void finish_bucket(S3BatchItem *many, LookUps *look_ups, const S3Finished *finished);
static void decide_by_age(LookUp *state, S3WrittenBefore age);
static bool is_good_bucket(const LookUps *look_ups, const S3Call *call);
static char *bucket_name(const S3Call *call);
static void delete_open(S3GateBatch *batch, S3Turn *turn);
static void settle(S3GateItem *item, const S3DeleteItem *deletion);
static void fail_with(S3GateItem *item, const ErrorData *error);

/*
 * There is one turn to undo, one to look objects up, and one to delete what was
 * looked up: so some of a batch gets done, however slow the server is.
 */
void
s3_remove_objects(S3GateBatch *batch)
{
	S3Turn		turn = {0};

	for (int i = 0; i < batch->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (batch->items[i].fate == S3_FATE_OPEN)
			(void) try(&batch->items[i], prepare);
	}
	undo_known(batch, &turn);
	look_up(batch, &turn);
	undo_unknown(batch, &turn);
	delete_open(batch, &turn);
}

static void
undo_known(S3GateBatch *batch, S3Turn *turn)
{
	s3_turn_start(turn);
	s3_undo_known(batch, COMMAND, turn);
	for (int i = 0; i < batch->count; i++)
	{
		S3GateItem *item = &batch->items[i];

		if (item->undo != NULL && item->fate == S3_FATE_OPEN && !s3_undo_plan_looks(item->undo))
			s3_undo_plan_end(item);
	}
}

/* One after the other, as long as the server's turn lasts. */
static void
undo_unknown(S3GateBatch *batch, S3Turn *turn)
{
	s3_turn_start(turn);
	for (int i = 0; i < batch->count; i++)
	{
		S3GateItem *item = &batch->items[i];

		if (item->undo != NULL && item->fate == S3_FATE_OPEN && item->undo->lists &&
			s3_turn_goes_on(turn, NULL, item))
			s3_turn_note_thrown(turn, try(item, undo_unknown_of));
	}
}

void
s3_remove_objects_check(S3GateItem *item)
{
	(void) try(item, open_call);
}

/*
 * What the step throws is the item's failure, and nobody else's.  Returns its
 * SQLSTATE, or 0.
 */
static int
try(S3GateItem *item, void (*step) (S3GateItem *item))
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(context, "s3store deletion",
												  ALLOCSET_SMALL_SIZES);
	volatile int thrown = 0;

	MemoryContextSwitchTo(scratch);
	PG_TRY();
	{
		step(item);
		MemoryContextSwitchTo(context);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			error->sqlerrcode == ERRCODE_OUT_OF_MEMORY ||
			ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
			PG_RE_THROW();
		FlushErrorState();
		fail_with(item, error);
		thrown = error->sqlerrcode;
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextDelete(scratch);
	return thrown;
}

/* Throws what is wrong with the URL, its endpoint, or writing to it. */
static void
open_call(S3GateItem *item)
{
	S3Call		call;

	if (!s3_call_open(&call, S3_DELETE_OBJECT, COMMAND, S3_CALL_REQUEST, item->url))
		elog(ERROR, "the URL of a queued deletion names no object");
}

/*
 * Finds the errors that would later be thrown for all of a batch.  Looking for
 * credentials may take requests.
 */
static void
prepare(S3GateItem *item)
{
	S3Call		call;

	open_call(item);
	(void) s3_call_open(&call, S3_DELETE_OBJECT, COMMAND, S3_CALL_REQUEST, item->url);
	if (!s3_call_is_unsigned(&call))
		(void) s3_credentials_find(call.endpoint);
}

static void
undo_unknown_of(S3GateItem *item)
{
	if (s3_undo_unknown(item, COMMAND))
		s3_gate_decide(item, S3_FATE_KEPT, 0, NULL);
	else
		s3_gate_decide(item, S3_FATE_REFUSED, 0, S3_UNDO_MAY_BE_OURS);
}

/* Versions are left out: a version is written once. */
static void
look_up(S3GateBatch *batch, S3Turn *turn)
{
	LookUps		look_ups = {.turn = turn,.context = CurrentMemoryContext};
	S3BatchWork work = {.step = step,.emit = emit,.arg = &look_ups};
	Datum	   *urls = palloc(batch->count * sizeof(Datum));
	bool	   *nulls = palloc0(batch->count * sizeof(bool));

	s3_turn_start(turn);
	look_ups.items = palloc(batch->count * sizeof(S3GateItem *));
	for (int i = 0; i < batch->count; i++)
	{
		if (batch->items[i].fate != S3_FATE_OPEN || batch->items[i].version_id != NULL)
			continue;
		urls[look_ups.count] = PointerGetDatum(batch->items[i].url);
		look_ups.items[look_ups.count++] = &batch->items[i];
	}
	if (look_ups.count > 0)
		s3_batch_run(&work, urls, nulls, look_ups.count);
}

static S3Call *
step(S3BatchItem *many, const S3Finished *finished, void *arg)
{
	LookUps    *look_ups = arg;
	LookUp	   *state = many->state;

	if (finished == NULL)
		return start_look_up(many, look_ups);
	s3_turn_note(look_ups->turn, finished);
	if (state->stage == STAGE_HEAD)
		return finish_head(many, look_ups, finished);
	if (state->stage == STAGE_LIST)
		finish_list(state, finished);
	else if (state->stage == STAGE_LIST_ALONE)
		judge_listed(state, finished);
	else
		finish_bucket(many, look_ups, finished);
	return NULL;
}

/* The items hold the results. */
static void
emit(S3BatchItem *many, void *arg)
{
}

static S3Call *
start_look_up(S3BatchItem *many, LookUps *look_ups)
{
	LookUp	   *state = palloc0(sizeof(LookUp));
	S3Error		err;

	many->state = state;
	state->item = look_ups->items[many->index];
	state->question.asked = GetCurrentTimestamp();
	if (s3_call_try_open(&state->call, S3_HEAD_OBJECT, COMMAND, many->url, &err) != S3_CALL_OPENED)
	{
		s3_turn_fail(state->item, &err);
		return NULL;
	}
	if (state->item->undo == NULL)
		state->call.explains = S3_EXPLAINS_ALL;
	return s3_turn_goes_on(look_ups->turn, &state->call, state->item) ? &state->call : NULL;
}

/* Lists one object: the first whose key begins with this one's. */
static S3Call *
start_list(S3BatchItem *many, LookUp *state, Stage stage)
{
	state->stage = stage;
	state->key = state->call.key.data;
	s3_list_one_open(&state->call, COMMAND, many->url, state->key);
	return &state->call;
}

/*
 * A 404 to HEAD does not tell a missing object from a missing bucket, or from a
 * server that is not one of S3, so the bucket is listed, too.
 */
static S3Call *
finish_head(S3BatchItem *many, LookUps *look_ups, const S3Finished *finished)
{
	LookUp	   *state = many->state;

	if (finished->ok)
		return judge_head(many, state, finished);
	if (state->item->kind == S3_QUEUE_UNDO && finished->err.kind == S3_ERROR_NOT_FOUND &&
		!judge_missing(state->item, finished))
		return NULL;
	if (state->item->undo != NULL && finished->err.kind == S3_ERROR_DENIED)
	{
		if (!may_come_yet(state->item))
			s3_gate_decide(state->item, S3_FATE_REFUSED, 0, S3_UNDO_MAY_BE_OURS);
		return NULL;
	}
	/* Perhaps it is encrypted with a key of its client's: a list tells more. */
	if (state->item->undo != NULL && finished->err.http_status == HTTP_BAD_REQUEST)
	{
		state->item->undo->lists = !may_come_yet(state->item);
		state->item->undo->encrypted = true;
		return NULL;
	}
	if (s3_response_wants_customer_key(&finished->err))
	{
		state->err = finished->err;
		return start_list(many, state, STAGE_LIST_ALONE);
	}
	if (finished->err.http_status == HTTP_UNAVAILABLE)
		s3_turn_throttled(state->item, "the server is busy, or asks for fewer requests");
	else if (finished->err.kind != S3_ERROR_NOT_FOUND)
		s3_turn_fail(state->item, &finished->err);
	else if (is_good_bucket(look_ups, finished->call))
		s3_gate_decide(state->item, S3_FATE_DELETED, 0, NULL);
	else
		return start_list(many, state, STAGE_BUCKET);
	return NULL;
}

/*
 * Headers have whole seconds; where these do not tell, a list may have
 * fractions.
 */
static S3Call *
judge_head(S3BatchItem *many, LookUp *state, const S3Finished *finished)
{
	S3WrittenBeforeQuestion *question = &state->question;
	S3ObjectInfo info;
	S3WrittenBefore age;
	S3Error		err;

	if (!s3_response_object(&finished->response, &info, &err))
	{
		s3_turn_fail(state->item, &err);
		return NULL;
	}
	if (recover(state->item))
		return NULL;
	if (state->item->undo != NULL)
	{
		judge_undo(state->item, &info);
		return NULL;
	}
	if (state->item->etag != NULL && info.etag != NULL)
	{
		decide_by_age(state, strcmp(state->item->etag, info.etag) == 0 ?
					  S3_WRITTEN_BEFORE : S3_WRITTEN_AFTER);
		return NULL;
	}
	if (!info.has_last_modified)
	{
		decide_by_age(state, S3_WRITTEN_UNCLEAR);
		return NULL;
	}
	question->precision = USECS_PER_SEC;
	question->written = s3_date_from_unix(info.last_modified);
	question->queued = state->item->queued_at;
	question->met = state->item->met_at;
	question->answered = GetCurrentTimestamp();
	question->server_now = server_time(finished, question->asked);
	age = s3_written_before(question);
	if (age == S3_WRITTEN_UNCLEAR)
		return start_list(many, state, STAGE_LIST);
	decide_by_age(state, age);
	return NULL;
}

/* Did the item only ask whether its object is still there? */
static bool
recover(S3GateItem *item)
{
	if (!item->recovers)
		return false;
	item->unsure = false;
	s3_gate_decide(item, S3_FATE_WAITS, 1,
				   item->attempts > 0 ? NULL : "the object is still there");
	return true;
}

/*
 * The same of an object that is encrypted with a key of its client's.  Where none
 * is listed the HEAD was refused for another reason, or the list is not whole:
 * that does not show that the object is gone.
 */
static void
judge_listed(LookUp *state, const S3Finished *finished)
{
	S3WrittenBeforeQuestion *question = &state->question;
	S3ListItem	listed;
	S3Error		err;

	if (!s3_list_one_find(finished, state->key, &listed, &err))
	{
		s3_turn_fail(state->item, &state->err);
		return;
	}
	if (recover(state->item))
		return;
	if (state->item->etag != NULL && listed.etag.data != NULL)
	{
		decide_by_age(state, s3_slice_equal(s3_slice_cstring(state->item->etag), listed.etag) ?
					  S3_WRITTEN_BEFORE : S3_WRITTEN_AFTER);
		return;
	}
	question->queued = state->item->queued_at;
	question->met = state->item->met_at;
	question->answered = GetCurrentTimestamp();
	question->server_now = server_time(finished, question->asked);
	finish_list(state, finished);
}

/* Without a Date header, the server's clock is taken to be ours. */
static TimestampTz
server_time(const S3Finished *finished, TimestampTz ours)
{
	int64		seconds;

	return s3_response_date(&finished->response, &seconds) ? s3_date_from_unix(seconds) : ours;
}

/*
 * The object of an undo item is not there.  Returns false when no more is to be
 * asked about it now: its puts may yet come, or have left versions behind a
 * delete marker.
 */
static bool
judge_missing(S3GateItem *item, const S3Finished *finished)
{
	if (item->recovers)
	{
		item->unsure = false;
		s3_gate_decide(item, S3_FATE_WAITS, 1, NULL);
	}
	else if (!may_come_yet(item) && s3_undo_plan_has_unknown_versions(item->undo) &&
			 s3_response_header(&finished->response, "x-amz-delete-marker") != NULL)
		item->undo->lists = true;
	return item->fate == S3_FATE_OPEN && !item->undo->lists;
}

/* What stands there goes if one of the puts to undo has written it. */
static void
judge_undo(S3GateItem *item, const S3ObjectInfo *info)
{
	S3UndoPlan *plan = item->undo;
	bool		is_version = info->version_id != NULL && strcmp(info->version_id, "null") != 0;

	plan->encrypted = info->server_side_encryption != NULL &&
		s3_starts_with(info->server_side_encryption, "aws:");
	if (may_come_yet(item))
		return;
	if (is_version && s3_undo_plan_has_unknown_versions(plan))
	{
		plan->lists = true;
		return;
	}
	if (s3_undo_plan_wrote(plan, info))
	{
		if (plan->removes_name)
			return;				/* open, and so deleted */
	}
	else if (plan->removes_name && s3_undo_plan_may_have_written(plan, info))
	{
		s3_gate_decide(item, S3_FATE_REFUSED, 0, S3_UNDO_MAY_BE_OURS);
		return;
	}
	s3_undo_plan_end(item);
}

static bool
may_come_yet(S3GateItem *item)
{
	int			wait = s3_undo_plan_wait(item);

	if (wait > 0)
		s3_gate_decide(item, S3_FATE_WAITS, wait,
					   "a request of the put had no answer, and may still be carried out");
	return wait > 0;
}

static void
finish_list(LookUp *state, const S3Finished *finished)
{
	S3WrittenBeforeQuestion *question = &state->question;
	S3WrittenBefore age = S3_WRITTEN_UNCLEAR;

	if (find_exact_time(state, finished, &question->written))
	{
		question->precision = question->written % USECS_PER_SEC != 0 ||
			s3_server_facts_find(finished->call->endpoint_host)->exact_times ? 1000 : USECS_PER_SEC;
		age = s3_written_before(question);
	}
	decide_by_age(state, age);
}

/* Whole seconds are exact only where the server has sent fractions before. */
static bool
find_exact_time(const LookUp *state, const S3Finished *finished, int64 *written)
{
	S3ServerFacts *server = s3_server_facts_find(finished->call->endpoint_host);
	S3ListItem	listed;
	S3Error		err;

	if (!s3_list_one_find(finished, state->key, &listed, &err) || !listed.has_last_modified)
		return false;
	if (listed.last_modified % USECS_PER_SEC != 0)
		server->exact_times = true;
	if (!server->exact_times && state->stage != STAGE_LIST_ALONE)
		return false;
	*written = listed.last_modified - S3_EPOCH_SECONDS * USECS_PER_SEC;
	return true;
}

/* "Access denied" says that the bucket exists, too. */
static void
finish_bucket(S3BatchItem *many, LookUps *look_ups, const S3Finished *finished)
{
	LookUp	   *state = many->state;
	MemoryContext old_context;

	if (!finished->ok && finished->err.kind != S3_ERROR_DENIED)
	{
		/* With its bucket, all that a put has left there is gone. */
		if (state->item->kind == S3_QUEUE_UNDO && strcmp(finished->err.code, "NoSuchBucket") == 0)
			s3_gate_decide(state->item, S3_FATE_DELETED, 0, NULL);
		else
			s3_turn_fail(state->item, &finished->err);
		return;
	}
	old_context = MemoryContextSwitchTo(look_ups->context);
	look_ups->good_bucket = bucket_name(finished->call);
	MemoryContextSwitchTo(old_context);
	s3_gate_decide(state->item, S3_FATE_DELETED, 0, NULL);
}

/*
 * The item of an object that is meant stays open, so the object is deleted; where
 * that is unclear, only once its writer has had enough time to name it in a row.
 */
static void
decide_by_age(LookUp *state, S3WrittenBefore age)
{
	if (age == S3_WRITTEN_AFTER)
		s3_gate_decide(state->item, S3_FATE_REFUSED, 0,
					   "the object was written again after its deletion was queued, and no row names it");
	else if (age == S3_WRITTEN_UNCLEAR &&
			 GetCurrentTimestamp() - state->item->met_at <= s3_guc_delete_grace * INT64CONST(1000))
		s3_gate_decide(state->item, S3_FATE_WAITS, Min(s3_guc_delete_grace, INT_MAX - 1) + 1,
					   "cannot tell yet whether the object was written before or after its deletion was queued");
}

static bool
is_good_bucket(const LookUps *look_ups, const S3Call *call)
{
	return look_ups->good_bucket != NULL &&
		strcmp(look_ups->good_bucket, bucket_name(call)) == 0;
}

static char *
bucket_name(const S3Call *call)
{
	return psprintf("%.*s://%.*s", S3_SLICE_ARGS(call->location.scheme),
					S3_SLICE_ARGS(call->location.bucket));
}

static void
delete_open(S3GateBatch *batch, S3Turn *turn)
{
	S3DeleteItem *deletions = palloc0(batch->count * sizeof(S3DeleteItem));
	S3GateItem **items = palloc(batch->count * sizeof(S3GateItem *));
	int			count = 0;

	for (int i = 0; i < batch->count; i++)
	{
		if (batch->items[i].fate != S3_FATE_OPEN || batch->items[i].recovers ||
			(batch->items[i].undo != NULL && batch->items[i].undo->lists))
			continue;
		deletions[count].url = batch->items[i].url;
		deletions[count].version_id = batch->items[i].version_id;
		items[count++] = &batch->items[i];
	}
	if (count == 0)
		return;
	s3_turn_start(turn);
	s3_delete_objects(deletions, count, COMMAND, turn->until);
	for (int i = 0; i < count; i++)
		settle(items[i], &deletions[i]);
}

static void
settle(S3GateItem *item, const S3DeleteItem *deletion)
{
	/* A late request for a version deletes nothing but that version. */
	item->unsure = deletion->unsure && item->version_id == NULL;
	switch (deletion->outcome)
	{
		case S3_DELETED:
			if (item->unsure)
				s3_gate_decide(item, S3_FATE_WAITS, 0,
							   "a request to delete the object had no answer, and may still be executed");
			else
				s3_gate_decide(item, S3_FATE_DELETED, 0, NULL);
			break;
		case S3_DELETE_THROTTLED:
			s3_turn_throttled(item, deletion->error);
			break;
		case S3_DELETE_NOT_SENT:
			s3_turn_is_over(item);
			break;
		default:
			s3_gate_decide(item, S3_FATE_FAILED, 0, deletion->error);
	}
}

static void
fail_with(S3GateItem *item, const ErrorData *error)
{
	if (error->sqlerrcode == ERRCODE_READ_ONLY_SQL_TRANSACTION)
		s3_gate_decide(item, S3_FATE_WAITS, PROTECTED_WAIT, error->message);
	else
		s3_gate_decide(item, S3_FATE_FAILED, 0, error->message);
}
