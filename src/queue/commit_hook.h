/*-------------------------------------------------------------------------
 *
 * commit_hook.h
 *	  Starts or wakes the worker when a transaction that needs it commits.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_COMMIT_HOOK_H
#define S3STORE_COMMIT_HOOK_H

#include "base/base.h"

/* Notes that this transaction queues a deletion: its commit wakes the worker. */
extern void s3_commit_hook_note_deletion(void);

/*
 * Notes that this transaction puts an object.  When that is rolled back, it wakes
 * a worker that runs, or the launcher; where there is neither, the next commit of
 * the session starts a worker.
 */
extern void s3_commit_hook_note_put(void);

/* Notes that there are puts to undo: the next commit starts or wakes the worker. */
extern void s3_commit_hook_note_leftover(void);

#endif							/* S3STORE_COMMIT_HOOK_H */
