/*-------------------------------------------------------------------------
 *
 * copy_parts.h
 *	  Copies an object in parts on its server, or through this process.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_COPY_PARTS_H
#define S3STORE_COPY_PARTS_H

#include "objects/copy_work.h"

/* Is an object of that size too large for CopyObject, by the settings? */
extern bool s3_copy_needs_parts(const S3Endpoint *endpoint, int64 size);

/*
 * Copies where source and target are at one server.  Both calls are open, the
 * source has been looked up, the headers are sorted, and the target is locked
 * against its removal.  Throws when that fails; the target is as it was then.
 */
extern void s3_copy_parts_on_server(S3CopyWork *copy);

/* The same for any two servers, with one part of the content at a time here. */
extern void s3_copy_through_here(S3CopyWork *copy);

#endif							/* S3STORE_COPY_PARTS_H */
