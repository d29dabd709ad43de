/*-------------------------------------------------------------------------
 *
 * remove_objects.h
 *	  Removes the objects of claimed deletions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_REMOVE_OBJECTS_H
#define S3STORE_REMOVE_OBJECTS_H

#include "removal/claims.h"

/*
 * Deletes the objects of the open items, but for those that were written after
 * their deletion was queued, and decides every open item.  Throws when the
 * query is cancelled, and when memory is exhausted.
 */
extern void s3_remove_objects(S3Claims *claims);

#endif							/* S3STORE_REMOVE_OBJECTS_H */
