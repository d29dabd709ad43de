/*-------------------------------------------------------------------------
 *
 * gate.c
 *	  A batch of queued deletions on its way through the gate, and the rows of
 *	  the queue that it is made of.
 *
 *	  pending --lock, mark--> deleting --settle--> gone, or taken off
 *	     ^                        |
 *	     +----- it has failed ----+
 *
 * Guarantees: waits for no lock on a row.  A batch is of one server, whose
 * lock the process has (writer_lock.c): whatever is being deleted there and is
 * not of this batch was left by a process that is gone.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "backend/encoding.h"
#include "backend/sql.h"
#include "queue/queue.h"
#include "queue/schedule.h"
#include "removal/gate.h"
#include "settings/object_identity.h"
#include "settings/settings.h"

#define LOCKED_WAIT	200			/* ms */

static int	locked_by_others = 0;	/* rows of the last batch */

/* Changes to rows of the queue, as arrays for SQL. */
typedef struct Changes
{
	int			count;
	Datum	   *tids;
	Datum	   *ids;
	Datum	   *states;
	Datum	   *waits;			/* ms */
	Datum	   *attempts;		/* to be added */
	Datum	   *dead;
	Datum	   *unsure;
	Datum	   *meets;
	Datum	   *met_at;
	bool	   *not_met;
	Datum	   *reasons;
	bool	   *no_reason;
} Changes;

static uint64 execute_by_index(const char *statement, int expected, int nargs, Oid *types,
							   Datum *values);
static const char *queue_table(void);
static void read_item(S3GateItem *item, uint64 row);
static void check_identity(S3GateItem *item);
static int	compare_items(const void *a, const void *b);
static S3GateItem *find_item(S3GateBatch *batch, int64 id);
static Datum tids_of(const S3GateBatch *batch, bool (*wanted) (const S3GateItem *item), int *count);
static bool is_to_lock(const S3GateItem *item);
static bool is_done(const S3GateItem *item);
static bool is_open(const S3GateItem *item);
static bool waits_unsettled(const S3GateItem *item);
static bool is_newly_met(const S3GateItem *item);
static bool was_met(const S3GateItem *item);
static bool is_undone(const S3GateItem *item);
static Datum undone_objects(const S3GateBatch *batch, int *count);
static bool is_deleted(const S3GateItem *item);
static bool is_kept(const S3GateItem *item);
static void take_off(Datum tids, int count);
static void mark_deleting(S3GateBatch *batch, bool (*wanted) (const S3GateItem *item),
						  const char *more);
static void add_change(Changes *changes, const S3GateItem *item);
static void make_changes(Changes *changes, int max);
static void change_rows(const Changes *changes, bool locked);
static void mark_gone(Datum tids, int count);

void
s3_gate_decide(S3GateItem *item, S3Fate fate, int wait, const char *reason)
{
	item->fate = fate;
	item->wait = wait;
	item->reason = reason == NULL ? NULL :
		MemoryContextStrdup(GetMemoryChunkContext(item->url), reason);
}

/*
 * Uses the indexes, whatever the statistics say: the table may have been empty
 * a moment ago, and have a million rows now.  A plain index scan also marks the
 * entries of dead tuples, so that the next one skips them.
 */
static uint64
execute_by_index(const char *statement, int expected, int nargs, Oid *types, Datum *values)
{
	int			guc_level = NewGUCNestLevel();
	uint64		count;

	s3_sql_set_local("enable_seqscan", "off");
	s3_sql_set_local("enable_bitmapscan", "off");
	s3_sql_set_local("enable_sort", "off");
	count = s3_sql_execute(statement, expected, nargs, types, values, NULL);
	AtEOXact_GUC(false, guc_level);
	return count;
}

static const char *
queue_table(void)
{
	return s3_queue_name("s3_deletion");
}

