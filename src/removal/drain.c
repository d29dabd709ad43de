/*-------------------------------------------------------------------------
 *
 * drain.c
 *	  Carries out deletions that are due: claim, check, remove, settle.
 *
 *	  claim	   a transaction that commits synchronously: it marks the rows as
 *			   ours, and flushes the commits that queued them
 *	  check	   a transaction: is the queue row still there, does a running
 *			   transaction write or name the object, does a row name it, may
 *			   its owner delete it
 *	  remove   no transaction: requests to the servers
 *	  settle   a transaction: the queue rows are deleted, or wait for another
 *			   attempt
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "commands/async.h"
#include "utils/memutils.h"

#include "backend/compat.h"
#include "queue/writer_lock.h"
#include "removal/claims.h"
#include "removal/drain.h"
#include "removal/remove_objects.h"
#include "removal/row_references.h"

#define CHANNEL		"s3store_queue" /* of NOTIFY */

static void check_items(S3QueueTxnKind kind, S3Claims *claims);
static void settle_items(S3QueueTxnKind kind, S3Claims *claims, S3DrainCounts *counts);
static void count_items(const S3Claims *claims, S3DrainCounts *counts);
static void notify(const S3DrainCounts *counts);

bool
s3_drain_round(S3QueueTxnKind kind, int max, S3DrainCounts *counts)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store claims",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	S3Claims	claims = {0};

	s3_queue_txn_begin(kind, true);
	s3_claims_take(&claims, Min(max, S3_DRAIN_BATCH));
	PG_TRY();
	{
		s3_queue_txn_end(kind);
		if (claims.count > 0)
		{
			check_items(kind, &claims);
			s3_remove_objects(&claims);
			settle_items(kind, &claims, counts);
		}
	}
	PG_CATCH();
	{
		s3_writer_lock_claim_end(claims.claim);
		PG_RE_THROW();
	}
	PG_END_TRY();
	s3_writer_lock_claim_end(claims.claim);

	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
	return claims.count > 0;
}

/*
 * Runs after the claim has committed.  A transaction that has locked the object
 * by now shows in the first check; what one has committed before shows in the
 * others; one that comes later sees the claim, and waits.
 *
 * What these reads see may be of transactions that committed asynchronously, and
 * that a crash would undo.  So this transaction takes an ID and commits
 * synchronously, which flushes those commits, too.
 */
static void
check_items(S3QueueTxnKind kind, S3Claims *claims)
{
	s3_queue_txn_begin(kind, false);
	s3_row_references_check_writers(claims);
	s3_claims_find_cancelled(claims);
	s3_row_references_ask(claims);
	(void) GetCurrentTransactionId();
	ForceSyncCommit();
	s3_queue_txn_end(kind);
}

static void
settle_items(S3QueueTxnKind kind, S3Claims *claims, S3DrainCounts *counts)
{
	S3DrainCounts now = {0};

	count_items(claims, &now);
	s3_queue_txn_begin(kind, false);
	s3_claims_settle(claims);
	notify(&now);
	s3_queue_txn_end(kind);
	SendNotifications();
	counts->deleted += now.deleted;
	counts->kept += now.kept;
	counts->failed += now.failed;
}

static void
count_items(const S3Claims *claims, S3DrainCounts *counts)
{
	for (int i = 0; i < claims->count; i++)
	{
		switch (claims->items[i].fate)
		{
			case S3_FATE_DELETED:
				counts->deleted++;
				break;
			case S3_FATE_KEPT:
			case S3_FATE_CANCELLED:
				counts->kept++;
				break;
			default:
				counts->failed++;
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
