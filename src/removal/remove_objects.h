/*-------------------------------------------------------------------------
 *
 * remove_objects.h
 *	  Removes the objects of claimed deletions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_REMOVE_OBJECTS_H
#define S3STORE_REMOVE_OBJECTS_H

#include "removal/drain.h"

/*
 * Asks the servers of the open items for their objects, and deletes those
 * that were written before their deletion was queued.  Decides the fate of
 * every open item.  Throws when the query is cancelled, and for want of
 * memory.
 */
extern void s3_remove_objects(S3Claims *claims);

#endif							/* S3STORE_REMOVE_OBJECTS_H */
