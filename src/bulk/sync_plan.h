/*-------------------------------------------------------------------------
 *
 * sync_plan.h
 *	  How the metadata of an object differs from what a put would give it.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SYNC_PLAN_H
#define S3STORE_SYNC_PLAN_H

#include "s3/response.h"

/* One header that changes. */
typedef struct S3SyncChange
{
	const char *name;
	const char *was;			/* NULL: not there */
	const char *becomes;		/* NULL: goes */
} S3SyncChange;

typedef struct S3SyncPlan
{
	S3SyncChange *changes;
	int			count;			/* 0: the object is as a put would have it */
	S3Fields	headers;		/* of a copy onto itself that replaces the
								 * metadata: what changes, and what stays */
} S3SyncPlan;

/*
 * Compares an object with the headers that the settings have for it ("wanted",
 * as s3_put_add_settings makes them).  What they say nothing about is kept:
 * type and encoding of the content, the size before compression, other user
 * metadata, the encryption where none is set, redirects, locks.  But what a
 * put would not send of Content-Disposition, Content-Language and Expires
 * goes, as it does with the Python library.
 *
 * Returns false for metadata that cannot be kept (S3_ERROR_UNSUPPORTED), or
 * that would be too much (S3_ERROR_TOO_LARGE), and for what no header may hold.
 */
extern bool s3_sync_plan(const S3HttpResponse *head, const S3ObjectInfo *info,
						 const S3Fields *wanted, S3SyncPlan *plan, S3Error *err);

/* Is the content in an archive, where it cannot be read without a restore? */
extern bool s3_sync_is_archived(const S3HttpResponse *head, const S3ObjectInfo *info);
extern bool s3_sync_is_archive_class(const char *storage_class);

#endif							/* S3STORE_SYNC_PLAN_H */