/* One step of the index for each server, however many rows that has. */
int64 *
s3_gate_servers(int *count)
{
	const char *table = queue_table();
	int64	   *servers;

	*count = (int) execute_by_index(psprintf("WITH RECURSIVE s(server) AS ("
											 "(SELECT server FROM %s WHERE state = 'p' AND NOT dead"
											 " ORDER BY server LIMIT 1) UNION ALL"
											 " SELECT (SELECT d.server FROM %s AS d WHERE d.state = 'p' AND NOT d.dead"
											 " AND d.server > s.server ORDER BY d.server LIMIT 1)"
											 " FROM s WHERE s.server IS NOT NULL)"
											 " SELECT server FROM s WHERE EXISTS (SELECT FROM %s AS d"
											 " WHERE d.server = s.server AND d.state = 'p' AND NOT d.dead"
											 " AND d.next_at <= clock_timestamp())"
											 " UNION SELECT server FROM %s WHERE state = 'd'"
											 " AND (unsure_until IS NULL OR unsure_until <= clock_timestamp())",
											 table, table, table, table),
									SPI_OK_SELECT, 0, NULL, NULL);
	servers = palloc(Max(*count, 1) * sizeof(int64));
	for (int i = 0; i < *count; i++)
	{
		bool		is_null;

		servers[i] = DatumGetInt64(s3_sql_value(i, 1, &is_null));
	}
	SPI_freetuptable(SPI_tuptable);
	return servers;
}

TimestampTz
s3_gate_due(void)
{
	const char *table = queue_table();
	TimestampTz due_at = DT_NOEND - 1;
	bool		is_null;
	Datum		found;

	execute_by_index(psprintf("WITH RECURSIVE s(server) AS ("
							  "(SELECT server FROM %s WHERE state = 'p' AND NOT dead"
							  " ORDER BY server LIMIT 1) UNION ALL"
							  " SELECT (SELECT d.server FROM %s AS d WHERE d.state = 'p' AND NOT d.dead"
							  " AND d.server > s.server ORDER BY d.server LIMIT 1)"
							  " FROM s WHERE s.server IS NOT NULL)"
							  " SELECT LEAST("
							  "(SELECT min((SELECT d.next_at FROM %s AS d WHERE d.server = s.server"
							  " AND d.state = 'p' AND NOT d.dead ORDER BY d.next_at, d.id LIMIT 1)) FROM s),"
							  " (SELECT GREATEST(min(COALESCE(unsure_until, clock_timestamp())),"
							  " clock_timestamp() + interval '1 s') FROM %s WHERE state <> 'p'"
							  " HAVING count(*) > 0))",
							  table, table, table, table),
					 SPI_OK_SELECT, 0, NULL, NULL);
	found = s3_sql_value(0, 1, &is_null);
	if (!is_null)
		due_at = Min(due_at, DatumGetTimestampTz(found));
	SPI_freetuptable(SPI_tuptable);
	return due_at;
}

void
s3_gate_look(S3GateBatch *batch, int64 server, int max)
{
	Oid			types[] = {INT8OID, INT8OID};
	Datum		values[] = {Int64GetDatum(server), Int64GetDatum(max)};
	const char *table = queue_table();
	const char *columns = "id, ctid, queued_at, unsure_until, relation, owner, server, attempts,"
		" url, version_id, state = 'd', kind, object, etag, not_before, met_at";

	memset(batch, 0, sizeof(*batch));
	batch->server = server;
	batch->count = (int) execute_by_index(psprintf("(SELECT %s FROM %s WHERE server = $1"
												   " AND state = 'p' AND NOT dead AND next_at <= clock_timestamp()"
												   " ORDER BY next_at, id LIMIT $2)"
												   " UNION ALL (SELECT %s FROM %s WHERE server = $1 AND state = 'd'"
												   " AND unsure_until <= clock_timestamp() LIMIT $2)",
												   columns, table, columns, table),
										  SPI_OK_SELECT, lengthof(types), types, values);
	batch->items = palloc0(Max(batch->count, 1) * sizeof(S3GateItem));
	for (int i = 0; i < batch->count; i++)
		read_item(&batch->items[i], i);
	SPI_freetuptable(SPI_tuptable);
	qsort(batch->items, batch->count, sizeof(S3GateItem), compare_items);
}

