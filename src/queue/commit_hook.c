/*-------------------------------------------------------------------------
 *
 * commit_hook.c
 *	  Starts or wakes the worker when a transaction that needs it commits.
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

static void watch_transactions(void);
static void end_transaction(XactEvent event, void *arg);
static void end_subtransaction(SubXactEvent event, SubTransactionId subid,
							   SubTransactionId parent, void *arg);
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
	has_puts = true;
}

void
s3_commit_hook_note_leftover(void)
{
	watch_transactions();
	has_leftovers = true;
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
			has_leftovers |= has_puts;
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
 * of them there may be something to undo.
 */
static void
end_subtransaction(SubXactEvent event, SubTransactionId subid, SubTransactionId parent,
				   void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && has_puts)
		has_leftovers = true;
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
		if (start && !s3_worker_slots_start_worker(MyDatabaseId))
			ereport(DEBUG1,
					(errmsg("could not start a worker of s3store"),
					 errhint("You might need to increase max_worker_processes.")));
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
