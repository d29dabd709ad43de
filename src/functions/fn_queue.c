/*-------------------------------------------------------------------------
 *
 * fn_queue.c
 *	  SQL functions of the queue of deletions: s3_delete_later, s3_drain,
 *	  s3_queue_retry, s3_set_writer_token, s3_ignore_replicated.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "backend/encoding.h"
#include "client/call.h"
#include "client/url_notice.h"
#include "journal/journal.h"
#include "queue/commit_hook.h"
#include "queue/queue.h"
#include "queue/schedule.h"
#include "queue/writer_token.h"
#include "removal/drain.h"
#include "removal/undo_queue.h"
#include "removal/writer_wait.h"

PG_FUNCTION_INFO_V1(s3store_delete_later);
PG_FUNCTION_INFO_V1(s3store_drain);
PG_FUNCTION_INFO_V1(s3store_queue_retry);
PG_FUNCTION_INFO_V1(s3store_set_writer_token);
PG_FUNCTION_INFO_V1(s3store_ignore_replicated);

#define DELETE_LATER	"s3_delete_later()"
#define DRAIN			"s3_drain()"
#define WRITERS_WAIT	1000	/* ms for transactions that write rows to end */
#define WRITERS_POLL	10		/* ms */

static bool is_in_transaction_block(FunctionCallInfo fcinfo);
static void drain_in_time(int64 max, S3DrainCounts *counts);
static void drain(int64 max, S3DrainCounts *counts);
static bool wait_for_writers(TimestampTz start);
static int64 retry(const char *condition, int64 id, const char *more);

/* s3_delete_later(url text, delay interval, version_id text) returns bigint */
Datum
s3store_delete_later(PG_FUNCTION_ARGS)
{
	S3Deletion	deletion = {0};
	S3Call		call;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	deletion.url = PG_GETARG_TEXT_PP(0);
	if (!s3_call_open(&call, S3_DELETE_OBJECT, DELETE_LATER, S3_CALL_REQUEST, deletion.url))
		PG_RETURN_NULL();
	deletion.identity = s3_object_identity(&call.location);
	deletion.next_at = s3_schedule_first(PG_ARGISNULL(1) ? NULL : PG_GETARG_INTERVAL_P(1));
	deletion.owner = GetUserId();
	deletion.version_id = PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2);
	if (deletion.version_id != NULL && VARSIZE_ANY_EXHDR(deletion.version_id) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"version_id\" must not be empty")));
	s3_url_notice_slash(deletion.url, "nothing below it will be deleted");
	PG_RETURN_INT64(s3_queue_insert(&deletion));
}

/* s3_drain(max_items bigint) */
Datum
s3store_drain(PG_FUNCTION_ARGS)
{
	int64		max = PG_ARGISNULL(0) ? PG_INT64_MAX : PG_GETARG_INT64(0);
	S3DrainCounts counts = {0};

	if (max < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"max_items\" must be at least 1")));
	PreventCommandDuringRecovery(DRAIN);
	PreventCommandIfReadOnly(DRAIN);
	if (is_in_transaction_block(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("%s cannot be called in a transaction block", DRAIN),
				 errdetail("It commits between its steps."),
				 errhint("CALL it by itself, not in a function or between BEGIN and COMMIT.")));
	drain_in_time(max, &counts);
	ereport(NOTICE,
			(errmsg("objects deleted: " INT64_FORMAT ", kept: " INT64_FORMAT ", not yet deleted: " INT64_FORMAT,
					counts.deleted, counts.kept, counts.failed),
			 counts.failed > 0 ? errhint("The view s3_queue tells why.") : 0));
	PG_RETURN_VOID();
}

static bool
is_in_transaction_block(FunctionCallInfo fcinfo)
{
	return fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic;
}

