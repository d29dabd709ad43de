/*-------------------------------------------------------------------------
 *
 * claims.c
 *	  Rows of the queue that this session has claimed, and what becomes of
 *	  each.
 *
 * Guarantees: a claim is valid while its session holds the claim's lock;
 * however the session ends, its rows can be claimed again from then on, and
 * not before.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "queue/queue.h"
#include "queue/schedule.h"
#include "queue/writer_lock.h"
#include "queue/writer_token.h"
#include "removal/claims.h"
#include "settings/settings.h"

#define FREE_INTERVAL	1000	/* ms between two searches for claims whose
								 * session has ended */

static uint64 execute_by_index(const char *statement, int expected, int nargs, Oid *types,
							   Datum *values, const char *nulls);
static void read_items(S3Claims *claims);
static void free_dead_claims(const S3Claims *own);
static void update_unsettled(const S3Claims *claims);
static void delete_settled(const S3Claims *claims);
static bool is_settled(const S3ClaimedItem *item);

/*
 * The claim's lock is taken first: rows whose claim is not locked count as
 * abandoned.  After an error the transaction takes back the rows, and we the
 * lock.
 *
 * One session claims at a time, and takes its snapshot after the claim before
 * it has committed.  With an older snapshot it would lock rows that another
 * session has claimed since, and that session would skip them when it settles.
 */
void
s3_claims_take(S3Claims *claims, int max)
{
	s3_writer_lock_claiming();
	s3_writer_token_require();
	claims->claim = s3_queue_number();
	s3_writer_lock_claim(claims->claim);
	PG_TRY();
	{
		Oid			types[] = {INT8OID, INT8OID};
		Datum		values[] = {Int64GetDatum(claims->claim), Int64GetDatum(max)};
		const char *table = s3_queue_name("s3_deletion");

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
	}
	PG_CATCH();
	{
		s3_writer_lock_claim_end(claims->claim);
		PG_RE_THROW();
	}
	PG_END_TRY();
}

/*
 * Uses the indexes, whatever the statistics say: the table may have been empty
 * a moment ago, and have a million rows now.  A plain index scan also marks the
 * index entries of dead tuples, so that the next scan skips them.
 */
static uint64
execute_by_index(const char *statement, int expected, int nargs, Oid *types,
				 Datum *values, const char *nulls)
{
	int			guc_level = NewGUCNestLevel();
	uint64		count;

	s3_sql_set_local("enable_seqscan", "off");
	s3_sql_set_local("enable_bitmapscan", "off");
	s3_sql_set_local("enable_sort", "off");
	count = s3_sql_execute(statement, expected, nargs, types, values, nulls);
	AtEOXact_GUC(false, guc_level);
	return count;
}

/* Copies the rows from SPI's memory into the current context. */
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

		item->id = DatumGetInt64(s3_sql_value(i, 1, &is_null));
		item->queued_at = DatumGetTimestampTz(s3_sql_value(i, 2, &is_null));
		item->relation = DatumGetObjectId(s3_sql_value(i, 3, &is_null));
		if (is_null)
			item->relation = InvalidOid;
		item->owner = DatumGetObjectId(s3_sql_value(i, 4, &is_null));
		item->attribute = DatumGetInt16(s3_sql_value(i, 5, &is_null));
		item->attempts = DatumGetInt16(s3_sql_value(i, 6, &is_null));
		item->exclusive = DatumGetBool(s3_sql_value(i, 7, &is_null));
		item->url = DatumGetTextPCopy(s3_sql_value(i, 8, &is_null));
		version_id = s3_sql_value(i, 9, &is_null);
		if (!is_null)
			item->version_id = TextDatumGetCString(version_id);
	}
	claims->count = count;
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Makes the rows of sessions that ended before they settled pending again.
 * Nobody knows when such a session sent its last DELETE, so the time during
 * which that may still be executed starts now.  When there is other work, this
 * is done once in a while only.
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

void
s3_claims_decide(S3ClaimedItem *item, S3Fate fate, int wait, const char *reason)
{
	item->fate = fate;
	item->wait = wait;
	item->reason = reason == NULL ? NULL :
		MemoryContextStrdup(GetMemoryChunkContext(item->url), reason);
}

void
s3_claims_find_cancelled(S3Claims *claims)
{
	Oid			type = INT8OID;
	Datum		claim = Int64GetDatum(claims->claim);
	uint64		count;

	count = execute_by_index(psprintf("SELECT id FROM %s WHERE claim = $1",
									  s3_queue_name("s3_deletion")),
							 SPI_OK_SELECT, 1, &type, &claim, NULL);
	for (uint64 i = 0; i < count; i++)
	{
		bool		is_null;
		int64		id = DatumGetInt64(s3_sql_value(i, 1, &is_null));

		for (int j = 0; j < claims->count; j++)
			if (claims->items[j].id == id)
				claims->items[j].is_queued = true;
	}
	SPI_freetuptable(SPI_tuptable);

	for (int i = 0; i < claims->count; i++)
		if (!claims->items[i].is_queued)
			claims->items[i].fate = S3_FATE_CANCELLED;
}

/*
 * Rows that other sessions have locked, because they are deleting them, are
 * skipped: such a session may be waiting for us, so we must not wait for it.
 */
void
s3_claims_settle(const S3Claims *claims)
{
	update_unsettled(claims);
	delete_settled(claims);
}

/*
 * Where a DELETE may still be executed, its time starts now: neither the next
 * attempt nor a writer of the object goes on before it ends.
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
		waits[count] = Int32GetDatum(Max(item->wait > 0 ? item->wait : s3_schedule_backoff(item->attempts),
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
			s3_sql_array(ids, NULL, count, INT8OID),
			s3_sql_array(waits, NULL, count, INT4OID),
			s3_sql_array(attempts, NULL, count, INT4OID),
			s3_sql_array(dead, NULL, count, BOOLOID),
			s3_sql_array(unsure, NULL, count, BOOLOID),
			s3_sql_array(reasons, no_reason, count, TEXTOID)
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
		Datum		values[] = {Int64GetDatum(claims->claim), s3_sql_array(ids, NULL, count, INT8OID)};

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
