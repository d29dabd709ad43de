/*-------------------------------------------------------------------------
 *
 * admission.c
 *	  What a transaction does about queued deletions of an object before it
 *	  writes the object, or a row that names it.
 *
 *	  pending	lock that version of the queue row to the end of the
 *				transaction: the worker skips rows that are locked; a put that
 *				has stored the object makes it void
 *	  deleting	wait; then see whether the object is gone
 *	  gone		too late for a transaction that began before
 *	  void		the object was stored again: nothing to do
 *
 * Guarantees: it sees all that is committed, whatever the isolation level.  It
 * waits for no writer of rows, and holds no lock on a row that it waits for: a
 * worker waits for no lock on a row, so nobody waits for each other.
 *
 * A row is locked in exactly the version that was looked at.  SELECT FOR UPDATE
 * and UPDATE would lock a newer version, too, and keep that lock even where they
 * then find that it is not what they look for.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/latch.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "backend/compat.h"
#include "backend/sql.h"
#include "queue/admission.h"
#include "queue/queue.h"
#include "queue/queue_index.h"
#include "queue/writer_lock.h"
#include "settings/settings.h"

#define ROW_PATIENCE	5000	/* ms for the deletion of an object that a row
								 * is to name */
#define POLL			5		/* ms */

/* What the rows of an object tell. */
typedef struct Visit
{
	LockTupleMode mode;			/* in which pending rows are locked */
	bool		is_put;			/* of the object, not of a row that names it */
	bool		voids;			/* makes the rows void, */
	bool		spares_own;		/* but not those of this transaction */
	TimestampTz missed_at;		/* when the process that deletes was first
								 * seen to be gone; 0: it was not */
	bool		changed;		/* a row was not as we saw it: look again */
	bool		deleting;
	bool		too_late;
	bool		found;			/* any row */
} Visit;

static bool may_have_rows(int64 object);
static void visit_rows(int64 object, Visit *visit);
static void visit_versions(Relation table, int64 object, Snapshot snapshot, Visit *visit);
static void visit_row(Relation table, HeapTuple tuple, Visit *visit);
static bool is_pending_undo(HeapTuple tuple, TupleDesc desc);
static bool is_past(HeapTuple tuple, TupleDesc desc, Visit *visit);
static bool lock_row(Relation table, HeapTuple tuple, Visit *visit);
static void void_row(ItemPointer tid);
static void wait_a_moment(void);

bool
s3_admission_of_row(int64 object)
{
	TimestampTz start;
	bool		waited = false;

	if (!may_have_rows(object))
		return true;
	start = GetCurrentTimestamp();
	for (;;)
	{
		Visit		visit = {.mode = LockTupleKeyShare};

		visit_rows(object, &visit);
		if (visit.too_late)
			return false;
		if (!visit.deleting)
			return !waited || visit.found;
		if (TimestampDifferenceExceeds(start, GetCurrentTimestamp(), ROW_PATIENCE))
			return false;
		waited = true;
		wait_a_moment();
	}
}

static bool
may_have_rows(int64 object)
{
	Oid			oid = s3_queue_table();
	Relation	table;
	bool		found;

	if (!OidIsValid(oid))
		return false;
	table = table_open(oid, AccessShareLock);
	found = s3_queue_index_may_have(table, object);
	table_close(table, NoLock);
	return found;
}

void
s3_admission_of_put(const S3Location *location)
{
	TimestampTz missed_at = 0;
	int64		object;

	if (!OidIsValid(s3_queue_table()))
		return;
	object = s3_object_identity(location).object;
	for (;;)
	{
		Visit		visit = {.mode = LockTupleKeyShare,.is_put = true,.missed_at = missed_at};

		visit_rows(object, &visit);
		if (!visit.deleting)
			return;
		missed_at = visit.missed_at;
		wait_a_moment();
	}
}

void
s3_admission_void(int64 object, bool spares_own)
{
	Visit		visit = {.mode = LockTupleNoKeyExclusive,.is_put = true,.voids = true,.spares_own = spares_own};

	visit_rows(object, &visit);
}

/*
 * Looks at the rows of the object until none changes under our eyes.  With a
 * snapshot of its own: that of a REPEATABLE READ transaction may be older than
 * the deletion.
 */
static void
visit_rows(int64 object, Visit *visit)
{
	Oid			oid = s3_queue_table();
	Relation	table;

	if (!OidIsValid(oid))
		return;
	/* What this very command has queued counts, too. */
	CommandCounterIncrement();
	table = table_open(oid, AccessShareLock);
	/* Most often there is nothing to look through, which would take longer. */
	while (RelationGetNumberOfBlocks(table) > 0)
	{
		Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());

		visit->changed = visit->deleting = visit->too_late = visit->found = false;
		visit_versions(table, object, snapshot, visit);
		UnregisterSnapshot(snapshot);
		if (!visit->changed)
			break;
		CommandCounterIncrement();
	}
	table_close(table, AccessShareLock);
}

