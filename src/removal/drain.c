/*-------------------------------------------------------------------------
 *
 * drain.c
 *	  Carries out deletions that are due: claim, check, remove, settle.
 *
 *	  claim	   a transaction that reaches the disk: the rows are ours, and what
 *			   they follow from is safe
 *	  check	   a transaction: is the row still there, does anybody write the
 *			   object or name it, may its owner delete it
 *	  remove   no transaction: the server is asked
 *	  settle   a transaction: the rows go, or wait for another attempt
 *
 * Guarantees: a claim is a lock of the session; whatever way a worker ends,
 * its rows are as good as pending at that moment, and nobody else's before.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "backend/compat.h"
#include "backend/encoding.h"
#include "queue/backoff.h"
#include "queue/queue.h"
#include "queue/writer_lock.h"
#include "removal/drain.h"
#include "removal/remove_objects.h"
#include "removal/row_references.h"
#include "settings/settings.h"

#define CHANNEL		"s3store_queue" /* of NOTIFY */
#define FREE_INTERVAL	1000	/* ms between two looks for dead claims */

static void claim_items(S3QueueTxnKind kind, int max, S3Claims *claims);
static uint64 execute_by_index(const char *statement, int expected, int nargs, Oid *types,
							   Datum *values, const char *nulls);
static void free_dead_claims(const S3Claims *own);
static void read_items(S3Claims *claims);
static Datum column(int row, int number, bool *is_null);
static void check_items(S3QueueTxnKind kind, S3Claims *claims);
static void find_cancelled(S3Claims *claims);
static void settle_items(S3QueueTxnKind kind, S3Claims *claims, S3DrainCounts *counts);
static void delete_settled(const S3Claims *claims);
static void update_unsettled(const S3Claims *claims);
static bool is_settled(const S3ClaimedItem *item);
static Datum array_of(Datum *values, bool *nulls, int count, Oid type);
static void count_items(const S3Claims *claims, S3DrainCounts *counts);
static void notify(const S3DrainCounts *counts);

bool
s3_drain_round(S3QueueTxnKind kind, int max, S3DrainCounts *counts)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store claims",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	S3Claims	claims = {0};

	claim_items(kind, Min(max, S3_DRAIN_BATCH), &claims);
	PG_TRY();
	{
		if (claims.count > 0)
		{
			check_items(kind, &claims);
			s3_remove_objects(&claims);
			settle_items(kind, &claims, counts);
		}
	}
	PG_CATCH();
	{
		s3_writer_lock_claim_end(claims.claim);
		PG_RE_THROW();
	}
	PG_END_TRY();
	s3_writer_lock_claim_end(claims.claim);

	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
	return claims.count > 0;
}

void
s3_drain_decide(S3ClaimedItem *item, S3Fate fate, int wait, const char *reason)
{
	item->fate = fate;
	item->wait = wait;
	item->reason = reason == NULL ? NULL :
		MemoryContextStrdup(GetMemoryChunkContext(item->url), reason);
}

/*
 * The claim's lock comes before the claim: rows whose claim nobody holds are
 * free for all.  An error before the commit takes both back, the lock with the
 * session or by us.
 *
 * One claims at a time, and looks at the queue when it is its turn: with a
 * snapshot from before another one's claim it would lock rows that are the
 * other's by now, and these would be passed over when that one settles.
 */
static void
claim_items(S3QueueTxnKind kind, int max, S3Claims *claims)
{
	const char *table;

	s3_queue_txn_begin(kind, true);
	s3_writer_lock_claiming();
	s3_drain_require_writer();
	claims->claim = s3_queue_number();
	s3_writer_lock_claim(claims->claim);
	PG_TRY();
	{
		Oid			types[] = {INT8OID, INT8OID};
		Datum		values[] = {Int64GetDatum(claims->claim), Int64GetDatum(max)};

		table = s3_queue_name("s3_deletion");
		execute_by_index(psprintf("UPDATE %s SET claim = $1, next_at = clock_timestamp()"
								  " WHERE ctid = ANY (ARRAY("
								  "SELECT ctid FROM %s"
								  " WHERE claim IS NULL AND NOT dead AND next_at <= clock_timestamp()"
								  " ORDER BY next_at, id LIMIT $2 FOR UPDATE SKIP LOCKED))"
								  " RETURNING id, queued_at, relation, owner, attribute, attempts,"
								  " exclusive, url, version_id", table, table),
						 SPI_OK_UPDATE_RETURNING, 2, types, values, NULL);
		read_items(claims);
		free_dead_claims(claims);
		s3_queue_txn_end(kind);
	}
	PG_CATCH();
	{
		s3_writer_lock_claim_end(claims->claim);
		PG_RE_THROW();
	}
	PG_END_TRY();
}

