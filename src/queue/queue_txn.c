/*-------------------------------------------------------------------------
 *
 * queue_txn.c
 *	  Short transactions of those who carry out deletions.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "queue/queue.h"
#include "queue/queue_txn.h"

static S3QueueAccess queue_access;

static void wait_for_disk(void);

void
s3_queue_txn_begin(S3QueueTxnKind kind, bool durable)
{
	MemoryContext context = CurrentMemoryContext;

	if (kind == S3_QUEUE_TXN_WORKER)
	{
		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
		SPI_connect();
	}

	/* Later snapshots see more than the first one did. */
	XactIsoLevel = XACT_READ_COMMITTED;
	if (durable)
		wait_for_disk();
	PushActiveSnapshot(GetTransactionSnapshot());
	s3_queue_access(&queue_access);
	MemoryContextSwitchTo(context);
}

void
s3_queue_txn_end(S3QueueTxnKind kind)
{
	MemoryContext context = CurrentMemoryContext;

	s3_queue_access_end(&queue_access);
	PopActiveSnapshot();
	if (kind == S3_QUEUE_TXN_WORKER)
	{
		SPI_finish();
		CommitTransactionCommand();
		(void) pgstat_report_stat(true);
	}
	else
	{
		SPI_commit();
		SPI_start_transaction();
	}
	MemoryContextSwitchTo(context);
}

/*
 * For this transaction only.  A row may have been deleted in a transaction
 * that did not wait for the disk (synchronous_commit = off), and then its
 * object may not go before that transaction is safe.
 */
static void
wait_for_disk(void)
{
	if (synchronous_commit >= SYNCHRONOUS_COMMIT_ON)
		return;
	(void) set_config_option("synchronous_commit", "on", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
}
