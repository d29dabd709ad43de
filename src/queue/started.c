/*-------------------------------------------------------------------------
 *
 * started.c
 *	  The deletions that have been started, looked at once for all rows of a
 *	  statement.
 *
 * A million deletions may be queued that are not started; looking for one of
 * them for each row that is written takes longer than writing it.  It need not be
 * found: whoever starts it waits for all transactions that have locked a table
 * whose rows could name its object, so for this one, too.
 *
 * That is so unless it has found out already which tables these are, or who writes
 * them, and did not see this transaction.  From before it does so until nothing is left that waits, the
 * worker has a lock (s3_writer_lock_claims).  When it is free after the table was
 * locked, whoever starts a deletion later does see this transaction; and what was
 * started before is committed, and is found here.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "backend/compat.h"
#include "queue/queue.h"
#include "queue/queue_index.h"
#include "queue/started.h"
#include "queue/writer_lock.h"

#define STARTED_MAX	10000		/* entries that are read, dead ones included */

static bool read_started(Relation table, S3Started *started);
static int	compare_objects(const void *a, const void *b);

S3Started *
s3_started_look(void)
{
	Oid			oid = s3_queue_table();
	S3Started  *started = palloc0(sizeof(S3Started));
	Relation	table;
	bool		good;

	if (!OidIsValid(oid))
		return started;
	if (s3_writer_lock_claims_are_held())
		return NULL;
	table = table_open(oid, AccessShareLock);
	good = read_started(table, started);
	table_close(table, AccessShareLock);
	if (!good)
		return NULL;
	qsort(started->objects, started->count, sizeof(int64), compare_objects);
	return started;
}

/*
 * With a new snapshot: the statement's may be older than its lock of the table.
 * Returns false when there are too many.
 */
static bool
read_started(Relation table, S3Started *started)
{
	Relation	index = index_open(s3_queue_index_started(table), AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	IndexScanDesc scan = BeginIndexScan(table, index, snapshot, 0);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	int			seen = 0;

	started->objects = palloc(STARTED_MAX * sizeof(int64));
	index_rescan(scan, NULL, 0, NULL, 0);
	while (seen++ < STARTED_MAX && index_getnext_tid(scan, ForwardScanDirection) != NULL)
	{
		bool		is_null;

		if (index_fetch_heap(scan, slot))
			started->objects[started->count++] =
				DatumGetInt64(slot_getattr(slot, S3_QUEUE_OBJECT, &is_null));
	}
	ExecDropSingleTupleTableSlot(slot);
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	return seen <= STARTED_MAX;
}

static int
compare_objects(const void *a, const void *b)
{
	int64		left = *(const int64 *) a;
	int64		right = *(const int64 *) b;

	return (left > right) - (left < right);
}

bool
s3_started_has(const S3Started *started, int64 object)
{
	return started->count > 0 &&
		bsearch(&object, started->objects, started->count, sizeof(int64), compare_objects) != NULL;
}
