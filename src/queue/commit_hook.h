/*-------------------------------------------------------------------------
 *
 * commit_hook.h
 *	  What a transaction has done to the queue, and what follows when it ends.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_COMMIT_HOOK_H
#define S3STORE_COMMIT_HOOK_H

#include "base/base.h"

/* Notes that this transaction queues a deletion: its commit wakes the worker. */
extern void s3_commit_hook_note_deletion(void);

/*
 * Notes that this transaction has put something: where that is rolled back,
 * the next commit of the session wakes the worker.  The second says that there
 * is something to be swept already.
 */
extern void s3_commit_hook_note_put(void);
extern void s3_commit_hook_note_leftover(void);

/* Notes that this transaction holds objects. */
extern void s3_commit_hook_note_hold(void);

#endif							/* S3STORE_COMMIT_HOOK_H */
