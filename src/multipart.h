/*-------------------------------------------------------------------------
 *
 * multipart.h
 *	  An upload in parts: all of it, or nothing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_MULTIPART_H
#define S3STORE_MULTIPART_H

#include "client.h"

#define S3_PARTS_MAX	10000	/* of an object, S3's limit */

typedef struct S3Upload S3Upload;

/* Sends all parts; may throw, and be cancelled. */
typedef void (*S3UploadSend) (S3Upload *upload, void *arg);

/* What is uploaded.  Must live as long as the upload. */
typedef struct S3UploadTarget
{
	const char *command;		/* the SQL function, such as "s3_copy()" */
	text	   *url;
	const S3Fields *headers;	/* of the object */
	const S3Fields *part_headers;	/* of every part, such as SSE-C keys */
} S3UploadTarget;

/*
 * Starts an upload, has its parts sent in order, and completes it.  Whatever
 * way that fails (an error, a cancel, the end of the session), the parts are
 * removed from the server; a failure to do so is a warning.
 */
extern void s3_upload_run(const S3UploadTarget *target, S3UploadSend send, void *arg);

/*
 * Sends the next part.  Throws when that fails.  What is allocated stays in
 * the current memory context, here and below.
 */
extern void s3_upload_part(S3Upload *upload, S3Slice content);

/*
 * Has the server take bytes "first" to "last" of another object, which
 * "source_headers" name, for the next part.  Returns false when it does not.
 */
extern bool s3_upload_part_copy(S3Upload *upload, const S3Fields *source_headers,
								int64 first, int64 last, S3Error *err);

/*
 * Returns the size of the parts of an object: "part_size", or more where that
 * would make too many of them.
 */
extern int64 s3_upload_part_size(int64 size, int64 part_size);

#endif							/* S3STORE_MULTIPART_H */