/*
 * By the indexes, whatever the statistics say: the table is empty at one moment
 * and has a million rows at the next, and no round may look at all of them.  A
 * plain index scan also passes over the entries of rows that are gone, and marks
 * them for the next one.
 */
static uint64
execute_by_index(const char *statement, int expected, int nargs, Oid *types,
				 Datum *values, const char *nulls)
{
	static const char *const avoided[] = {"enable_seqscan", "enable_bitmapscan", "enable_sort"};
	int			guc_level = NewGUCNestLevel();
	uint64		count;

	for (int i = 0; i < lengthof(avoided); i++)
		(void) set_config_option(avoided[i], "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	count = s3_queue_execute(statement, expected, nargs, types, values, nulls);
	AtEOXact_GUC(false, guc_level);
	return count;
}

/*
 * A copy of the database has the token's row, too, but either another OID or
 * another configuration.
 */
void
s3_drain_require_writer(void)
{
	const char *token = NULL;
	Oid			database = InvalidOid;
	bool		is_null;

	if (execute_by_index(psprintf("SELECT database, token FROM %s", s3_queue_name("s3_writer")),
						 SPI_OK_SELECT, 0, NULL, NULL, NULL) > 0)
	{
		database = DatumGetObjectId(column(0, 1, &is_null));
		token = TextDatumGetCString(column(0, 2, &is_null));
	}
	SPI_freetuptable(SPI_tuptable);
	if (token == NULL ||
		(database == MyDatabaseId && strcmp(token, s3_guc_writer_token) == 0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("this database may not carry out queued deletions"),
			 database == MyDatabaseId ?
			 errdetail("The setting s3store.writer_token is not the token that s3_set_writer_token has stored.") :
			 errdetail("The token that s3_set_writer_token has stored was set for another database."),
			 errhint("A copy should delete nothing. Where this is the original now, call s3_set_writer_token, or set s3store.writer_token.")));
}

/*
 * Rows of workers that ended in the middle are pending again, but not due
 * before what they have sent cannot be under way any more.  When that was sent
 * nobody knows; so its time starts now.  Who is busy looks now and then.
 */
static void
free_dead_claims(const S3Claims *own)
{
	static TimestampTz freed_at = 0;
	TimestampTz now = GetCurrentTimestamp();
	const char *table = s3_queue_name("s3_deletion");
	Oid			type = INT8OID;
	Datum		number = Int64GetDatum(own->claim);
	int			grace = s3_settings_grace();
	SPITupleTable *found;
	uint64		count;

	if (own->count > 0 && now - freed_at < FREE_INTERVAL * INT64CONST(1000))
		return;
	freed_at = now;
	count = execute_by_index(psprintf("SELECT DISTINCT claim FROM %s WHERE claim <> $1", table),
							 SPI_OK_SELECT, 1, &type, &number, NULL);
	found = SPI_tuptable;
	for (uint64 i = 0; i < count; i++)
	{
		bool		is_null;
		Datum		claim = SPI_getbinval(found->vals[i], found->tupdesc, 1, &is_null);

		if (s3_writer_lock_claim_is_free(DatumGetInt64(claim)))
			execute_by_index(psprintf("UPDATE %s SET claim = NULL,"
									  " next_at = clock_timestamp() + %d * interval '1 ms',"
									  " unsure_until = clock_timestamp() + %d * interval '1 ms'"
									  " WHERE ctid = ANY (ARRAY("
									  "SELECT ctid FROM %s WHERE claim = $1"
									  " FOR UPDATE SKIP LOCKED))", table, grace, grace, table),
							 SPI_OK_UPDATE, 1, &type, &claim, NULL);
	}
	SPI_freetuptable(found);
}

/* From SPI's memory into ours. */
static void
read_items(S3Claims *claims)
{
	int			count = (int) SPI_processed;

	claims->items = palloc0(Max(count, 1) * sizeof(S3ClaimedItem));
	for (int i = 0; i < count; i++)
	{
		S3ClaimedItem *item = &claims->items[i];
		bool		is_null;
		Datum		version_id;

		item->id = DatumGetInt64(column(i, 1, &is_null));
		item->queued_at = DatumGetTimestampTz(column(i, 2, &is_null));
		item->relation = DatumGetObjectId(column(i, 3, &is_null));
		if (is_null)
			item->relation = InvalidOid;
		item->owner = DatumGetObjectId(column(i, 4, &is_null));
		item->attribute = DatumGetInt16(column(i, 5, &is_null));
		item->attempts = DatumGetInt16(column(i, 6, &is_null));
		item->exclusive = DatumGetBool(column(i, 7, &is_null));
		item->url = DatumGetTextPCopy(column(i, 8, &is_null));
		version_id = column(i, 9, &is_null);
		if (!is_null)
			item->version_id = TextDatumGetCString(version_id);
	}
	claims->count = count;
	SPI_freetuptable(SPI_tuptable);
}

static Datum
column(int row, int number, bool *is_null)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number, is_null);
}

