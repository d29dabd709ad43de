/*-------------------------------------------------------------------------
 *
 * drain.c
 *	  Carries out deletions that are due, one server after the other.
 *
 *	  look	   which are due; whoever may name one of their objects in a row
 *			   that is not committed yet is waited for first
 *	  mark	   in the same transaction, which commits synchronously: the rows
 *			   are locked, all managed columns are asked whether a row names
 *			   the object, and what none names is being deleted
 *	  remove   no transaction: requests to the server
 *	  settle   a transaction: the rows go, or wait for another attempt
 *
 * Guarantees: a server is worked for by one process at a time, and by others
 * while that one waits for another server.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/async.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "backend/compat.h"
#include "queue/queue.h"
#include "queue/writer_lock.h"
#include "queue/writer_token.h"
#include "removal/drain.h"
#include "removal/gate.h"
#include "removal/managed_columns.h"
#include "removal/remove_objects.h"
#include "removal/row_references.h"
#include "removal/table_writers.h"
#include "removal/undo_plan.h"
#include "removal/writer_wait.h"
#include "settings/privileges.h"

#define CHANNEL		"s3store_queue" /* of NOTIFY */
#define BLOCKED_MAX		50000	/* deletions that are looked past: of more,
								 * those behind wait, too */

/* Deletions that are blocked by the same transactions. */
typedef struct Blocked
{
	Bitmapset  *writers;
	S3Blockers *blockers;
} Blocked;

static int64 done_since(const S3DrainCounts *before, const S3DrainCounts *now);
static int64 *due_servers(S3QueueTxnKind kind, int *count);
static bool drain_server(S3QueueTxnKind kind, int64 server, int max, S3DrainCounts *counts);
static bool mark_some(S3QueueTxnKind kind, S3GateBatch *batch, int max);
static bool mark_batch(S3QueueTxnKind kind, S3GateBatch *batch, int max);
static void wait_for_writers(S3GateBatch *batch, const S3ManagedColumns *columns);
static Bitmapset **writers_of_columns(const S3ManagedColumns *columns, const S3TableWriters *writers);
static Bitmapset *blockers_of(const S3GateItem *item, const S3ManagedColumns *columns,
							  Bitmapset **writers);
static void block(S3GateItem *item, Bitmapset *which, const S3TableWriters *writers, List **blocked);
static void check_item(S3GateItem *item);
static bool has_work(const S3GateBatch *batch);
static void settle_batch(S3QueueTxnKind kind, S3GateBatch *batch, S3DrainCounts *counts);
static void count_items(const S3GateBatch *batch, bool recovering, S3DrainCounts *counts);
static void notify(const S3DrainCounts *counts);

bool
s3_drain_round(S3QueueTxnKind kind, int max, S3DrainCounts *counts)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store round",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	S3DrainCounts before = *counts;
	bool		worked = false;
	int			count;
	int64	   *servers = due_servers(kind, &count);

	if (count == 0)
		s3_writer_wait_forget_all();
	for (int i = 0; i < count && done_since(&before, counts) < max; i++)
		worked |= drain_server(kind, servers[i],
							   (int) Min(max - done_since(&before, counts), S3_DRAIN_BATCH), counts);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
	return worked;
}

static int64
done_since(const S3DrainCounts *before, const S3DrainCounts *now)
{
	return now->deleted + now->kept + now->failed - before->deleted - before->kept - before->failed;
}

static int64 *
due_servers(S3QueueTxnKind kind, int *count)
{
	int64	   *servers;

	s3_queue_txn_begin(kind, false);
	s3_writer_token_require();
	servers = s3_gate_servers(count);
	s3_gate_forget();
	s3_queue_txn_end(kind);
	return servers;
}

/* Returns false when there was nothing that could be done. */
static bool
drain_server(S3QueueTxnKind kind, int64 server, int max, S3DrainCounts *counts)
{
	S3GateBatch batch = {.server = server};
	volatile bool worked = false;

	if (!s3_writer_lock_server(server))
		return false;
	PG_TRY();
	{
		if (mark_some(kind, &batch, max))
		{
			s3_gate_marked(&batch);
			count_items(&batch, false, counts);
			s3_gate_drop_settled(&batch);
			if (batch.count > 0)
			{
				s3_remove_objects(&batch);
				settle_batch(kind, &batch, counts);
			}
			worked = true;
		}
	}
	PG_CATCH();
	{
		s3_writer_lock_server_end(server);
		PG_RE_THROW();
	}
	PG_END_TRY();
	s3_writer_lock_server_end(server);
	return worked;
}

