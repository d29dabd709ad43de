/*-------------------------------------------------------------------------
 *
 * remove_objects.h
 *	  Removes the objects of a batch of deletions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_REMOVE_OBJECTS_H
#define S3STORE_REMOVE_OBJECTS_H

#include "removal/gate.h"

/*
 * Decides an item of which is known, without a request, that none could be
 * sent: its scheme is not configured, its bucket not allowed, its endpoint
 * read-only.
 */
extern void s3_remove_objects_check(S3GateItem *item);

/*
 * Deletes the objects of the open items, but for those that were written by
 * somebody else after their deletion was met; of items that recover it only finds out whether
 * the object is there.  Decides every open item.  Throws when the query is
 * cancelled, and when memory is exhausted.
 */
extern void s3_remove_objects(S3GateBatch *batch);

#endif							/* S3STORE_REMOVE_OBJECTS_H */
