/*-------------------------------------------------------------------------
 *
 * remove_objects.c
 *	  Removes the objects of a batch of deletions.
 *
 *	  check		 before anything is marked: the URL, the endpoint, read-only
 *	  prepare	 that again, and are there credentials
 *	  look up	 HEAD, many at a time: does the object exist, and was it
 *				 written before its deletion was queued; where that does not
 *				 tell, ListObjectsV2
 *	  delete	 DeleteObjects, up to 1,000 objects a request
 *
 * Guarantees: an object that was written after its deletion was queued stays.
 * Where its time of writing does not tell, it stays for delete_grace: its
 * writer may be about to name it in a row.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "base/date.h"
#include "client/batch.h"
#include "client/call.h"
#include "client/delete_objects.h"
#include "client/listing.h"
#include "client/object_requests.h"
#include "client/server_facts.h"
#include "credentials/credentials.h"
#include "miscadmin.h"
#include "removal/remove_objects.h"
#include "removal/written_before.h"
#include "s3/list_page.h"
#include "s3/response.h"
#include "s3/retry.h"
#include "utils/memutils.h"

#define COMMAND			"s3_drain()"
#define THROTTLED_WAIT	5000	/* ms */
#define PROTECTED_WAIT	60000	/* ms until a read-only endpoint is tried
								 * again */
#define DOWN_WAIT		2000	/* ms */
#define HTTP_UNAVAILABLE	503 /* answers to HEAD have no error code that
								 * says more */
#define LOST_MAX		3		/* calls in a row without an answer, after
								 * which the server is taken to be down */
#define HOST_MAX		S3_SERVER_NAME_MAX

/* The request whose answer an item waits for. */
typedef enum Stage
{
	STAGE_HEAD,
	STAGE_LIST,					/* for the exact time of writing */
	STAGE_BUCKET				/* does the bucket exist */
} Stage;

typedef struct LookUp
{
	S3GateItem *item;
	Stage		stage;
	S3Call		call;
	const char *key;			/* of the object on the server */
	S3WrittenBeforeQuestion question;
} LookUp;

typedef struct LookUps
{
	S3GateItem **items;
	int			count;
	MemoryContext context;		/* for what outlives an item */
	char		lost_host[HOST_MAX];	/* the last that did not answer */
	int			lost;			/* calls in a row without an answer */
	char	   *good_bucket;	/* scheme://bucket known to exist, or NULL */
} LookUps;

static void open_call(S3GateItem *item, bool with_credentials);
static void look_up(S3GateBatch *batch);
static S3Call *step(S3BatchItem *many, const S3Finished *finished, void *arg);
static void emit(S3BatchItem *many, void *arg);
static S3Call *start_look_up(S3BatchItem *many, LookUps *look_ups);
static S3Call *start_list(S3BatchItem *many, LookUp *state, Stage stage);
static S3Call *finish_head(S3BatchItem *many, LookUps *look_ups, const S3Finished *finished);
static S3Call *judge_head(S3BatchItem *many, LookUp *state, const S3Finished *finished);
static void finish_list(LookUp *state, const S3Finished *finished);
static bool find_exact_time(const LookUp *state, const S3Finished *finished, int64 *written);
static void finish_bucket(S3BatchItem *many, LookUps *look_ups, const S3Finished *finished);
static void decide_by_age(LookUp *state, S3WrittenBefore age);
static bool is_good_bucket(const LookUps *look_ups, const S3Call *call);
static char *bucket_name(const S3Call *call);
static void note_answer(LookUps *look_ups, const S3Call *call, const S3Finished *finished);
static void delete_open(S3GateBatch *batch);
static void settle(S3GateItem *item, const S3DeleteItem *deletion);
static void fail(S3GateItem *item, const S3Error *err);
static void fail_with(S3GateItem *item, const ErrorData *error);

void
s3_remove_objects(S3GateBatch *batch)
{
	for (int i = 0; i < batch->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (batch->items[i].fate == S3_FATE_OPEN)
			open_call(&batch->items[i], true);
	}
	look_up(batch);
	delete_open(batch);
}

void
s3_remove_objects_check(S3GateItem *item)
{
	open_call(item, false);
}

/*
 * Finds for each item the errors that would later be thrown for all of them.
 * Looking for credentials may take requests.
 */