/* Rows that others have locked are looked past, the next time. */
static bool
mark_some(S3QueueTxnKind kind, S3GateBatch *batch, int max)
{
	int			locked;

	do
	{
		locked = s3_gate_locked_by_others();
		if (mark_batch(kind, batch, max))
			return true;
		CHECK_FOR_INTERRUPTS();
	} while (s3_gate_locked_by_others() > locked);
	return false;
}

/*
 * What the questions see may be of transactions that have committed without
 * waiting for the disk, as the deletion of the row itself may be: this commit
 * flushes them all.
 */
static bool
mark_batch(S3QueueTxnKind kind, S3GateBatch *batch, int max)
{
	S3ManagedColumns columns;
	S3ManagedColumns now;

	s3_queue_txn_begin(kind, true);
	s3_gate_recover(batch->server);
	s3_gate_look(batch, batch->server,
				 max + Min(s3_writer_wait_count() + s3_gate_locked_by_others(), BLOCKED_MAX));
	s3_writer_wait_begin();
	s3_managed_columns_read(&columns);
	wait_for_writers(batch, &columns);
	if (has_work(batch))
	{
		s3_gate_lock(batch);
		for (int i = 0; i < batch->count; i++)
			check_item(&batch->items[i]);
		s3_undo_plan(batch);
		s3_row_references_ask(batch, &columns);
		/* Others by now?  Their tables were not asked, nor their writers waited for. */
		s3_managed_columns_read(&now);
		if (!s3_managed_columns_cover(&columns, &now))
			s3_gate_block_open(batch);
		s3_undo_plan_keep_named(batch);
		s3_gate_wait_for_met(batch);
		s3_gate_mark(batch);
		s3_gate_meet_again(batch);
		(void) GetCurrentTransactionId();
		ForceSyncCommit();
	}
	s3_queue_txn_end(kind);
	/* The puts whose objects stay: that, and the reason, are on disk now. */
	s3_undo_plan_settle(batch);
	for (int i = 0; i < batch->count; i++)
		if (batch->items[i].fate != S3_FATE_BLOCKED)
			s3_writer_wait_forget(batch->items[i].id);
	return has_work(batch);
}

/* The deletions were looked at before: they are committed, and can be seen. */
static void
wait_for_writers(S3GateBatch *batch, const S3ManagedColumns *columns)
{
	S3TableWriters writers;
	Bitmapset **of_columns;
	List	   *blocked = NIL;

	s3_table_writers_collect(columns, &writers);
	s3_writer_wait_note(&writers);
	of_columns = writers_of_columns(columns, &writers);
	for (int i = 0; i < batch->count; i++)
	{
		S3GateItem *item = &batch->items[i];

		S3WriterWait wait = s3_writer_wait_state(item->id);

		if (item->early)
			continue;
		if (wait == S3_WRITER_WAIT_BLOCKED)
		{
			s3_gate_decide(item, S3_FATE_BLOCKED, 0, NULL);
			continue;
		}
		s3_gate_read_url(item);
		if (wait == S3_WRITER_WAIT_NEW && item->fate == S3_FATE_OPEN && !item->recovers &&
			item->version_id == NULL)
			block(item, blockers_of(item, columns, of_columns), &writers, &blocked);
	}
}

static Bitmapset **
writers_of_columns(const S3ManagedColumns *columns, const S3TableWriters *writers)
{
	Bitmapset **of_columns = palloc0(Max(columns->count, 1) * sizeof(Bitmapset *));

	for (int i = 0; i < columns->count; i++)
		for (int j = 0; j < writers->count; j++)
			if (list_member_oid(columns->items[i].relations, writers->items[j].relation))
				of_columns[i] = bms_add_member(of_columns[i], j);
	return of_columns;
}