static void
visit_versions(Relation table, int64 object, Snapshot snapshot, Visit *visit)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, S3_QUEUE_OBJECT, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(object));
	scan = systable_beginscan(table, s3_queue_index_object(table), true, snapshot, 1, &key);
	while (!visit->changed && (tuple = systable_getnext(scan)) != NULL)
	{
		/* A version that was named to be deleted is no other object's. */
		if (heap_attisnull(tuple, S3_QUEUE_VERSION_ID, RelationGetDescr(table)))
			visit_row(table, tuple, visit);
	}
	systable_endscan(scan);
}

static void
visit_row(Relation table, HeapTuple tuple, Visit *visit)
{
	TupleDesc	desc = RelationGetDescr(table);
	bool		is_null;
	char		state = DatumGetChar(heap_getattr(tuple, S3_QUEUE_STATE, desc, &is_null));

	visit->found = true;
	if (DatumGetBool(heap_getattr(tuple, S3_QUEUE_VOID, desc, &is_null)) ||
		(visit->spares_own &&
		 TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data))))
		return;

	/*
	 * What is deleted when the put is stored was waited for before it was
	 * sent.
	 */
	if (state == S3_QUEUE_DELETING && !visit->voids &&
		!(visit->is_put && is_past(tuple, desc, visit)))
		visit->deleting = true;
	else if (state == S3_QUEUE_GONE && !visit->is_put)
		visit->too_late |= GetCurrentTransactionStartTimestamp() <=
			DatumGetTimestampTz(heap_getattr(tuple, S3_QUEUE_GONE_AT, desc, &is_null));
	else if (visit->voids && is_pending_undo(tuple, desc))
		return;
	else if (lock_row(table, tuple, visit) && visit->voids)
		void_row(&tuple->t_self);
}

/*
 * Is it a row that undoes puts, of which nothing has been sent?  It need not be
 * made void: whoever takes it reads the journal, and finds this put there.
 */
static bool
is_pending_undo(HeapTuple tuple, TupleDesc desc)
{
	bool		is_null;

	return DatumGetChar(heap_getattr(tuple, S3_QUEUE_STATE, desc, &is_null)) == S3_QUEUE_PENDING &&
		DatumGetChar(heap_getattr(tuple, S3_QUEUE_KIND, desc, &is_null)) == S3_QUEUE_UNDO;
}

/*
 * Can no request to delete the object be carried out any more?  When the process
 * that deleted it is gone, nobody knows when it sent the last one, so the time
 * starts when that is noticed.
 */
static bool
is_past(HeapTuple tuple, TupleDesc desc, Visit *visit)
{
	bool		is_null;
	int64		server = DatumGetInt64(heap_getattr(tuple, S3_QUEUE_SERVER, desc, &is_null));
	TimestampTz now = GetCurrentTimestamp();
	Datum		until;

	if (s3_writer_lock_server_is_held(server))
	{
		visit->missed_at = 0;
		return false;
	}
	until = heap_getattr(tuple, S3_QUEUE_UNSURE_UNTIL, desc, &is_null);
	if (!is_null)
		return DatumGetTimestampTz(until) <= now;
	if (visit->missed_at == 0)
		visit->missed_at = now;
	return now - visit->missed_at > s3_settings_grace() * INT64CONST(1000);
}

/* Returns false when it is not the row any more that it was. */
static bool
lock_row(Relation table, HeapTuple tuple, Visit *visit)
{
	HeapTupleData locked = {.t_self = tuple->t_self};
	TM_FailureData failure;
	Buffer		buffer;
	TM_Result	result = heap_lock_tuple(table, &locked, GetCurrentCommandId(true), visit->mode,
										 LockWaitBlock, false, &buffer, &failure);

	ReleaseBuffer(buffer);
	/* What this transaction has made void, or taken off, is settled. */
	if (result == TM_SelfModified)
		return false;
	visit->changed = result != TM_Ok;
	return result == TM_Ok;
}

/*
 * The row is locked, so nobody else can have changed it.  One that was given up
 * is looked at again, to be taken off.
 */
static void
void_row(ItemPointer tid)
{
	Oid			type = TIDOID;
	Datum		value = PointerGetDatum(tid);
	S3RunAs		saved;

	SPI_connect();
	s3_queue_run_as_owner(&saved);
	(void) s3_sql_execute_latest(psprintf("UPDATE %s SET void = true, dead = false WHERE ctid = $1",
										  s3_queue_name("s3_deletion")),
								 SPI_OK_UPDATE, 1, &type, &value);
	s3_sql_run_as_end(&saved);
	SPI_finish();
	CommandCounterIncrement();
}

static void
wait_a_moment(void)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, POLL,
					 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}
