/*-------------------------------------------------------------------------
 *
 * intent.c
 *	  The intent of a put: what is needed to undo it when its transaction does
 *	  not commit, noted before anything is sent.
 *
 * Guarantees: nothing is sent before the intent is on disk.  Nothing is done at
 * commit or abort: the commit log says what became of the transaction.  The
 * commit of a transaction that has put something waits for the disk as
 * synchronous_commit says; otherwise a crash could undo a put whose commit was
 * reported.
 *
 * The last put of an object that has committed decides about it.  So the intents
 * of one object are in one journal, in order, and committed ones are kept while
 * another one is open.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "replication/message.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "backend/body_hash.h"
#include "backend/compat.h"
#include "base/date.h"
#include "journal/intent.h"
#include "journal/intent_outcome.h"
#include "journal/journal_home.h"
#include "journal/object_lock.h"
#include "queue/commit_hook.h"

#define COMPACT_SIZE	(32 * 1024) /* bytes that a journal grows between two
									 * tries to compact it */

static uint64 get_xid(void);
static uint64 random_id(void);
static const char *digest_of(const S3Call *put);
static const char *text_or_empty(const char *text);
static bool is_ours(const S3Intent *intent, const S3Before *before, const char *target);
static bool finds_leftover(const S3JournalContent *content, const S3Before *before,
						   const char *target);
static S3Journal *lock_object(const S3Call *call, int number, S3JournalMode mode, const char *target);
static TimestampTz removing_until(const S3JournalContent *content, const char *target);
static bool append_intent(S3PutIntent *handle, S3Journal *journal, S3Intent *intent,
						  const S3Before *before);
static bool has_leftovers(const S3JournalContent *content);
static S3Journal *compact(S3Journal *journal, int more);
static bool was_refused(const S3Finished *finished);
static void add_answer(StringInfo records, const S3PutIntent *intent,
					   const S3HttpResponse *response);
static void append_news(const S3PutIntent *intent, const StringInfoData *records, bool durable);

void
s3_intent_note_before(S3Before *before, const S3Finished *finished)
{
	S3Error		err;
	char	   *date;

	memset(before, 0, sizeof(*before));
	if (!finished->ok)
		before->state = finished->err.kind == S3_ERROR_NOT_FOUND ?
			S3_BEFORE_NOTHING : S3_BEFORE_UNKNOWN;
	else if (s3_response_object(&finished->response, &before->info, &err))
		before->state = S3_BEFORE_OBJECT;
	if (before->state == S3_BEFORE_UNKNOWN)
		return;
	date = s3_response_header(&finished->response, "date");
	if (date == NULL || !s3_date_parse_http(date, &before->date))
		before->date = 0;
}

bool
s3_intent_is_leftover(const S3Call *put, const S3Before *before)
{
	const char *target = s3_intent_target(put);
	S3Journal  *journal;
	bool		found;

	if (!put->endpoint->settings.put_undo)
		return false;
	journal = s3_journal_open(s3_journal_number(target), S3_JOURNAL_READ);
	if (journal == NULL)
		return false;
	found = !journal->foreign && finds_leftover(&journal->content, before, target);
	s3_journal_close(journal);
	return found;
}

bool
s3_intent_begin(S3PutIntent *handle, const S3Call *put, const S3Before *before)
{
	S3Intent	intent = {0};
	S3Journal  *journal;
	bool		good;

	memset(handle, 0, sizeof(*handle));
	if (!put->endpoint->settings.put_undo)
	{
		s3_intent_disown(put);
		return true;
	}
	handle->id = random_id();
	handle->etag = digest_of(put);

	intent.id = handle->id;
	intent.xid = get_xid();
	intent.created = GetCurrentTimestamp();
	intent.not_before = before->date;
	intent.size = (int64) put->request.body.len;
	intent.url = psprintf("%s://%.*s/%.*s", put->endpoint->scheme,
						  S3_SLICE_ARGS(put->location.bucket), S3_SLICE_ARGS(put->location.key));
	intent.target = s3_intent_target(put);
	intent.etag = handle->etag;
	intent.previous = text_or_empty(before->info.version_id);
	handle->number = s3_journal_number(intent.target);

	s3_commit_hook_note_put();
	journal = lock_object(put, handle->number, S3_JOURNAL_CREATE, intent.target);
	good = append_intent(handle, journal, &intent, before);
	s3_object_unlock(put);
	return good;
}

/*
 * After a crash, the ID of a transaction that has written nothing to the WAL is
 * assigned again, and the other transaction may commit; so a record with the ID
 * is written and flushed.  It also makes the commit wait for the disk, which
 * that of a transaction without WAL records does not: a crash could undo a put
 * whose commit was reported.
 */