/*
 * All of it after the claim was committed.  Whoever holds an object by then
 * shows in the first question; whoever has held it before, in the others,
 * which see what he has committed; whoever comes later sees the claim, and
 * waits.
 *
 * What they see may be of a transaction that did not wait for the disk.  A
 * crash must not take it back, and so this step's end, for which it needs a
 * number, does.
 */
static void
check_items(S3QueueTxnKind kind, S3Claims *claims)
{
	s3_queue_txn_begin(kind, false);
	s3_row_references_check_holds(claims);
	find_cancelled(claims);
	s3_row_references_ask(claims);
	(void) GetCurrentTransactionId();
	ForceSyncCommit();
	s3_queue_txn_end(kind);
}

/* Which of the rows are not ours any more? */
static void
find_cancelled(S3Claims *claims)
{
	Oid			type = INT8OID;
	Datum		claim = Int64GetDatum(claims->claim);

	execute_by_index(psprintf("SELECT id FROM %s WHERE claim = $1", s3_queue_name("s3_deletion")),
					 SPI_OK_SELECT, 1, &type, &claim, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		is_null;
		int64		id = DatumGetInt64(column((int) i, 1, &is_null));

		for (int j = 0; j < claims->count; j++)
			if (claims->items[j].id == id)
				claims->items[j].is_queued = true;
	}
	SPI_freetuptable(SPI_tuptable);

	for (int i = 0; i < claims->count; i++)
		if (!claims->items[i].is_queued)
			claims->items[i].fate = S3_FATE_CANCELLED;
}

static void
settle_items(S3QueueTxnKind kind, S3Claims *claims, S3DrainCounts *counts)
{
	S3DrainCounts now = {0};

	count_items(claims, &now);
	s3_queue_txn_begin(kind, false);
	update_unsettled(claims);
	delete_settled(claims);
	notify(&now);
	s3_queue_txn_end(kind);
	SendNotifications();
	counts->deleted += now.deleted;
	counts->kept += now.kept;
	counts->failed += now.failed;
}

/*
 * Rows that somebody is taking off the queue are left to him: he may wait for
 * us, and we never wait for anybody.
 *
 * Where a request may yet be carried out, its time starts now: no attempt and
 * no writer of the object comes before its end.
 */
