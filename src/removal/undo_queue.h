/*-------------------------------------------------------------------------
 *
 * undo_queue.h
 *	  Queues the undoing of puts whose transactions did not commit.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_UNDO_QUEUE_H
#define S3STORE_UNDO_QUEUE_H

#include "queue/queue_txn.h"

/*
 * Goes through the journal: queues the objects that have puts to undo, unless
 * they are queued for that already, and removes from it what is done.  Returns
 * how many objects it has queued, at most 10,000; "waits" tells whether there are
 * puts whose transactions run.  With none to queue, it removes the journals of
 * dropped databases.
 */
extern int	s3_undo_queue(S3QueueTxnKind kind, bool *waits);

#endif							/* S3STORE_UNDO_QUEUE_H */
