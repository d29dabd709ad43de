/*-------------------------------------------------------------------------
 *
 * object_lock.h
 *	  Advisory locks on objects, so that of two who would change one object
 *	  on its server, the second one waits or stays away.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_OBJECT_LOCK_H
#define S3STORE_OBJECT_LOCK_H

#include "client/call.h"

/*
 * Each locks the call's object: scheme, bucket and key.  The first waits; the
 * second returns false when somebody else has the lock.  Outside of a
 * transaction the lock is the session's, and an error does not release it.
 */
extern void s3_object_lock(const S3Call *call);
extern bool s3_object_try_lock(const S3Call *call);

/* Releases it, as often as it was taken; else the end of the transaction does. */
extern void s3_object_unlock(const S3Call *call);

#endif							/* S3STORE_OBJECT_LOCK_H */
