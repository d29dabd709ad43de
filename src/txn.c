/*-------------------------------------------------------------------------
 *
 * txn.c
 *	  What a transaction has done to the queue, and what follows when it ends.
 *
 * Guarantees: nothing here throws once the transaction is committed, for that
 * would be a PANIC.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "access/xact.h"

#include "hold.h"
#include "txn.h"

static bool registered;
static bool has_deletions;

static void watch_transactions(void);
static void end_transaction(XactEvent event, void *arg);

void
s3_txn_note_deletion(void)
{
	watch_transactions();
	has_deletions = true;
}

void
s3_txn_note_hold(void)
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
	registered = true;
}

static void
end_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			has_deletions = false;
			s3_hold_reset();
			break;
		default:
			break;
	}
}
