/*-------------------------------------------------------------------------
 *
 * intent.c
 *	  The intent of a put: what is needed to undo it when its transaction does
 *	  not commit, noted before anything is sent.
 *
 * Guarantees: nothing that may have to be undone is sent before its intent, and
 * what was found under its name, are on disk.  Nothing is done at commit or
 * abort: the commit log says what became of the transaction.  The commit of a
 * transaction that has put something waits for the disk as synchronous_commit
 * says; otherwise a crash could undo a put whose commit was reported.
 *
 * The intent is noted before the put looks at what stands under the name.  So
 * when a put finds an object there that another put of this database has
 * written, the intent of that one is in the journal: it can be told from an
 * object that was there before them all (intent_group.c).
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "replication/message.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "backend/body_hash.h"
#include "backend/compat.h"
#include "base/date.h"
#include "journal/intent.h"
#include "journal/intent_outcome.h"
#include "queue/commit_hook.h"
#include "queue/worker_slots.h"
#include "settings/object_identity.h"

static uint64 get_xid(bool durable);
static uint64 oldest_xid(void);
static uint64 random_id(void);
static void watch(S3IntentRole role);
static const char *text_or_empty(const char *text);
static void take_found(S3Intent *intent, const S3Finished *finished);
static void add_unsure(StringInfo records, const S3PutIntent *handle, int count);
static bool was_refused(const S3Finished *finished);
static void add_answer(StringInfo records, const S3PutIntent *intent,
					   const S3HttpResponse *response);

void
s3_intent_begin(S3PutIntent *handle, const S3Call *call, S3IntentRole role, int64 size,
				const char *etag)
{
	S3ObjectIdentity identity = s3_object_identity(&call->location);
	S3Intent	intent = {0};
	StringInfoData records;

	memset(handle, 0, sizeof(*handle));
	watch(role);
	intent.id = random_id();
	intent.role = role;
	intent.xid = get_xid(role == S3_INTENT_PUT);
	intent.oldest_xid = oldest_xid();
	intent.created = GetCurrentTimestamp();
	intent.server = identity.server;
	intent.object = identity.object;
	intent.size = size;
	intent.url = psprintf("%s://%.*s/%.*s", call->endpoint->scheme,
						  S3_SLICE_ARGS(call->location.bucket), S3_SLICE_ARGS(call->location.key));
	intent.etag = etag;
	initStringInfo(&records);
	s3_intent_record_intent(&records, &intent);
	s3_journal_append(&records);
	handle->id = intent.id;
	handle->role = role;
	handle->object = intent.object;
	handle->etag = etag;
}

/*
 * After a crash, the ID of a transaction that has written nothing to the WAL is
 * assigned again, and the other transaction may commit; so a record with the ID
 * is written and flushed.  It also makes the commit wait for the disk, which
 * that of a transaction without WAL records does not: a crash could undo a put
 * whose commit was reported.
 */
static uint64
get_xid(bool durable)
{
	static uint64 logged = 0;
	uint64		xid = U64FromFullTransactionId(GetCurrentFullTransactionId());

	if (durable && xid != logged)
	{
		XLogFlush(LogTransactionMessage("s3store", "put", strlen("put")));
		logged = xid;
	}
	return xid;
}