/* Copies a row from SPI's memory into ours. */
static void
read_item(S3GateItem *item, uint64 row)
{
	bool		is_null;
	Datum		value;

	item->id = DatumGetInt64(s3_sql_value(row, 1, &is_null));
	item->tid = *(ItemPointer) DatumGetPointer(s3_sql_value(row, 2, &is_null));
	item->queued_at = DatumGetTimestampTz(s3_sql_value(row, 3, &is_null));
	value = s3_sql_value(row, 4, &is_null);
	item->unsure_until = is_null ? 0 : DatumGetTimestampTz(value);
	value = s3_sql_value(row, 5, &is_null);
	item->relation = is_null ? InvalidOid : DatumGetObjectId(value);
	item->owner = DatumGetObjectId(s3_sql_value(row, 6, &is_null));
	item->server = DatumGetInt64(s3_sql_value(row, 7, &is_null));
	item->attempts = DatumGetInt16(s3_sql_value(row, 8, &is_null));
	item->url = DatumGetTextPCopy(s3_sql_value(row, 9, &is_null));
	value = s3_sql_value(row, 10, &is_null);
	if (!is_null)
		item->version_id = TextDatumGetCString(value);
	item->recovers = DatumGetBool(s3_sql_value(row, 11, &is_null));
	item->kind = DatumGetChar(s3_sql_value(row, 12, &is_null));
	item->object = DatumGetInt64(s3_sql_value(row, 13, &is_null));
	value = s3_sql_value(row, 14, &is_null);
	if (!is_null)
		item->etag = TextDatumGetCString(value);
	value = s3_sql_value(row, 15, &is_null);
	item->not_before = is_null ? 0 : DatumGetTimestampTz(value);
	item->early = item->not_before > GetCurrentTimestamp();
	value = s3_sql_value(row, 16, &is_null);
	item->met_at = is_null ? 0 : DatumGetTimestampTz(value);
	/* Until somebody has seen whether the object is there. */
	item->unsure = item->recovers && item->version_id == NULL;
}

/* Settings may have changed since the row was queued. */
void
s3_gate_read_url(S3GateItem *item)
{
	S3Slice		utf8 = s3_utf8_slice(VARDATA_ANY(item->url), VARSIZE_ANY_EXHDR(item->url));
	S3Error		err;

	if (!s3_location_parse(utf8, &item->location, &err))
	{
		s3_gate_decide(item, S3_FATE_REFUSED, 0, s3_error_text(err.message));
		return;
	}
	item->urls = list_make1(s3_slice_dup(utf8));
	item->urls = list_concat(item->urls, s3_object_identity_urls(&item->location));
	if (s3_endpoint_try_find(item->location.scheme, &err) == NULL)
		s3_gate_decide(item, S3_FATE_FAILED, 0, s3_error_text(err.message));
	else
		check_identity(item);
}

static void
check_identity(S3GateItem *item)
{
	S3ObjectIdentity identity = s3_object_identity(&item->location);

	if (identity.server != item->server)
		s3_gate_decide(item, S3_FATE_FAILED, 0,
					   "the URL leads to another server than when the deletion was queued");
	else if (identity.object != item->object)
		s3_gate_decide(item, S3_FATE_FAILED, 0,
					   "the URL leads to another key on the server than when the deletion was queued");
}

static int
compare_items(const void *a, const void *b)
{
	int64		left = ((const S3GateItem *) a)->id;
	int64		right = ((const S3GateItem *) b)->id;

	return (left > right) - (left < right);
}

static S3GateItem *
find_item(S3GateBatch *batch, int64 id)
{
	S3GateItem	key = {.id = id};

	return bsearch(&key, batch->items, batch->count, sizeof(S3GateItem), compare_items);
}

