/*-------------------------------------------------------------------------
 *
 * copy_tags.h
 *	  The tags of a copy: those of its source, or those that were given.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_COPY_TAGS_H
#define S3STORE_COPY_TAGS_H

#include "objects/copy_work.h"

/* Adds the source's tags to the headers of the target. */
extern void s3_copy_keep_tags(S3CopyWork *copy);

/*
 * Gives the copy the tags that it should have, where the server may have got
 * them wrong.  Ceph replaces metadata and tags together or not at all, and
 * forgets the tags of an upload in parts.  The first function is for the copy
 * that one request has made; "wanted" is as x-amz-tagging has it.
 */
extern void s3_copy_check_tags(S3CopyWork *copy);
extern void s3_copy_ensure_tags(S3CopyWork *copy, const char *wanted);

#endif							/* S3STORE_COPY_TAGS_H */