/* Returns the oldest transaction that runs, by a new snapshot; with its epoch. */
static uint64
oldest_xid(void)
{
	uint64		next = U64FromFullTransactionId(ReadNextFullTransactionId());
	TransactionId oldest = GetLatestSnapshot()->xmin;

	return next - (uint32) ((TransactionId) next - oldest);
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

/*
 * Sees to it that a rollback wakes the worker.  Where nobody could, since the
 * session was ended or the server has crashed, the missing worker shows that.
 */
static void
watch(S3IntentRole role)
{
	if (role != S3_INTENT_PUT)
		return;
	s3_commit_hook_note_put();
	if (s3_worker_slots_is_wanted(MyDatabaseId) && !s3_journal_is_empty())
		s3_commit_hook_note_leftover();
}

/* 400: an object that is encrypted with a key of its client's. */
bool
s3_intent_may_go_on(const S3Finished *finished)
{
	return finished->ok || finished->err.kind == S3_ERROR_NOT_FOUND ||
		finished->err.kind == S3_ERROR_DENIED || finished->err.http_status == 400;
}

S3IntentFound
s3_intent_found(const S3Finished *finished)
{
	S3Intent	intent;

	take_found(&intent, finished);
	return intent.found;
}

static void
take_found(S3Intent *intent, const S3Finished *finished)
{
	S3ObjectInfo info;
	S3Error		err;

	memset(intent, 0, sizeof(*intent));
	intent->found = S3_INTENT_FOUND_UNKNOWN;
	intent->found_etag = intent->previous = "";
	if (finished->ok && s3_response_object(&finished->response, &info, &err))
	{
		intent->found = S3_INTENT_FOUND_OBJECT;
		intent->found_etag = text_or_empty(info.etag);
		intent->found_size = info.size;
		intent->previous = text_or_empty(info.version_id);
	}
	else if (!finished->ok && finished->err.kind == S3_ERROR_NOT_FOUND)
	{
		intent->found = S3_INTENT_FOUND_NOTHING;
		intent->found_marker = s3_response_header(&finished->response, "x-amz-delete-marker") != NULL;
		intent->previous = text_or_empty(s3_response_header(&finished->response, "x-amz-version-id"));
	}
}

static const char *
text_or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

void
s3_intent_note_found(S3PutIntent *handle, const S3Finished *finished)
{
	S3Intent	intent;
	StringInfoData records;

	take_found(&intent, finished);
	handle->found = intent.found;
	if (handle->id == 0 || handle->role != S3_INTENT_PUT)
		return;
	intent.id = handle->id;
	initStringInfo(&records);
	s3_intent_record_found(&records, &intent);
	s3_journal_append(&records);
}

void
s3_intent_sync(void)
{
	s3_journal_sync();
}

void
s3_intent_note_upload(const S3PutIntent *intent, const char *upload_id)
{
	StringInfoData records;

	if (intent->id == 0)
		return;
	initStringInfo(&records);
	s3_intent_record_upload(&records, intent->id, upload_id);
	s3_journal_append(&records);
	s3_journal_sync();
}

void
s3_intent_note_content(S3PutIntent *intent, const char *etag, int64 size)
{
	StringInfoData records;

	intent->etag = pstrdup(etag);
	if (intent->id == 0 || intent->role != S3_INTENT_PUT)
		return;
	initStringInfo(&records);
	s3_intent_record_content(&records, intent->id, etag, size);
	s3_journal_append(&records);
}

/*
 * Does not sync: the record survives a crash of PostgreSQL, but not one of the
 * machine; then the put counts as one without an answer.
 */
void
s3_intent_note_answer(const S3PutIntent *intent, const S3Finished *finished)
{
	bool		refused = was_refused(finished);
	StringInfoData records;

	if (intent->id == 0 || (intent->role == S3_INTENT_SYNC && !refused))
		return;
	initStringInfo(&records);
	if (finished->ok)
		add_answer(&records, intent, &finished->response);
	else if (refused)
		s3_intent_record_settled(&records, intent->id);

	/*
	 * Where the last request was answered, one before it may yet be carried
	 * out.
	 */
	if (finished->ok ? finished->response.resent > 0 : !refused)
		add_unsure(&records, intent, finished->response.resent);
	s3_journal_append(&records);
}

static void
add_answer(StringInfo records, const S3PutIntent *intent, const S3HttpResponse *response)
{
	char	   *etag = s3_response_header(response, "etag");
	char	   *version = s3_response_header(response, "x-amz-version-id");
	char	   *date = s3_response_header(response, "date");
	int64		not_after = 0;

	/* One that was sent twice may be carried out later than it is answered. */
	if (date != NULL && !response->resent && !s3_date_parse_http(date, &not_after))
		not_after = 0;
	s3_intent_record_answer(records, intent->id,
							etag == NULL ? intent->etag : s3_slice_dup(s3_etag_unquote(s3_slice_cstring(etag))),
							version == NULL || strcmp(version, "null") == 0 ? "" : version, not_after);
}

static void
add_unsure(StringInfo records, const S3PutIntent *handle, int count)
{
	S3Intent	intent = {.id = handle->id};

	intent.unsure_since = S3_INTENT_NEVER_SEEN;
	intent.unsure_noted = GetCurrentTimestamp();
	intent.unsure_count = Max(count, 1);
	s3_intent_record_unsure(records, &intent);
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

void
s3_intent_note_stored(const S3PutIntent *intent, const char *etag, const char *version, int resent)
{
	StringInfoData records;

	if (intent->id == 0)
		return;
	initStringInfo(&records);
	s3_intent_record_answer(&records, intent->id, etag,
							strcmp(version, "null") == 0 ? "" : version, 0);
	if (resent > 0)
		add_unsure(&records, intent, resent);
	s3_journal_append(&records);
}

void
s3_intent_note_unsure(const S3PutIntent *intent)
{
	StringInfoData records;

	if (intent->id == 0)
		return;
	initStringInfo(&records);
	add_unsure(&records, intent, 1);
	s3_journal_append(&records);
}

void
s3_intent_abandon(const S3PutIntent *intent)
{
	StringInfoData records;

	if (intent->id == 0)
		return;
	initStringInfo(&records);
	s3_intent_record_abandoned(&records, intent->id);
	s3_journal_append(&records);
}

void
s3_intent_settle(const S3PutIntent *intent)
{
	StringInfoData records;

	if (intent->id == 0)
		return;
	initStringInfo(&records);
	s3_intent_record_settled(&records, intent->id);
	s3_journal_append(&records);
}

bool
s3_intent_has_open_put(int64 object)
{
	const S3JournalContent *content = s3_journal_look(NULL);
	const S3Intent *intent = s3_intent_last_of(content, object);

	for (; intent != NULL; intent = s3_intent_before(content, intent))
		if (intent->role != S3_INTENT_SYNC &&
			s3_intent_is_open(intent, s3_intent_outcome(intent)))
			return true;
	return false;
}

const char *
s3_intent_digest(const S3Call *put)
{
	S3Slice		body = put->request.body;
	uint64		threshold = (uint64) put->endpoint->settings.multipart_threshold * 1024;
	char	   *md5;
	S3Error		err;

	/* The ETag of a multipart upload is not the MD5 of the content. */
	if (!put->endpoint->settings.verify_etag || (body.data == NULL && body.len > 0) || body.len > threshold)
		return "";
	md5 = s3_body_hash(s3_digest_md5(&err), body, &err);
	return md5 == NULL ? "" : md5;
}
