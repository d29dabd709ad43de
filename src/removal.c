/*-------------------------------------------------------------------------
 *
 * removal.c
 *	  Removes the objects of claimed deletions.
 *
 * Guarantees: an object that was written after its deletion was queued stays.
 * Where its time of writing does not tell, it stays until that is long ago:
 * whoever has written it may be about to name it in a row.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "age.h"
#include "client.h"
#include "date.h"
#include "encoding.h"
#include "list.h"
#include "miscadmin.h"
#include "object.h"
#include "removal.h"
#include "response.h"

#define COMMAND			"s3_drain()"
#define THROTTLED_WAIT	5000	/* ms */
#define PROTECTED_WAIT	60000	/* ms until a protected storage is tried again */

static void remove_item(S3ClaimedItem *item);
static void remove_object(S3ClaimedItem *item);
static bool is_ours_to_delete(S3ClaimedItem *item);
static S3Age age_of(const S3ClaimedItem *item, const S3HttpResponse *response,
					const S3ObjectInfo *info);
static bool find_exact_time(text *url, int64 *microseconds);
static bool bucket_answers(text *url, S3Error *err);
static void delete_object(S3ClaimedItem *item);
static void fail(S3ClaimedItem *item, const S3Error *err);
static bool is_throttled(const S3Error *err);
static void fail_with(S3ClaimedItem *item, const ErrorData *error);

void
s3_removal_run(S3Claims *claims)
{
	for (int i = 0; i < claims->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (claims->items[i].fate == S3_FATE_OPEN)
			remove_item(&claims->items[i]);
	}
}

/* One that cannot be asked for does not stop the others. */
static void
remove_item(S3ClaimedItem *item)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		remove_object(item);
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
}

static void
remove_object(S3ClaimedItem *item)
{
	S3Call		call;

	/* First of all, throws where it may not be deleted. */
	if (!s3_call_open(&call, S3_DELETE_OBJECT, COMMAND, S3_CALL_REQUEST, item->url))
		elog(ERROR, "the URL of a queued deletion names no object");
	if (item->version_id != NULL || is_ours_to_delete(item))
		delete_object(item);
}

/* A version is written once: it needs no such question. */
static bool
is_ours_to_delete(S3ClaimedItem *item)
{
	S3Call		call;
	S3HttpResponse response;
	S3ObjectInfo info;
	S3Error		err;

	(void) s3_call_open(&call, S3_HEAD_OBJECT, COMMAND, S3_CALL_REQUEST, item->url);
	if (!s3_call_perform(&call, &response, &err) ||
		!s3_response_object(&response, &info, &err))
	{
		if (err.kind != S3_ERROR_NOT_FOUND)
			fail(item, &err);
		else if (bucket_answers(item->url, &err))
			s3_drain_decide(item, S3_FATE_DELETED, 0, NULL);
		else
			fail(item, &err);
		return false;
	}
	switch (age_of(item, &response, &info))
	{
		case S3_AGE_BEFORE:
			return true;
		case S3_AGE_AFTER:
			s3_drain_decide(item, S3_FATE_KEPT, 0, NULL);
			break;
		case S3_AGE_UNCLEAR:
			s3_drain_decide(item, S3_FATE_WAITS, s3_guc_delete_grace + 1,
							"the object was written at the moment at which its deletion was queued");
	}
	return false;
}

/*
 * The headers have whole seconds; where these do not tell, a list may know
 * more.  A server without a date of its own is taken to have our clock.
 */