static uint64
get_xid(void)
{
	static uint64 logged = 0;
	uint64		xid = U64FromFullTransactionId(GetCurrentFullTransactionId());

	if (xid != logged)
	{
		XLogFlush(LogTransactionMessage("s3store", "put", strlen("put")));
		logged = xid;
	}
	return xid;
}

static uint64
random_id(void)
{
	uint64		id;

	if (!pg_strong_random(&id, sizeof(id)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random identifier")));
	return id == 0 ? 1 : id;
}

/* The ETag that the object will have, unless its server encrypts it; or "". */
static const char *
digest_of(const S3Call *put)
{
	S3Slice		body = put->request.body;
	uint64		threshold = (uint64) put->endpoint->settings.multipart_threshold * 1024;
	char	   *md5;
	S3Error		err;

	/* The ETag of a multipart upload is not the MD5 of the content. */
	if ((body.data == NULL && body.len > 0) || body.len > threshold)
		return "";
	md5 = s3_body_hash(s3_digest_md5(&err), body, &err);
	return md5 == NULL ? "" : md5;
}

static const char *
text_or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

/*
 * Locks the object, so that no sweep removes it meanwhile.  When a sweep has
 * ended without an answer to its DELETE, waits until that can be executed no
 * more.  Returns the journal, or NULL when there is none.
 */
static S3Journal *
lock_object(const S3Call *call, int number, S3JournalMode mode, const char *target)
{
	for (;;)
	{
		TimestampTz now;
		TimestampTz until;
		S3Journal  *journal;

		s3_object_lock(call);
		journal = s3_journal_open(number, mode);
		now = GetCurrentTimestamp();
		until = journal == NULL ? 0 : removing_until(&journal->content, target);
		if (until <= now)
			return journal;
		s3_journal_close(journal);
		s3_object_unlock(call);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 TimestampDifferenceMilliseconds(now, until) + 1, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

static TimestampTz
removing_until(const S3JournalContent *content, const char *target)
{
	TimestampTz until = 0;

	for (int i = 0; i < content->count; i++)
	{
		const S3Intent *intent = &content->intents[i];

		if (!intent->settled && strcmp(intent->target, target) == 0)
			until = Max(until, intent->removing_until);
	}
	return until;
}

static bool
append_intent(S3PutIntent *handle, S3Journal *journal, S3Intent *intent, const S3Before *before)
{
	StringInfoData records;

	if (before->state == S3_BEFORE_LEFTOVER &&
		!finds_leftover(&journal->content, before, intent->target))
	{
		s3_journal_close(journal);
		return false;
	}
	intent->kind = before->state == S3_BEFORE_NOTHING || before->state == S3_BEFORE_LEFTOVER ?
		S3_INTENT_CREATE : S3_INTENT_REPLACE;
	if (has_leftovers(&journal->content))
		s3_commit_hook_note_leftover();
	initStringInfo(&records);
	s3_intent_record_intent(&records, intent);
	journal = compact(journal, records.len);
	s3_journal_append(journal, &records);
	s3_journal_unlock(journal);
	s3_journal_sync(journal);
	s3_journal_close(journal);
	return true;
}

/* Of any session: one that has crashed has not called the worker. */
static bool
has_leftovers(const S3JournalContent *content)
{
	for (int i = 0; i < content->count; i++)
		if (!content->intents[i].settled &&
			s3_intent_outcome(&content->intents[i]) == S3_OUTCOME_ABORTED)
			return true;
	return false;
}

/* Was the present object written by an aborted put that is not swept yet? */
static bool
finds_leftover(const S3JournalContent *content, const S3Before *before, const char *target)
{
	bool		found = false;

	if (before->state != S3_BEFORE_OBJECT && before->state != S3_BEFORE_LEFTOVER)
		return false;
	for (int i = 0; i < content->count; i++)
	{
		const S3Intent *intent = &content->intents[i];

		/* The last intent of the object decides. */
		if (strcmp(intent->target, target) != 0)
			continue;
		found = is_ours(intent, before, target);
	}
	return found;
}

static bool
is_ours(const S3Intent *intent, const S3Before *before, const char *target)
{
	return !intent->settled && intent->kind == S3_INTENT_CREATE &&
		intent->size == before->info.size && intent->etag[0] != '\0' &&
		before->info.etag != NULL && strcmp(intent->etag, before->info.etag) == 0 &&
		!(before->info.has_last_modified && s3_intent_is_older(intent, before->info.last_modified)) &&
		s3_intent_outcome(intent) == S3_OUTCOME_ABORTED;
}

/*
 * Removes intents that are done each time that the journal has grown by
 * COMPACT_SIZE.  Returns the journal, which may be another file now.
 */
static S3Journal *
compact(S3Journal *journal, int more)
{
	const S3JournalContent *content = &journal->content;
	int			number = journal->number;
	StringInfoData kept;
	bool	   *done;

	if (journal->size / COMPACT_SIZE == (journal->size + more) / COMPACT_SIZE)
		return journal;
	done = s3_intent_find_done(content);
	initStringInfo(&kept);
	for (int i = 0; i < content->count; i++)
		if (!done[i])
			s3_intent_record_all(&kept, &content->intents[i]);
	s3_journal_rewrite(journal, &kept);
	return s3_journal_open(number, S3_JOURNAL_CREATE);
}

void
s3_intent_note_upload(const S3PutIntent *intent, const char *upload_id)
{
	StringInfoData records;

	if (intent->id == 0)
		return;
	initStringInfo(&records);
	s3_intent_record_upload(&records, intent->id, upload_id);
	append_news(intent, &records, true);
}

void
s3_intent_note_answer(const S3PutIntent *intent, const S3Finished *finished)
{
	bool		refused = was_refused(finished);
	StringInfoData records;

	if (intent->id == 0)
		return;
	initStringInfo(&records);
	if (finished->ok)
		add_answer(&records, intent, &finished->response);
	else if (refused)
		s3_intent_record_settled(&records, intent->id);
	/* A request that was sent again may still be executed, too. */
	if (finished->ok ? finished->response.resent : !refused)
		s3_intent_record_unsure(&records, intent->id, S3_INTENT_NOT_LOOKED);
	append_news(intent, &records, refused);
}

static void
add_answer(StringInfo records, const S3PutIntent *intent, const S3HttpResponse *response)
{
	char	   *etag = s3_response_header(response, "etag");
	char	   *version = s3_response_header(response, "x-amz-version-id");
	char	   *date = s3_response_header(response, "date");
	int64		not_after;

	/*
	 * When the request was sent twice, or completes a multipart upload, the
	 * object may be written later than this answer.
	 */
	if (response->resent || intent->etag[0] == '\0' || date == NULL || !s3_date_parse_http(date, &not_after))
		not_after = 0;
	s3_intent_record_answer(records, intent->id,
							etag == NULL ? intent->etag : s3_slice_dup(s3_etag_unquote(s3_slice_cstring(etag))),
							version == NULL || strcmp(version, "null") == 0 ? "" : version, not_after);
}

/*
 * Is it certain that nothing was stored?  The server has refused the only
 * request, or none was sent.
 */
static bool
was_refused(const S3Finished *finished)
{
	const S3Error *err = &finished->err;

	return !finished->ok && !finished->response.resent &&
		((err->http_status >= 400 && err->http_status < 500) || err->unsent ||
		 err->kind == S3_ERROR_UNSUPPORTED);
}

/*
 * Records that are not synced survive a crash of PostgreSQL, but not one of the
 * machine; then the sweep asks the server.
 */
static void
append_news(const S3PutIntent *intent, const StringInfoData *records, bool durable)
{
	S3Journal  *journal = s3_journal_open(intent->number, S3_JOURNAL_CREATE);

	s3_journal_append(journal, records);
	s3_journal_unlock(journal);
	if (durable)
		s3_journal_sync(journal);
	s3_journal_close(journal);
}

void
s3_intent_disown(const S3Call *call)
{
	const char *target;
	S3Journal  *journal;
	StringInfoData records;

	if (s3_journal_home(false) == NULL)
		return;					/* there are no journals */
	target = s3_intent_target(call);
	journal = lock_object(call, s3_journal_number(target), S3_JOURNAL_WRITE, target);
	s3_object_unlock(call);
	if (journal == NULL)
		return;
	initStringInfo(&records);
	for (int i = 0; i < journal->content.count; i++)
	{
		const S3Intent *intent = &journal->content.intents[i];

		if (intent->settled || strcmp(intent->target, target) != 0)
			continue;
		if (intent->version[0] == '\0')
			s3_intent_record_settled(&records, intent->id);
		/* Its version is removed by ID, but no others are looked for. */
		else if (intent->unsure_since != 0)
			s3_intent_record_unsure(&records, intent->id, 0);
	}
	if (records.len > 0)
	{
		s3_journal_append(journal, &records);
		s3_journal_sync(journal);
	}
	s3_journal_close(journal);
}

/* With the endpoint's host, even when the bucket is in another region. */
char *
s3_intent_target(const S3Call *call)
{
	const S3EndpointUrl *base = &call->endpoint->base;

	return psprintf("%s://%s%s/%.*s/%s", base->tls ? "https" : "http", base->host,
					base->path, S3_SLICE_ARGS(call->location.bucket), call->key.data);
}
