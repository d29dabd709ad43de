/*-------------------------------------------------------------------------
 *
 * copy_work.h
 *	  One copy under way, and what the files that take part in it share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_COPY_WORK_H
#define S3STORE_COPY_WORK_H

#include "client/call.h"
#include "journal/intent.h"
#include "s3/copy_headers.h"

typedef struct S3CopyArguments
{
	const char *command;		/* the SQL function, such as "s3_copy()" */
	text	   *source;
	text	   *target;
	Jsonb	   *params;			/* copy_object's, and CopySourceVersionId; or
								 * NULL */
	S3CopyHeaders *headers;		/* gets the headers, sorted; NULL: nobody asks */
	bool		is_rename;		/* the source will go: it must not be the
								 * target, whatever the parameters */
} S3CopyArguments;

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
	S3PutIntent intent;			/* of the target */
	bool		leaves_parts;	/* of an upload, which could not be removed */
} S3CopyWork;

/* Opens another request for the source, or for the target. */
extern void s3_copy_open_source(const S3CopyWork *copy, S3OperationId operation, S3Call *call);
extern void s3_copy_open_target(const S3CopyWork *copy, S3OperationId operation, S3Call *call);

/* Adds the header that names the object of an open call as the source of a copy. */
extern void s3_copy_add_source(S3Fields *headers, const S3Call *source,
							   const char *version_id);

/*
 * Where the entry of the source's endpoint names a key of our own, the requests
 * that copy on the server get it.  Returns false when its file holds none.
 */
extern bool s3_copy_add_source_key(S3CopyWork *copy, S3Error *err);

/* Throws unless the source is still what was looked up first. */
extern void s3_copy_check_unchanged(S3CopyWork *copy);

/*
 * Goes on without the ETag, which the server has refused, unless the source
 * has changed.  Swift knows an object that was uploaded in parts by another
 * ETag than it tells, and refuses the one that it has told.
 */
extern void s3_copy_unpin(S3CopyWork *copy);

#endif							/* S3STORE_COPY_WORK_H */