void
s3_gate_lock(S3GateBatch *batch)
{
	int			asked;
	Oid			type = TIDARRAYOID;
	Datum		tids = tids_of(batch, is_to_lock, &asked);
	bool	   *locked = palloc0(Max(batch->count, 1) * sizeof(bool));
	uint64		count;

	locked_by_others = 0;
	if (asked == 0)
		return;
	count = execute_by_index(psprintf("SELECT id, ctid, void FROM %s WHERE ctid = ANY ($1)"
									  " AND state = 'p' AND NOT dead FOR UPDATE SKIP LOCKED",
									  queue_table()),
							 SPI_OK_SELECT, 1, &type, &tids);
	for (uint64 i = 0; i < count; i++)
	{
		bool		is_null;
		S3GateItem *item = find_item(batch, DatumGetInt64(s3_sql_value(i, 1, &is_null)));

		if (item == NULL)
			continue;			/* another row stands there by now */
		item->tid = *(ItemPointer) DatumGetPointer(s3_sql_value(i, 2, &is_null));
		locked[item - batch->items] = true;
		if (DatumGetBool(s3_sql_value(i, 3, &is_null)))
			s3_gate_decide(item, S3_FATE_KEPT, 0, NULL);
	}
	SPI_freetuptable(SPI_tuptable);
	for (int i = 0; i < batch->count; i++)
		if (is_to_lock(&batch->items[i]) && !locked[i])
		{
			s3_gate_decide(&batch->items[i], S3_FATE_BLOCKED, 0, NULL);
			locked_by_others++;
		}
	pfree(locked);
}

int
s3_gate_locked_by_others(void)
{
	return locked_by_others;
}

static Datum
tids_of(const S3GateBatch *batch, bool (*wanted) (const S3GateItem *item), int *count)
{
	Datum	   *tids = palloc(Max(batch->count, 1) * sizeof(Datum));

	*count = 0;
	for (int i = 0; i < batch->count; i++)
		if (wanted(&batch->items[i]))
			tids[(*count)++] = PointerGetDatum(&batch->items[i].tid);
	return s3_sql_array(tids, NULL, *count, TIDOID);
}

/* Failed ones, too: their rows are to be changed. */
static bool
is_to_lock(const S3GateItem *item)
{
	return item->fate != S3_FATE_BLOCKED && !item->recovers;
}

static bool
is_open(const S3GateItem *item)
{
	return item->fate == S3_FATE_OPEN && !item->recovers;
}

static bool
is_newly_met(const S3GateItem *item)
{
	return is_open(item) && item->meets;
}

static bool
was_met(const S3GateItem *item)
{
	return is_open(item) && !item->meets;
}

static bool
is_deleted(const S3GateItem *item)
{
	return item->fate == S3_FATE_DELETED;
}

static bool
is_kept(const S3GateItem *item)
{
	return item->fate == S3_FATE_KEPT;
}

static bool
is_done(const S3GateItem *item)
{
	return is_kept(item) || is_deleted(item);
}

void
s3_gate_mark(S3GateBatch *batch)
{
	Changes		changes = {0};
	int			count;
	Datum		tids = tids_of(batch, is_kept, &count);

	take_off(tids, count);
	make_changes(&changes, batch->count);
	for (int i = 0; i < batch->count; i++)
	{
		const S3GateItem *item = &batch->items[i];

		if (!item->recovers &&
			(item->fate == S3_FATE_WAITS || item->fate == S3_FATE_FAILED ||
			 item->fate == S3_FATE_REFUSED))
			add_change(&changes, item);
	}
	change_rows(&changes, true);
	mark_deleting(batch, was_met, "");
	mark_deleting(batch, is_newly_met,
				  psprintf(", met_at = CASE WHEN met_at IS NULL THEN LEAST(clock_timestamp(),"
						   " queued_at + %d * interval '1 ms') ELSE clock_timestamp() END",
						   S3_GATE_MET_WITHIN));
}

static void
take_off(Datum tids, int count)
{
	Oid			type = TIDARRAYOID;

	if (count > 0)
		execute_by_index(psprintf("DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s"
								  " WHERE ctid = ANY ($1) FOR UPDATE SKIP LOCKED))",
								  queue_table(), queue_table()),
						 SPI_OK_DELETE, 1, &type, &tids);
}

