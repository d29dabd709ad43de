/*-------------------------------------------------------------------------
 *
 * upload.h
 *	  An upload in parts: all of it, or nothing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_UPLOAD_H
#define S3STORE_UPLOAD_H

#include "client/pipeline.h"

#define S3_PARTS_MAX		10000	/* of an object, S3's limit */
#define S3_UPLOAD_MEMORY	(48 * 1024 * 1024)	/* bytes of parts under way */

typedef struct S3Upload S3Upload;

/* Sends all parts; may throw, and be cancelled. */
typedef void (*S3UploadSend) (S3Upload *upload, void *arg);

/* Told the ID before the first part; may throw. */
typedef void (*S3UploadStarted) (const char *upload_id, void *arg);

/* What is uploaded.  Must live as long as the upload. */
typedef struct S3UploadTarget
{
	const char *command;		/* the SQL function, such as "s3_copy()" */
	text	   *url;
	const S3Fields *headers;	/* of the object */
	const S3Fields *part_headers;	/* of every part, such as SSE-C keys */
	const S3Fields *conditions; /* for its completion, such as If-None-Match;
								 * NULL: none */
	const S3Call *reported_as;	/* the call whose failure that of a part is;
								 * NULL: its own */
	S3UploadStarted started;	/* gets the "arg" of s3_upload_run; NULL: none */
	int			connections;	/* parts under way at a time */
} S3UploadTarget;

/*
 * Starts an upload, has its parts sent, and completes it.  Whatever way that
 * fails (an error, a cancel, the end of the session), the parts are removed
 * from the server; a failure to do so is a warning.
 *
 * "completed" gets the server's answer to the completion, with the object's
 * ETag among its headers.  It is not ok only when a condition does not hold; a
 * server that knows no conditions completes the upload without.
 */
extern void s3_upload_run(const S3UploadTarget *target, S3UploadSend send, void *arg,
						  S3Finished *completed);

/*
 * Returns the memory context of the next part, for its content, which will
 * have that size.  It lives until the part has been sent, and waits until the
 * parts before leave room for it: S3_UPLOAD_MEMORY, or one part.
 */
extern MemoryContext s3_upload_next(S3Upload *upload, size_t size);

/*
 * Starts to send the next part; its content is in the context of
 * s3_upload_next, which has been called for it, or outlives the upload.
 * Waits for a connection, and throws when an earlier part has failed.
 */
extern void s3_upload_part(S3Upload *upload, S3Slice content);

/*
 * Has the server take bytes "first" to "last" of another object, which
 * "source_headers" name, for the next part, and waits for it.  Returns false
 * when it does not.  The second one does not wait.
 */
extern bool s3_upload_part_copy(S3Upload *upload, const S3Fields *source_headers,
								int64 first, int64 last, S3Error *err);
extern void s3_upload_start_part_copy(S3Upload *upload, const S3Fields *source_headers,
									  int64 first, int64 last);

/* Waits until the server has all parts that were started. */
extern void s3_upload_wait(S3Upload *upload);

/*
 * Returns the size of the parts of an object: "part_size", or more where that
 * would make too many of them.
 */
extern int64 s3_upload_part_size(int64 size, int64 part_size);

#endif							/* S3STORE_UPLOAD_H */
