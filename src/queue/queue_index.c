/*-------------------------------------------------------------------------
 *
 * queue_index.c
 *	  The indexes of the table of queued deletions: inserting a new row.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "backend/compat.h"
#include "queue/queue_index.h"

#define KNOWN_MAX	10			/* indexes, with the copies that are made */

typedef enum QueueIndex
{
	QUEUE_PENDING,
	QUEUE_OBJECT,
	QUEUE_STARTED,
	QUEUE_DEAD,
	QUEUE_INDEXES
} QueueIndex;

static struct
{
	Oid			oid;
	QueueIndex	kind;
}			known_indexes[KNOWN_MAX];
static int	known_count;

static QueueIndex kind_of_index(Relation table, Oid oid);
static QueueIndex find_kind(Relation table, Oid oid);
static Oid	queue_index(Relation table, QueueIndex kind);
static bool is_copy(Oid oid, Oid original_oid);
static bool has_entry(Relation table, Oid oid, int64 value);
static void insert_into_index(Oid oid, Relation table, ItemPointer tid, Datum *values);

/*
 * A new row belongs to two of the four indexes; the others are of rows that
 * are not pending any more, or dead.  REINDEX CONCURRENTLY has copies of them for a while.
 */
void
s3_queue_index_insert(Relation table, ItemPointer tid, const S3ObjectIdentity *identity,
					  TimestampTz next_at, int64 id)
{
	Datum		pending[3] = {Int64GetDatum(identity->server),
	TimestampTzGetDatum(next_at), Int64GetDatum(id)};
	Datum		object = Int64GetDatum(identity->object);
	List	   *indexes = RelationGetIndexList(table);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		QueueIndex	kind = kind_of_index(table, lfirst_oid(cell));

		if (kind == QUEUE_PENDING)
			insert_into_index(lfirst_oid(cell), table, tid, pending);
		else if (kind == QUEUE_OBJECT)
			insert_into_index(lfirst_oid(cell), table, tid, &object);
	}
	list_free(indexes);
}

Oid
s3_queue_index_object(Relation table)
{
	return queue_index(table, QUEUE_OBJECT);
}

Oid
s3_queue_index_started(Relation table)
{
	return queue_index(table, QUEUE_STARTED);
}

/* Keeps the locks, since the next row is asked about, too. */
bool
s3_queue_index_may_have(Relation table, int64 object)
{
	List	   *indexes = RelationGetIndexList(table);
	bool		found = false;
	ListCell   *cell;

	foreach(cell, indexes)
		if (find_kind(table, lfirst_oid(cell)) == QUEUE_OBJECT)
		found = found || has_entry(table, lfirst_oid(cell), object);
	list_free(indexes);
	return found;
}

void
s3_queue_index_forget(void)
{
	known_count = 0;
}

/* Throws for an index that is not ours, or a copy of ours: it would miss the row. */
static QueueIndex
kind_of_index(Relation table, Oid oid)
{
	QueueIndex	kind = find_kind(table, oid);

	if (kind == QUEUE_INDEXES)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has an index that is not the extension's",
						RelationGetRelationName(table)),
				 errhint("Drop the index \"%s\".", get_rel_name(oid))));
	return kind;
}

/* Returns QUEUE_INDEXES for another one. */
static QueueIndex
find_kind(Relation table, Oid oid)
{
	QueueIndex	kind = 0;

	for (int i = 0; i < known_count; i++)
		if (known_indexes[i].oid == oid)
			return known_indexes[i].kind;
	while (kind < QUEUE_INDEXES && !is_copy(oid, queue_index(table, kind)))
		kind++;
	if (kind < QUEUE_INDEXES && known_count < KNOWN_MAX)
	{
		known_indexes[known_count].oid = oid;
		known_indexes[known_count++].kind = kind;
	}
	return kind;
}

/* Not cached: another index may have the name by now. */
static Oid
queue_index(Relation table, QueueIndex kind)
{
	static const char *const names[QUEUE_INDEXES] = {
		[QUEUE_PENDING] = "s3_deletion_pending",
		[QUEUE_OBJECT] = "s3_deletion_object",
		[QUEUE_STARTED] = "s3_deletion_started",
		[QUEUE_DEAD] = "s3_deletion_dead"
	};

	return get_relname_relid(names[kind], RelationGetNamespace(table));
}

/* Does an index have the columns and the rows of another one? */
static bool
is_copy(Oid oid, Oid original_oid)
{
	Relation	index;
	Relation	original;
	bool		is_copy;

	if (!OidIsValid(original_oid) || oid == original_oid)
		return oid == original_oid;
	index = index_open(oid, AccessShareLock);
	original = index_open(original_oid, AccessShareLock);
	is_copy = index->rd_index->indisunique == original->rd_index->indisunique &&
		index->rd_index->indnatts == original->rd_index->indnatts &&
		memcmp(index->rd_index->indkey.values, original->rd_index->indkey.values,
			   index->rd_index->indnatts * sizeof(int16)) == 0 &&
		equal(RelationGetIndexExpressions(index), RelationGetIndexExpressions(original)) &&
		equal(RelationGetIndexPredicate(index), RelationGetIndexPredicate(original));
	index_close(original, AccessShareLock);
	index_close(index, AccessShareLock);
	return is_copy;
}

/*
 * Does not read the row that the entry leads to, and needs no snapshot.  An index
 * that is being built as a copy may lack rows; then its original has them.
 */
static bool
has_entry(Relation table, Oid oid, int64 value)
{
	Relation	index = index_open(oid, AccessShareLock);
	bool		found = false;

	if (index->rd_index->indisvalid)
	{
		IndexScanDesc scan = BeginIndexScan(table, index, SnapshotAny, 1);
		ScanKeyData key;

		ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(value));
		index_rescan(scan, &key, 1, NULL, 0);
		found = index_getnext_tid(scan, ForwardScanDirection) != NULL;
		index_endscan(scan);
	}
	index_close(index, NoLock);
	return found;
}

/* CREATE INDEX CONCURRENTLY adds the rows inserted before the index is ready. */
static void
insert_into_index(Oid oid, Relation table, ItemPointer tid, Datum *values)
{
	bool		nulls[3] = {false, false, false};
	Relation	index = index_open(oid, RowExclusiveLock);

	if (index->rd_index->indisready)
		IndexInsert(index, values, nulls, tid, table);
	index_close(index, NoLock);
}
