/*-------------------------------------------------------------------------
 *
 * writer_lock.h
 *	  Locks between transactions that write objects and workers that delete
 *	  them, and between workers.
 *
 * A writer locks an object, to the end of its transaction, and then looks
 * whether a deletion of it is queued.  A worker commits its claim, and then
 * looks whether the object is locked.  Whichever comes second sees the other.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_WRITER_LOCK_H
#define S3STORE_WRITER_LOCK_H

#include "s3/location.h"

typedef enum S3WriterLock
{
	S3_WRITER_LOCKED,			/* no deletion is queued any more, and none
								 * was sent */
	S3_WRITER_TOO_LATE			/* a worker has claimed it before: the object
								 * may be gone */
} S3WriterLock;

/*
 * Locks an object that this transaction is about to write, or to name in a
 * row, to the end of the transaction, and deletes its queued deletions.  Waits
 * while a worker is deleting it.
 */
extern S3WriterLock s3_writer_lock_object(const S3Location *location);

/* Has a running transaction locked the object, or its whole bucket? */
extern bool s3_writer_lock_is_held(const S3Location *location);

/*
 * A session lock on a claim: taken before others can see the claim, and
 * released when its rows are settled.
 */
extern void s3_writer_lock_claim(int64 claim);
extern void s3_writer_lock_claim_end(int64 claim);

/*
 * The lock under which workers claim, one at a time; waits.  Ends with the
 * transaction.
 */
extern void s3_writer_lock_claiming(void);

/* Has the session of a claim ended? */
extern bool s3_writer_lock_claim_is_free(int64 claim);

#endif							/* S3STORE_WRITER_LOCK_H */