static S3Age
age_of(const S3ClaimedItem *item, const S3HttpResponse *response, const S3ObjectInfo *info)
{
	S3AgeQuestion question = {.precision = USECS_PER_SEC};
	char	   *date = s3_response_header(response, "date");
	int64		seconds;
	S3Age		age;

	if (!info->has_last_modified)
		return S3_AGE_UNCLEAR;
	question.written = s3_date_from_unix(info->last_modified);
	question.queued = item->queued_at;
	question.own_now = GetCurrentTimestamp();
	question.server_now = date != NULL && s3_parse_http_date(date, &seconds) ?
		s3_date_from_unix(seconds) : question.own_now;
	age = s3_age(&question);
	if (age != S3_AGE_UNCLEAR)
		return age;
	if (find_exact_time(item->url, &question.written))
	{
		question.precision = 1000;
		age = s3_age(&question);
	}
	/* Whoever has written it has had the time to name it. */
	if (age == S3_AGE_UNCLEAR &&
		question.own_now - item->queued_at > s3_guc_delete_grace * INT64CONST(1000))
		age = S3_AGE_BEFORE;
	return age;
}

/* A time in whole seconds is taken for one that is not exact. */
static bool
find_exact_time(text *url, int64 *microseconds)
{
	S3ListOptions options = {.command = COMMAND,.url = url,.max_items = 1};
	S3Listing  *listing = s3_listing_start(&options);
	const S3ListItem *found = s3_listing_next(listing);
	text	   *found_url;

	if (found == NULL || found->kind != S3_LIST_OBJECT || !found->has_last_modified ||
		found->last_modified % USECS_PER_SEC == 0)
		return false;
	found_url = s3_listing_url(listing, found);
	*microseconds = found->last_modified - S3_EPOCH_SECONDS * USECS_PER_SEC;
	return VARSIZE_ANY_EXHDR(found_url) == VARSIZE_ANY_EXHDR(url) &&
		memcmp(VARDATA_ANY(found_url), VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url)) == 0;
}

/*
 * The answer to a HEAD does not tell a missing object from a missing bucket,
 * nor a server of S3 from any other.
 */
static bool
bucket_answers(text *url, S3Error *err)
{
	S3Call		call;
	S3HttpResponse response;

	(void) s3_call_open_bucket(&call, S3_LIST_OBJECTS_V2, COMMAND, url);
	s3_fields_add(&call.request.query, "list-type", "2");
	s3_fields_add(&call.request.query, "max-keys", "1");
	return s3_call_perform(&call, &response, err) || err->kind == S3_ERROR_DENIED;
}

static void
delete_object(S3ClaimedItem *item)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	(void) s3_call_open(&call, S3_DELETE_OBJECT, COMMAND, S3_CALL_REQUEST, item->url);
	if (item->version_id != NULL)
		s3_fields_add(&call.request.query, "versionId", item->version_id);
	if (s3_call_perform(&call, &response, &err) || s3_object_is_gone(&err))
		s3_drain_decide(item, S3_FATE_DELETED, 0, NULL);
	else
		fail(item, &err);
}

static void
fail(S3ClaimedItem *item, const S3Error *err)
{
	char	   *reason = err->detail[0] == '\0' ? pstrdup(err->message) :
	psprintf("%s: %s", err->message, err->detail);

	if (err->kind == S3_ERROR_READ_ONLY)
		s3_drain_decide(item, S3_FATE_WAITS, PROTECTED_WAIT, s3_server_cstring(reason));
	else if (is_throttled(err))
		s3_drain_decide(item, S3_FATE_WAITS, THROTTLED_WAIT, s3_server_cstring(reason));
	else
		s3_drain_decide(item, S3_FATE_FAILED, 0, s3_server_cstring(reason));
}

static bool
is_throttled(const S3Error *err)
{
	return err->http_status == 429 ||
		strcmp(err->code, "SlowDown") == 0 ||
		strncmp(err->code, "Throttl", strlen("Throttl")) == 0 ||
		strcmp(err->code, "RequestLimitExceeded") == 0;
}

static void
fail_with(S3ClaimedItem *item, const ErrorData *error)
{
	if (error->sqlerrcode == ERRCODE_READ_ONLY_SQL_TRANSACTION)
		s3_drain_decide(item, S3_FATE_WAITS, PROTECTED_WAIT, error->message);
	else
		s3_drain_decide(item, S3_FATE_FAILED, 0, error->message);
}
