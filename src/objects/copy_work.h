/*-------------------------------------------------------------------------
 *
 * copy_work.h
 *	  One copy under way, as the files of the copying room share it.  Private
 *	  to copy.c, copy_parts.c and copy_tags.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_COPY_WORK_H
#define S3STORE_COPY_WORK_H

#include "objects/copy.h"
#include "s3/copy_headers.h"

typedef struct S3CopyWork
{
	const S3CopyArguments *arguments;
	const char *version_id;		/* of the source; NULL: the current one */
	S3Call		source;			/* HeadObject */
	S3Call		target;			/* CopyObject */
	S3CopyHeaders headers;
	S3HttpResponse head;
	S3ObjectInfo *info;			/* of the source */
	const char *etag;			/* with its quotes, or NULL */
	bool		pinned;			/* the server is told to copy this ETag only */
	int64		part_size;
} S3CopyWork;

/* copy.c: requests for both objects, beside the first ones. */
extern void s3_copy_open_source(const S3CopyWork *copy, S3OperationId operation, S3Call *call);
extern void s3_copy_open_target(const S3CopyWork *copy, S3OperationId operation, S3Call *call);
extern char *s3_copy_source_header(const S3CopyWork *copy);
extern void s3_copy_check_unchanged(S3CopyWork *copy);
extern void s3_copy_unpin(S3CopyWork *copy);

/* copy_parts.c: copies that are more than one request to one server. */
extern void s3_copy_parts_on_server(S3CopyWork *copy);
extern void s3_copy_through_here(S3CopyWork *copy);

/* copy_tags.c */
extern void s3_copy_keep_tags(S3CopyWork *copy);
extern void s3_copy_check_tags(S3CopyWork *copy);
extern void s3_copy_ensure_tags(S3CopyWork *copy, const char *wanted);

#endif							/* S3STORE_COPY_WORK_H */
