/*-------------------------------------------------------------------------
 *
 * commit_hook.c
 *	  Starts or wakes the worker when a transaction that needs it commits, and
 *	  wakes it when one that has put something is rolled back.
 *
 * Guarantees: what can fail is done before the commit, since an error after it
 * would be a PANIC.  What fails there does not prevent the commit: the deletion
 * is in the queue, and carried out later.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "queue/commit_hook.h"
#include "queue/worker_slots.h"
#include "settings/settings.h"

static bool registered;
static bool has_deletions;
static bool has_puts;
static bool has_leftovers;		/* there are puts to undo; this outlives the
								 * transaction */
static bool is_expected;		/* the worker's slot counts this transaction */

static void attach_slots(void);
static void watch_transactions(void);
static void end_transaction(XactEvent event, void *arg);
static void end_subtransaction(SubXactEvent event, SubTransactionId subid,
							   SubTransactionId parent, void *arg);
static void note_rollback(void);
static void expect_worker(void);
static void reset(void);

void
s3_commit_hook_note_deletion(void)
{
	watch_transactions();
	has_deletions = true;
}

void
s3_commit_hook_note_put(void)
{
	watch_transactions();
	if (!has_puts)
		attach_slots();
	has_puts = true;
}

void
s3_commit_hook_note_leftover(void)
{
	watch_transactions();
	has_leftovers = true;
}

/*
 * Comes beforehand, since nothing may throw after a rollback.  When it fails, a
 * rollback wakes no worker.
 */
static void
attach_slots(void)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		s3_worker_slots_attach();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
}

static void
watch_transactions(void)
{
	if (registered)
		return;
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_subtransaction, NULL);
	registered = true;
}

static void
end_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			if ((has_deletions || has_leftovers) && s3_settings_worker_enabled())
				expect_worker();
			break;
		case XACT_EVENT_COMMIT:
			if (is_expected)
				s3_worker_slots_commit(MyDatabaseId);
			has_leftovers = false;
			reset();
			break;
		case XACT_EVENT_ABORT:
			if (is_expected)
				s3_worker_slots_abort(MyDatabaseId);
			if (has_puts)
				note_rollback();
			reset();
			break;
		case XACT_EVENT_PREPARE:
			reset();
			break;
		default:
			break;
	}
}

/*
 * Nobody tracks which subtransaction has put something: after the abort of any
 * of them there may be something to undo.  The first one tells the worker, which
 * looks again while the transaction runs.
 */
static void
end_subtransaction(SubXactEvent event, SubTransactionId subid, SubTransactionId parent,
				   void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && has_puts && !has_leftovers)
		note_rollback();
}

static void
note_rollback(void)
{
	has_leftovers = true;
	if (s3_settings_worker_enabled())
		s3_worker_slots_nudge(MyDatabaseId);
}

/*
 * A worker that starts before the commit sees in its slot that a commit is
 * about to come.  Without memory for its slot, or room for another process, the
 * deletions wait for the next worker or s3_drain().
 */
static void
expect_worker(void)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		bool		start;

		is_expected = s3_worker_slots_expect(MyDatabaseId, &start);
		if (start)
			(void) s3_worker_slots_start_worker(MyDatabaseId);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
}

static void
reset(void)
{
	has_deletions = false;
	has_puts = false;
	is_expected = false;
}
