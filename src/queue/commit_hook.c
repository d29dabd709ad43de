/*-------------------------------------------------------------------------
 *
 * commit_hook.c
 *	  What a transaction has done to the queue, and what follows when it ends.
 *
 * Guarantees: what can fail is done before the commit, for an error after it
 * would be a PANIC; and what fails there does not hold the commit up, since
 * the deletion is safe in its row, whether or not there is a worker.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "queue/commit_hook.h"
#include "queue/worker_slots.h"
#include "queue/writer_lock.h"
#include "removal/worker.h"

static bool registered;
static bool has_deletions;
static bool has_puts;
static bool has_leftovers;		/* of this session's transactions, or others' */
static bool is_expected;		/* the worker knows of this transaction */

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

void
s3_commit_hook_note_hold(void)
{
	watch_transactions();
}

/* Once in the life of the process. */
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
			if ((has_deletions || has_leftovers) && s3_worker_is_enabled())
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

/* It need not be the one that has put something. */
static void
end_subtransaction(SubXactEvent event, SubTransactionId subid, SubTransactionId parent,
				   void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && has_puts)
		has_leftovers = true;
}

/*
 * The worker may start before the commit, and sees then that there will be
 * one.  Where there is no memory for its slot, or no room for one more
 * process, the deletions wait for whoever drains the queue next.
 */
static void
expect_worker(void)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		bool		start;

		is_expected = s3_worker_slots_expect(MyDatabaseId, &start);
		if (start && !s3_worker_start(MyDatabaseId))
			ereport(DEBUG1,
					(errmsg("s3store has no worker to start"),
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
	s3_writer_lock_reset();
}
