/*-------------------------------------------------------------------------
 *
 * writer_lock.h
 *	  Locks between sessions that store under the same name, and between
 *	  workers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_WRITER_LOCK_H
#define S3STORE_WRITER_LOCK_H

#include "base/base.h"

/*
 * Locks a name under which this session is about to store an object, if it is
 * free; s3_writer_lock_name_end(), or the end of the transaction, ends that.
 * Waits for nobody: false means that somebody else has the lock, in another
 * session or in the array of this one.
 */
extern bool s3_writer_lock_name(int64 object);
extern void s3_writer_lock_name_end(int64 object);

/*
 * The lock of the session that deletes objects of a server, to the second one or
 * the end of the session; false: another session has it.
 */
extern bool s3_writer_lock_server(int64 server);
extern void s3_writer_lock_server_end(int64 server);

/* Is another session at it? */
extern bool s3_writer_lock_server_is_held(int64 server);

/*
 * A lock that is held from before a process finds out which columns are followed, and
 * which transactions write their tables, until no deletion waits for them any more and all that it starts are
 * marked.  Any number of processes may have it; "session": not only to the end of
 * the transaction, but until s3_writer_lock_claims_end().
 */
extern void s3_writer_lock_claims(bool session);
extern void s3_writer_lock_claims_end(void);

/* Has this session it, from s3_writer_lock_claims(true)?  Not inside of a claim. */
extern bool s3_writer_lock_claims_is_mine(void);

/* Has another session it? */
extern bool s3_writer_lock_claims_are_held(void);

/*
 * The locks of processes that help a worker, S3_HELPERS_MAX of them.  The first
 * takes a free one for the rest of the session, and returns false when there is
 * none; the other tells whether one is free.
 */
#define S3_HELPERS_MAX	3
extern bool s3_writer_lock_helper(void);
extern bool s3_writer_lock_helper_is_free(void);

#endif							/* S3STORE_WRITER_LOCK_H */
