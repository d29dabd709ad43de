/*-------------------------------------------------------------------------
 *
 * writer_lock.h
 *	  The locks between those who write objects and those who delete queued
 *	  ones, and among the latter.
 *
 * A writer holds an object, to the end of his transaction, before he looks
 * whether its deletion is queued.  A worker claims deletions, commits, and
 * then looks who is held.  Whichever comes first, the other one sees him.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_WRITER_LOCK_H
#define S3STORE_WRITER_LOCK_H

#include "s3/location.h"

typedef enum S3WriterLock
{
	S3_WRITER_LOCKED,			/* no deletion was queued, or is any more */
	S3_WRITER_TOO_LATE			/* a worker was at it: it may be gone */
} S3WriterLock;

/*
 * Holds an object that is about to be written, or named by a row, and takes
 * its deletion off the queue; both end with the transaction.  Waits while a
 * worker is deleting it.
 */
extern S3WriterLock s3_writer_lock_object(const S3Location *location);

/* Does a transaction under way hold the object, or all of its bucket? */
extern bool s3_writer_lock_is_held(const S3Location *location);

/*
 * The lock of a worker on his claims, for the session: made before they can
 * be seen, and released when they are settled.
 */
extern void s3_writer_lock_claim(int64 claim);
extern void s3_writer_lock_claim_end(int64 claim);

/* Waits while another worker claims; ends with the transaction. */
extern void s3_writer_lock_claiming(void);

/* Is the worker of a claim gone? */
extern bool s3_writer_lock_claim_is_free(int64 claim);

/* Starts counting anew; called when a transaction ends. */
extern void s3_writer_lock_reset(void);

#endif							/* S3STORE_WRITER_LOCK_H */