static void
mark_deleting(S3GateBatch *batch, bool (*wanted) (const S3GateItem *item), const char *more)
{
	int			asked;
	Oid			type = TIDARRAYOID;
	Datum		tids = tids_of(batch, wanted, &asked);
	uint64		count;

	if (asked == 0)
		return;
	count = execute_by_index(psprintf("UPDATE %s SET state = 'd', unsure_until = NULL%s"
									  " WHERE ctid = ANY ($1) RETURNING id, ctid, met_at",
									  queue_table(), more),
							 SPI_OK_UPDATE_RETURNING, 1, &type, &tids);
	for (uint64 i = 0; i < count; i++)
	{
		bool		is_null;
		S3GateItem *item = find_item(batch, DatumGetInt64(s3_sql_value(i, 1, &is_null)));
		Datum		met_at = s3_sql_value(i, 3, &is_null);

		item->met_at = is_null ? 0 : DatumGetTimestampTz(met_at);
		item->tid = *(ItemPointer) DatumGetPointer(s3_sql_value(i, 2, &is_null));
	}
	SPI_freetuptable(SPI_tuptable);
}

void
s3_gate_block_open(S3GateBatch *batch)
{
	for (int i = 0; i < batch->count; i++)
		if (is_open(&batch->items[i]))
			s3_gate_decide(&batch->items[i], S3_FATE_BLOCKED, 0, NULL);
}

/*
 * What recovers, and cannot be looked up now, has a row that was not locked: it
 * gets another time when the batch is settled.
 */
static bool
waits_unsettled(const S3GateItem *item)
{
	return item->recovers && item->fate != S3_FATE_BLOCKED && !is_done(item);
}

void
s3_gate_drop_settled(S3GateBatch *batch)
{
	int			count = 0;

	for (int i = 0; i < batch->count; i++)
		if (batch->items[i].fate == S3_FATE_OPEN || waits_unsettled(&batch->items[i]))
			batch->items[count++] = batch->items[i];
	batch->count = count;
}

void
s3_gate_marked(S3GateBatch *batch)
{
	s3_open_transactions_collect(&batch->open);
}

static void
make_changes(Changes *changes, int max)
{
	changes->tids = palloc(max * sizeof(Datum));
	changes->ids = palloc(max * sizeof(Datum));
	changes->states = palloc(max * sizeof(Datum));
	changes->waits = palloc(max * sizeof(Datum));
	changes->attempts = palloc(max * sizeof(Datum));
	changes->dead = palloc(max * sizeof(Datum));
	changes->unsure = palloc(max * sizeof(Datum));
	changes->meets = palloc(max * sizeof(Datum));
	changes->met_at = palloc0(max * sizeof(Datum));
	changes->not_met = palloc(max * sizeof(bool));
	changes->reasons = palloc0(max * sizeof(Datum));
	changes->no_reason = palloc(max * sizeof(bool));
}

/*
 * A request that may still be carried out keeps the deletion under way: no
 * writer of the object goes on before it can be no more.  So does an object of
 * which nobody could find out whether it is still there.
 */
static void
add_change(Changes *changes, const S3GateItem *item)
{
	int			i = changes->count++;
	bool		failed = item->fate == S3_FATE_FAILED || item->fate == S3_FATE_REFUSED;

	changes->tids[i] = PointerGetDatum(&item->tid);
	changes->ids[i] = Int64GetDatum(item->id);
	changes->states[i] = CharGetDatum(item->unsure ? S3_QUEUE_DELETING : S3_QUEUE_PENDING);
	changes->waits[i] = Int32GetDatum(item->wait > 0 ? item->wait : s3_schedule_backoff(item->attempts));
	changes->attempts[i] = Int32GetDatum(failed ? 1 : 0);
	changes->dead[i] = BoolGetDatum(!item->unsure &&
									(item->fate == S3_FATE_REFUSED ||
									 ((failed || item->recovers) && item->kind != S3_QUEUE_UNDO &&
									  item->attempts + failed >= s3_guc_delete_max_attempts)));
	changes->unsure[i] = BoolGetDatum(item->unsure);
	changes->meets[i] = BoolGetDatum(item->meets);
	changes->met_at[i] = TimestampTzGetDatum(item->met_at);
	changes->not_met[i] = item->met_at == 0;
	changes->no_reason[i] = item->reason == NULL;
	if (item->reason != NULL)
		changes->reasons[i] = CStringGetTextDatum(item->reason);
}