/* A server must not hold it up longer than a worker. */
static void
drain_in_time(int64 max, S3DrainCounts *counts)
{
	int			limit = s3_call_limit_time(s3_guc_delete_timeout);

	PG_TRY();
	{
		drain(max, counts);
	}
	PG_FINALLY();
	{
		(void) s3_call_limit_time(limit);
	}
	PG_END_TRY();
}

static void
drain(int64 max, S3DrainCounts *counts)
{
	MemoryContext context = CurrentMemoryContext;
	bool		waits;
	TimestampTz start = GetCurrentTimestamp();
	int64		tried = 0;

	SPI_connect_ext(SPI_OPT_NONATOMIC);
	MemoryContextSwitchTo(context);
	/* Ends the transaction of the CALL, and its snapshot. */
	SPI_commit();
	SPI_start_transaction();
	/* So that puts which were rolled back are undone, too. */
	(void) s3_undo_queue(S3_QUEUE_TXN_PROCEDURE, &waits);
	while (tried < max)
	{
		if (!s3_drain_round(S3_QUEUE_TXN_PROCEDURE, (int) Min(max - tried, S3_DRAIN_BATCH), counts) &&
			!wait_for_writers(start) && s3_undo_queue(S3_QUEUE_TXN_PROCEDURE, &waits) == 0)
			break;
		tried = counts->deleted + counts->kept + counts->failed;
		CHECK_FOR_INTERRUPTS();
	}
	counts->failed += s3_writer_wait_count();
	s3_journal_forget();
	SPI_finish();
	MemoryContextSwitchTo(context);
}

/*
 * Deletions may wait for transactions that write rows.  Most end soon; those of
 * longer ones are left to another call.  Returns false when it is time to end.
 */
static bool
wait_for_writers(TimestampTz start)
{
	if (s3_writer_wait_count() == 0 ||
		TimestampDifferenceExceeds(start, GetCurrentTimestamp(), WRITERS_WAIT))
		return false;
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, WRITERS_POLL,
					 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	return true;
}

/* s3_queue_retry(id bigint) returns bigint */
Datum
s3store_queue_retry(PG_FUNCTION_ARGS)
{
	int64		count;

	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(retry("dead AND kind = 'd' AND $1 IS NOT NULL", 0, ""));

	/*
	 * First among the dead rows, which have an index.  Where the object was
	 * written again, or may be of a put that was rolled back, whoever names
	 * that very row wants it to go.
	 */
	count = retry("dead AND id = $1", PG_GETARG_INT64(0),
				  ", kind = 'd', etag = NULL, queued_at = clock_timestamp(), met_at = NULL");
	if (count == 0)
		count = retry("state = 'p' AND id = $1", PG_GETARG_INT64(0), "");
	PG_RETURN_INT64(count);
}

static int64
retry(const char *condition, int64 id, const char *more)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);
	S3RunAs		saved;
	int64		count;

	SPI_connect();
	s3_queue_run_as_owner(&saved);
	count = (int64) s3_sql_execute(psprintf("UPDATE %s SET dead = false, attempts = 0,"
											" next_at = clock_timestamp(), not_before = NULL%s WHERE %s",
											s3_queue_name("s3_deletion"), more, condition),
								   SPI_OK_UPDATE, 1, &type, &value, NULL);
	s3_sql_run_as_end(&saved);
	SPI_finish();
	if (count > 0)
		s3_commit_hook_note_deletion();
	return count;
}

/* s3_set_writer_token(token text) returns void */
Datum
s3store_set_writer_token(PG_FUNCTION_ARGS)
{
	text	   *token = PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0);

	if (token != NULL && VARSIZE_ANY_EXHDR(token) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"token\" must not be empty"),
				 errhint("NULL removes the token.")));
	s3_writer_token_store(token);
	/* The worker may go on now. */
	s3_commit_hook_note_deletion();
	PG_RETURN_VOID();
}

/* s3_ignore_replicated() returns trigger: discards rows that come by replication */
Datum
s3store_ignore_replicated(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("s3_ignore_replicated() is a trigger function")));
	return PointerGetDatum(NULL);
}