/* Those who write a column that may name the object. */
static Bitmapset *
blockers_of(const S3GateItem *item, const S3ManagedColumns *columns, Bitmapset **writers)
{
	Bitmapset  *which = NULL;

	for (int i = 0; i < columns->count; i++)
	{
		ListCell   *cell;

		if (writers[i] == NULL)
			continue;
		foreach(cell, item->urls)
			if (s3_managed_columns_may_name(&columns->items[i], s3_slice_cstring(lfirst(cell))))
		{
			which = bms_add_members(which, writers[i]);
			break;
		}
	}
	return which;
}

static void
block(S3GateItem *item, Bitmapset *which, const S3TableWriters *writers, List **blocked)
{
	Blocked    *group = NULL;
	ListCell   *cell;

	if (which == NULL)
		return;
	foreach(cell, *blocked)
		if (bms_equal(((Blocked *) lfirst(cell))->writers, which))
		group = lfirst(cell);
	if (group == NULL)
	{
		group = palloc(sizeof(Blocked));
		group->writers = which;
		group->blockers = s3_writer_wait_for(writers, which);
		*blocked = lappend(*blocked, group);
	}
	s3_writer_wait_add(item->id, group->blockers);
	s3_gate_decide(item, S3_FATE_BLOCKED, 0, NULL);
}

/* On whose behalf is it, and could it be sent? */
static void
check_item(S3GateItem *item)
{
	if (item->fate != S3_FATE_OPEN || item->recovers || item->early)
		return;
	if (OidIsValid(item->relation))
	{
		HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(item->relation));

		/* Dropping a table deletes no objects: nobody can say who needs them. */
		if (!HeapTupleIsValid(tuple))
		{
			s3_gate_decide(item, S3_FATE_REFUSED, 0,
						   "the table whose row named the object was dropped; use s3_delete_later or s3_delete to delete it");
			return;
		}
		item->owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	if (item->kind != S3_QUEUE_UNDO && !s3_privileges_may_write(item->owner))
		s3_gate_decide(item, S3_FATE_FAILED, 0,
					   psprintf("the owner of the deletion does not have the privileges of role \"%s\"",
								S3_ROLE_WRITE));
	else
		s3_remove_objects_check(item);
}

static bool
has_work(const S3GateBatch *batch)
{
	for (int i = 0; i < batch->count; i++)
		if (batch->items[i].fate != S3_FATE_BLOCKED)
			return true;
	return false;
}

static void
settle_batch(S3QueueTxnKind kind, S3GateBatch *batch, S3DrainCounts *counts)
{
	S3DrainCounts now = {0};

	count_items(batch, true, &now);
	s3_queue_txn_begin(kind, false);
	s3_undo_plan_settle(batch);
	s3_gate_settle(batch);
	notify(&now);
	s3_queue_txn_end(kind);
	SendNotifications();
	counts->deleted += now.deleted;
	counts->kept += now.kept;
	counts->failed += now.failed;
}

static void
count_items(const S3GateBatch *batch, bool recovering, S3DrainCounts *counts)
{
	for (int i = 0; i < batch->count; i++)
	{
		/* What recovers is settled later, and counted then. */
		if ((batch->items[i].recovers && !recovering) ||
			(batch->items[i].fate == S3_FATE_WAITS && batch->items[i].early))
			continue;
		switch (batch->items[i].fate)
		{
			case S3_FATE_DELETED:
				counts->deleted++;
				break;
			case S3_FATE_KEPT:
				counts->kept++;
				break;
			case S3_FATE_WAITS:
			case S3_FATE_FAILED:
			case S3_FATE_REFUSED:
				counts->failed++;
				break;
			case S3_FATE_OPEN:
			case S3_FATE_BLOCKED:
				break;
		}
	}
}

/* One notification a round; the view s3_queue tells of single objects. */
static void
notify(const S3DrainCounts *counts)
{
	char		payload[128];

	snprintf(payload, sizeof(payload),
			 "{\"deleted\": " INT64_FORMAT ", \"kept\": " INT64_FORMAT ", \"failed\": " INT64_FORMAT "}",
			 counts->deleted, counts->kept, counts->failed);
	Async_Notify(CHANNEL, payload);
}
