/*-------------------------------------------------------------------------
 *
 * drain.h
 *	  Carries out deletions that are due: claim, check, remove, settle.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_DRAIN_H
#define S3STORE_DRAIN_H

#include "queue/queue_txn.h"

#define S3_DRAIN_BATCH	1000	/* deletions of a round */

typedef struct S3DrainCounts
{
	int64		deleted;
	int64		kept;
	int64		failed;			/* includes those that wait */
} S3DrainCounts;

/*
 * Carries out at most "max" deletions of each server that has some which are
 * due, and adds to the counts.  Returns false when nothing could be done: none
 * was due, or those that are wait for transactions that may yet name their
 * objects (s3_writer_wait_count).  Throws when the query is cancelled, and when
 * the queue itself fails; deletions under way are then looked at later.
 */
extern bool s3_drain_round(S3QueueTxnKind kind, int max, S3DrainCounts *counts);

#endif							/* S3STORE_DRAIN_H */