static void
open_call(S3GateItem *item, bool with_credentials)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(context, "s3store deletion",
												  ALLOCSET_SMALL_SIZES);

	MemoryContextSwitchTo(scratch);
	PG_TRY();
	{
		S3Call		call;

		if (!s3_call_open(&call, S3_DELETE_OBJECT, COMMAND, S3_CALL_REQUEST, item->url))
			elog(ERROR, "the URL of a queued deletion names no object");
		if (with_credentials && !s3_call_is_unsigned(&call))
			(void) s3_credentials_find(call.endpoint);
		MemoryContextSwitchTo(context);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			error->sqlerrcode == ERRCODE_OUT_OF_MEMORY)
			PG_RE_THROW();
		FlushErrorState();
		fail_with(item, error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextDelete(scratch);
}

/* Versions are left out: a version is written once. */
static void
look_up(S3GateBatch *batch)
{
	LookUps		look_ups = {.context = CurrentMemoryContext};
	S3BatchWork work = {.step = step,.emit = emit,.arg = &look_ups};
	Datum	   *urls = palloc(batch->count * sizeof(Datum));
	bool	   *nulls = palloc0(batch->count * sizeof(bool));

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
	note_answer(look_ups, finished->call, finished);
	if (state->stage == STAGE_HEAD)
		return finish_head(many, look_ups, finished);
	if (state->stage == STAGE_LIST)
		finish_list(state, finished);
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
		fail(state->item, &err);
		return NULL;
	}
	if (look_ups->lost < LOST_MAX || strcmp(look_ups->lost_host, state->call.request.host) != 0)
		return &state->call;
	s3_gate_decide(state->item, S3_FATE_WAITS, DOWN_WAIT, "the server does not answer");
	return NULL;
}

/* Lists one object: the first whose key begins with this one's. */
static S3Call *
start_list(S3BatchItem *many, LookUp *state, Stage stage)
{
	state->stage = stage;
	state->key = state->call.key.data;
	(void) s3_call_open_bucket(&state->call, S3_LIST_OBJECTS_V2, COMMAND, many->url);
	s3_listing_add_query(&state->call, state->key, 1);
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
	if (finished->err.http_status == HTTP_UNAVAILABLE)
		s3_gate_decide(state->item, S3_FATE_WAITS, THROTTLED_WAIT,
					   "the server is busy, or asks for fewer requests");
	else if (finished->err.kind != S3_ERROR_NOT_FOUND)
		fail(state->item, &finished->err);
	else if (is_good_bucket(look_ups, finished->call))
		s3_gate_decide(state->item, S3_FATE_DELETED, 0, NULL);
	else
		return start_list(many, state, STAGE_BUCKET);
	return NULL;
}

/*
 * Headers have whole seconds; where these do not tell, a list may have
 * fractions.  Without a Date header, the server's clock is taken to be ours.
 */