static void
update_unsettled(const S3Claims *claims)
{
	const char *table = s3_queue_name("s3_deletion");
	Datum	   *ids = palloc(claims->count * sizeof(Datum));
	Datum	   *waits = palloc(claims->count * sizeof(Datum));
	Datum	   *attempts = palloc(claims->count * sizeof(Datum));
	Datum	   *dead = palloc(claims->count * sizeof(Datum));
	Datum	   *reasons = palloc0(claims->count * sizeof(Datum));
	Datum	   *unsure = palloc(claims->count * sizeof(Datum));
	bool	   *no_reason = palloc(claims->count * sizeof(bool));
	int			grace = s3_settings_grace();
	int			count = 0;

	for (int i = 0; i < claims->count; i++)
	{
		const S3ClaimedItem *item = &claims->items[i];
		bool		failed = item->fate == S3_FATE_FAILED || item->fate == S3_FATE_REFUSED;

		if (is_settled(item))
			continue;
		ids[count] = Int64GetDatum(item->id);
		unsure[count] = BoolGetDatum(item->unsure);
		waits[count] = Int32GetDatum(Max(item->wait > 0 ? item->wait : s3_backoff(item->attempts),
										 item->unsure ? grace : 0));
		attempts[count] = Int32GetDatum(failed ? 1 : 0);
		dead[count] = BoolGetDatum(item->fate == S3_FATE_REFUSED ||
								   (failed && item->attempts + 1 >= s3_guc_delete_max_attempts));
		no_reason[count] = item->reason == NULL;
		if (item->reason != NULL)
			reasons[count] = CStringGetTextDatum(item->reason);
		count++;
	}
	if (count > 0)
	{
		Oid			types[] = {INT8OID, INT8ARRAYOID, INT4ARRAYOID, INT4ARRAYOID, BOOLARRAYOID, BOOLARRAYOID,
		TEXTARRAYOID};
		Datum		values[] = {
			Int64GetDatum(claims->claim),
			array_of(ids, NULL, count, INT8OID),
			array_of(waits, NULL, count, INT4OID),
			array_of(attempts, NULL, count, INT4OID),
			array_of(dead, NULL, count, BOOLOID),
			array_of(unsure, NULL, count, BOOLOID),
			array_of(reasons, no_reason, count, TEXTOID)
		};

		execute_by_index(psprintf("UPDATE %s AS d SET claim = NULL,"
								  " unsure_until = CASE WHEN r.unsure"
								  " THEN clock_timestamp() + %d * interval '1 ms' ELSE d.unsure_until END,"
								  " dead = r.dead, last_error = r.reason,"
								  " next_at = clock_timestamp() + r.wait * interval '1 ms',"
								  " attempts = LEAST(d.attempts + r.attempts, 32767)::int2"
								  " FROM unnest($2, $3, $4, $5, $6, $7)"
								  " AS r(id, wait, attempts, dead, unsure, reason)"
								  " WHERE d.id = r.id AND d.ctid = ANY (ARRAY("
								  "SELECT ctid FROM %s WHERE claim = $1 FOR UPDATE SKIP LOCKED))",
								  table, grace, table),
						 SPI_OK_UPDATE, lengthof(types), types, values, NULL);
	}
}

static void
delete_settled(const S3Claims *claims)
{
	const char *table = s3_queue_name("s3_deletion");
	Datum	   *ids = palloc(claims->count * sizeof(Datum));
	int			count = 0;

	for (int i = 0; i < claims->count; i++)
		if (is_settled(&claims->items[i]))
			ids[count++] = Int64GetDatum(claims->items[i].id);
	if (count > 0)
	{
		Oid			types[] = {INT8OID, INT8ARRAYOID};
		Datum		values[] = {Int64GetDatum(claims->claim), array_of(ids, NULL, count, INT8OID)};

		execute_by_index(psprintf("DELETE FROM %s WHERE ctid = ANY (ARRAY("
								  "SELECT ctid FROM %s WHERE claim = $1 AND id = ANY ($2)"
								  " FOR UPDATE SKIP LOCKED))", table, table),
						 SPI_OK_DELETE, lengthof(types), types, values, NULL);
	}
}

static bool
is_settled(const S3ClaimedItem *item)
{
	return item->fate == S3_FATE_DELETED || item->fate == S3_FATE_KEPT ||
		item->fate == S3_FATE_CANCELLED;
}

static Datum
array_of(Datum *values, bool *nulls, int count, Oid type)
{
	int16		len;
	bool		by_value;
	char		align;
	int			lower = 1;

	get_typlenbyvalalign(type, &len, &by_value, &align);
	return PointerGetDatum(construct_md_array(values, nulls, 1, &count, &lower,
											  type, len, by_value, align));
}

static void
count_items(const S3Claims *claims, S3DrainCounts *counts)
{
	for (int i = 0; i < claims->count; i++)
	{
		switch (claims->items[i].fate)
		{
			case S3_FATE_DELETED:
				counts->deleted++;
				break;
			case S3_FATE_KEPT:
			case S3_FATE_CANCELLED:
				counts->kept++;
				break;
			default:
				counts->failed++;
		}
	}
}

/* One for all of a round: who waits for an object looks into s3_queue. */
static void
notify(const S3DrainCounts *counts)
{
	char		payload[128];

	snprintf(payload, sizeof(payload),
			 "{\"deleted\": " INT64_FORMAT ", \"kept\": " INT64_FORMAT ", \"failed\": " INT64_FORMAT "}",
			 counts->deleted, counts->kept, counts->failed);
	Async_Notify(CHANNEL, payload);
}
