/*-------------------------------------------------------------------------
 *
 * object_lock.h
 *	  Advisory locks on objects, between a sweep that removes an object and a
 *	  put that notes its intent.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_OBJECT_LOCK_H
#define S3STORE_OBJECT_LOCK_H

#include "client/call.h"

/*
 * Both lock the call's object: scheme, bucket and key.  The first waits; the
 * second returns false when another session has the lock.  Outside of a
 * transaction it is a session lock, which an error does not release.
 */
extern void s3_object_lock(const S3Call *call);
extern bool s3_object_try_lock(const S3Call *call);

/* Releases it once; the end of the transaction releases what is left. */
extern void s3_object_unlock(const S3Call *call);

#endif							/* S3STORE_OBJECT_LOCK_H */