static S3Call *
judge_head(S3BatchItem *many, LookUp *state, const S3Finished *finished)
{
	S3WrittenBeforeQuestion *question = &state->question;
	char	   *date = s3_response_header(&finished->response, "date");
	S3ObjectInfo info;
	int64		seconds;
	S3WrittenBefore age;
	S3Error		err;

	if (!s3_response_object(&finished->response, &info, &err))
	{
		fail(state->item, &err);
		return NULL;
	}
	if (state->item->recovers)
	{
		state->item->unsure = false;
		s3_gate_decide(state->item, S3_FATE_WAITS, 1,
					   state->item->attempts > 0 ? NULL : "the object is still there");
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
	question->answered = GetCurrentTimestamp();
	question->server_now = date != NULL && s3_date_parse_http(date, &seconds) ?
		s3_date_from_unix(seconds) : question->asked;
	age = s3_written_before(question);
	if (age == S3_WRITTEN_UNCLEAR)
		return start_list(many, state, STAGE_LIST);
	decide_by_age(state, age);
	return NULL;
}

static void
finish_list(LookUp *state, const S3Finished *finished)
{
	S3WrittenBeforeQuestion *question = &state->question;
	S3WrittenBefore age = S3_WRITTEN_UNCLEAR;

	if (find_exact_time(state, finished, &question->written))
	{
		question->precision = 1000;
		age = s3_written_before(question);
	}
	/* A writer has had enough time to name it in a row. */
	if (age == S3_WRITTEN_UNCLEAR &&
		question->answered - question->queued > s3_guc_delete_grace * INT64CONST(1000))
		age = S3_WRITTEN_BEFORE;
	decide_by_age(state, age);
}

/* Whole seconds are exact only where the server has sent fractions before. */
static bool
find_exact_time(const LookUp *state, const S3Finished *finished, int64 *written)
{
	S3ServerFacts *server = s3_server_facts_find(finished->call->endpoint_host);
	S3ListPage	page;
	S3Error		err;

	if (!finished->ok ||
		!s3_list_page_parse(s3_slice(finished->response.body, finished->response.body_len),
							S3_LIST_PAGE_OBJECTS, &page, &err) ||
		page.count == 0 || !page.items[0].has_last_modified ||
		!s3_slice_equal(page.items[0].key, s3_slice_cstring(state->key)))
		return false;
	if (page.items[0].last_modified % USECS_PER_SEC != 0)
		server->exact_times = true;
	if (!server->exact_times)
		return false;
	*written = page.items[0].last_modified - S3_EPOCH_SECONDS * USECS_PER_SEC;
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
		fail(state->item, &finished->err);
		return;
	}
	old_context = MemoryContextSwitchTo(look_ups->context);
	look_ups->good_bucket = bucket_name(finished->call);
	MemoryContextSwitchTo(old_context);
	s3_gate_decide(state->item, S3_FATE_DELETED, 0, NULL);
}

/* An object that was written before stays open, and is deleted. */
static void
decide_by_age(LookUp *state, S3WrittenBefore age)
{
	if (age == S3_WRITTEN_AFTER)
		s3_gate_decide(state->item, S3_FATE_REFUSED, 0,
					   "the object was written again after its deletion was queued, and no row names it");
	else if (age == S3_WRITTEN_UNCLEAR)
		s3_gate_decide(state->item, S3_FATE_WAITS, s3_guc_delete_grace + 1,
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

/* So that a server that is down is not asked for every object. */
static void
note_answer(LookUps *look_ups, const S3Call *call, const S3Finished *finished)
{
	if (finished->ok || finished->err.kind != S3_ERROR_CONNECTION)
		look_ups->lost = 0;
	else
	{
		look_ups->lost++;
		strlcpy(look_ups->lost_host, call->request.host, sizeof(look_ups->lost_host));
	}
}

static void
delete_open(S3GateBatch *batch)
{
	S3DeleteItem *deletions = palloc0(batch->count * sizeof(S3DeleteItem));
	S3GateItem **items = palloc(batch->count * sizeof(S3GateItem *));
	int			count = 0;

	for (int i = 0; i < batch->count; i++)
	{
		if (batch->items[i].fate != S3_FATE_OPEN || batch->items[i].recovers)
			continue;
		deletions[count].url = batch->items[i].url;
		deletions[count].version_id = batch->items[i].version_id;
		items[count++] = &batch->items[i];
	}
	if (count == 0)
		return;
	s3_delete_objects(deletions, count, COMMAND);
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
			s3_gate_decide(item, S3_FATE_WAITS, THROTTLED_WAIT, deletion->error);
			break;
		default:
			s3_gate_decide(item, S3_FATE_FAILED, 0, deletion->error);
	}
}

static void
fail(S3GateItem *item, const S3Error *err)
{
	char	   *reason = err->detail[0] == '\0' ? pstrdup(err->message) :
		psprintf("%s: %s", err->message, err->detail);

	if (s3_retry_reason(err, true) == S3_RETRY_THROTTLED)
		s3_gate_decide(item, S3_FATE_WAITS, THROTTLED_WAIT, s3_error_text(reason));
	else
		s3_gate_decide(item, S3_FATE_FAILED, 0, s3_error_text(reason));
}

static void
fail_with(S3GateItem *item, const ErrorData *error)
{
	if (error->sqlerrcode == ERRCODE_READ_ONLY_SQL_TRANSACTION)
		s3_gate_decide(item, S3_FATE_WAITS, PROTECTED_WAIT, error->message);
	else
		s3_gate_decide(item, S3_FATE_FAILED, 0, error->message);
}
