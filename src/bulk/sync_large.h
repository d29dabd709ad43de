/*-------------------------------------------------------------------------
 *
 * sync_large.h
 *	  Copies a large object onto itself, in parts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SYNC_LARGE_H
#define S3STORE_SYNC_LARGE_H

#include "bulk/sync_object.h"

/*
 * Copies the object, whose step is S3_SYNC_COPY, with the headers of its plan.
 * Returns false when that fails: then it is as it was.  Throws when the query
 * is cancelled.
 */
extern bool s3_sync_copy_large(S3SyncObject *object, S3Error *err);

/* Adds the header that names the call's own object as the source of a copy. */
extern void s3_sync_add_source(const S3Call *call, S3Fields *headers);

#endif							/* S3STORE_SYNC_LARGE_H */