static void
change_rows(const Changes *changes, bool locked)
{
	const char *table = queue_table();
	Oid			types[] = {TIDARRAYOID, INT8ARRAYOID, CHARARRAYOID, INT4ARRAYOID, INT4ARRAYOID,
	BOOLARRAYOID, BOOLARRAYOID, TEXTARRAYOID, BOOLARRAYOID, TIMESTAMPTZARRAYOID};
	Datum		values[lengthof(types)];

	if (changes->count == 0)
		return;
	values[0] = s3_sql_array(changes->tids, NULL, changes->count, TIDOID);
	values[1] = s3_sql_array(changes->ids, NULL, changes->count, INT8OID);
	values[2] = s3_sql_array(changes->states, NULL, changes->count, CHAROID);
	values[3] = s3_sql_array(changes->waits, NULL, changes->count, INT4OID);
	values[4] = s3_sql_array(changes->attempts, NULL, changes->count, INT4OID);
	values[5] = s3_sql_array(changes->dead, NULL, changes->count, BOOLOID);
	values[6] = s3_sql_array(changes->unsure, NULL, changes->count, BOOLOID);
	values[7] = s3_sql_array(changes->reasons, changes->no_reason, changes->count, TEXTOID);
	values[8] = s3_sql_array(changes->meets, NULL, changes->count, BOOLOID);
	values[9] = s3_sql_array(changes->met_at, changes->not_met, changes->count, TIMESTAMPTZOID);
	execute_by_index(psprintf("UPDATE %s AS d SET state = r.state, dead = r.dead,"
							  " last_error = COALESCE(r.reason, d.last_error),"
							  " attempts = LEAST(d.attempts + r.attempts, 32767)::int2,"
							  " next_at = GREATEST(d.next_at, clock_timestamp() + r.wait * interval '1 ms'),"
							  " met_at = CASE WHEN r.meets THEN r.met_at ELSE d.met_at END,"
							  " unsure_until = CASE WHEN r.unsure"
							  " THEN clock_timestamp() + %d * interval '1 ms' END"
	/* An undo that is given up: its puts are settled. */
							  ", kind = CASE WHEN r.dead AND d.kind = 'u' THEN 'k' ELSE d.kind END"
							  " FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10)"
							  " AS r(id, state, wait, attempts, dead, unsure, reason, meets, met_at)"
							  " WHERE d.id = r.id AND d.ctid = ANY (%s)",
							  table, s3_settings_grace(),
							  locked ? "$1" :
							  psprintf("ARRAY(SELECT ctid FROM %s WHERE ctid = ANY ($1)"
									   " FOR UPDATE SKIP LOCKED)", table)),
					 SPI_OK_UPDATE, lengthof(types), types, values);
}

void
s3_gate_settle(S3GateBatch *batch)
{
	Changes		changes = {0};
	bool		known = s3_open_transactions_remain(&batch->open);
	int			count;
	Datum		tids;

	tids = tids_of(batch, known ? is_kept : is_done, &count);
	take_off(tids, count);
	if (known)
	{
		tids = tids_of(batch, is_deleted, &count);
		mark_gone(tids, count);
	}
	make_changes(&changes, batch->count);
	for (int i = 0; i < batch->count; i++)
		if (!is_done(&batch->items[i]))
			add_change(&changes, &batch->items[i]);
	change_rows(&changes, false);
}

/* Rows of deletions that were met, of the objects $1. */
#define MET_ROWS "object = ANY ($1) AND kind = 'd' AND met_at IS NOT NULL AND state <> 'g'" \
	" AND NOT void AND version_id IS NULL"

void
s3_gate_wait_for_met(S3GateBatch *batch)
{
	int			asked;
	Oid			type = INT8ARRAYOID;
	Datum		objects = undone_objects(batch, &asked);
	const char *table = queue_table();
	uint64		count;

	if (asked == 0)
		return;
	count = execute_by_index(psprintf("WITH free AS MATERIALIZED (SELECT id FROM %s WHERE %s"
									  " FOR NO KEY UPDATE SKIP LOCKED)"
									  " SELECT object FROM %s WHERE %s"
									  " AND id NOT IN (SELECT id FROM free)",
									  table, MET_ROWS, table, MET_ROWS),
							 SPI_OK_SELECT, 1, &type, &objects);
	for (uint64 i = 0; i < count; i++)
	{
		bool		is_null;
		int64		object = DatumGetInt64(s3_sql_value(i, 1, &is_null));

		for (int j = 0; j < batch->count; j++)
			if (is_undone(&batch->items[j]) && batch->items[j].object == object)
				s3_gate_decide(&batch->items[j], S3_FATE_WAITS, LOCKED_WAIT,
							   "a deletion of the object is locked by another transaction");
	}
	SPI_freetuptable(SPI_tuptable);
}

