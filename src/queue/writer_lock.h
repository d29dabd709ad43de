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
#include "settings/object_identity.h"

/*
 * Locks an object that this transaction is about to write, to the end of the
 * transaction.  Waits for nobody.
 */
extern void s3_writer_lock_object(const S3Location *location);

/* Has a running transaction locked the object, or its whole bucket? */
extern bool s3_writer_lock_is_held(const S3Location *location);

/*
 * The lock of the session that deletes objects of a server; false: another
 * session has it.
 */
extern bool s3_writer_lock_server(int64 server);
extern void s3_writer_lock_server_end(int64 server);

/* Is another session at it? */
extern bool s3_writer_lock_server_is_held(int64 server);

/*
 * The locks of processes that help a worker, S3_HELPERS_MAX of them.  The first
 * takes a free one for the rest of the session, and returns false when there is
 * none; the other tells whether one is free.
 */
#define S3_HELPERS_MAX	3
extern bool s3_writer_lock_helper(void);
extern bool s3_writer_lock_helper_is_free(void);

#endif							/* S3STORE_WRITER_LOCK_H */
