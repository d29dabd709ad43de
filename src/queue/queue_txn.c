/*-------------------------------------------------------------------------
 *
 * queue_txn.c
 *	  The short transactions in which deletions are carried out.
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

static S3RunAs saved;

static void commit_synchronously(void);

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

	/* So that later snapshots of the transaction see later commits. */
	XactIsoLevel = XACT_READ_COMMITTED;
	if (durable)
		commit_synchronously();
	PushActiveSnapshot(GetTransactionSnapshot());
	s3_queue_run_as_owner(&saved);
	MemoryContextSwitchTo(context);
}

void
s3_queue_txn_end(S3QueueTxnKind kind)
{
	MemoryContext context = CurrentMemoryContext;

	s3_sql_run_as_end(&saved);
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
 * A row may have been deleted by a transaction that committed asynchronously
 * (synchronous_commit = off).  Its object must not be deleted before that
 * commit is on disk, and a synchronous commit flushes all earlier ones.
 */
static void
commit_synchronously(void)
{
	if (synchronous_commit >= SYNCHRONOUS_COMMIT_ON)
		return;
	(void) set_config_option("synchronous_commit", "on", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
}