/* Not those that this transaction has marked: they were met, and their versions are known. */
void
s3_gate_meet_again(const S3GateBatch *batch)
{
	int			asked;
	Oid			type = INT8ARRAYOID;
	Datum		objects = undone_objects(batch, &asked);

	if (asked > 0)
		execute_by_index(psprintf("UPDATE %s SET met_at = '-infinity' WHERE %s"
								  " AND NOT (state = 'd' AND unsure_until IS NULL)",
								  queue_table(), MET_ROWS),
						 SPI_OK_UPDATE, 1, &type, &objects);
}

static bool
is_undone(const S3GateItem *item)
{
	return item->undo != NULL && (item->fate == S3_FATE_OPEN || item->fate == S3_FATE_KEPT);
}

/* The objects of the undos that are decided, or about to be. */
static Datum
undone_objects(const S3GateBatch *batch, int *count)
{
	Datum	   *objects = palloc(Max(batch->count, 1) * sizeof(Datum));

	*count = 0;
	for (int i = 0; i < batch->count; i++)
		if (is_undone(&batch->items[i]))
			objects[(*count)++] = Int64GetDatum(batch->items[i].object);
	return s3_sql_array(objects, NULL, *count, INT8OID);
}

/*
 * Whoever began before may know of the object, by whatever clock: so its start
 * must not be after the moment that is written here.
 */
static void
mark_gone(Datum tids, int count)
{
	Oid			type = TIDARRAYOID;

	if (count > 0)
		execute_by_index(psprintf("UPDATE %s SET state = 'g', unsure_until = NULL, last_error = NULL,"
								  " gone_at = GREATEST(clock_timestamp(),"
								  " (SELECT max(xact_start) FROM pg_stat_get_activity(NULL)))"
								  " WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s"
								  " WHERE ctid = ANY ($1) FOR UPDATE SKIP LOCKED))",
								  queue_table(), queue_table()),
						 SPI_OK_UPDATE, 1, &type, &tids);
}

/*
 * Those who may know of the object began before gone_at, which is no earlier than
 * the start of any transaction that was open then.  Whoever does not show when
 * its transaction began may have begun at any time.
 */
void
s3_gate_forget(void)
{
	const char *table = queue_table();
	uint64		count = execute_by_index(psprintf("SELECT FROM %s WHERE state <> 'p' AND state = 'g'"
												  " LIMIT 1", table),
										 SPI_OK_SELECT, 0, NULL, NULL);

	SPI_freetuptable(SPI_tuptable);
	if (count > 0)
		execute_by_index(psprintf("DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s"
								  " WHERE state <> 'p' AND state = 'g' AND gone_at <"
								  " (SELECT COALESCE(min(COALESCE(xact_start, '-infinity')), 'infinity')"
								  " FROM pg_stat_activity WHERE datname = current_database()"
								  " AND pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker'"
								  " AND (xact_start IS NOT NULL OR state = 'disabled'"
								  " OR state IS NULL AND backend_type = 'client backend'))"
								  " FOR UPDATE SKIP LOCKED))", table, table),
						 SPI_OK_DELETE, 0, NULL, NULL);
}

void
s3_gate_recover(int64 server)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(server);

	execute_by_index(psprintf("UPDATE %s SET unsure_until = clock_timestamp() + %d * interval '1 ms'"
							  " WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s"
							  " WHERE state <> 'p' AND state = 'd' AND server = $1 AND unsure_until IS NULL"
							  " FOR UPDATE SKIP LOCKED))",
							  queue_table(), s3_settings_grace(), queue_table()),
					 SPI_OK_UPDATE, 1, &type, &value);
}
