/*-------------------------------------------------------------------------
 *
 * upload_parts.h
 *	  The parts of an upload: several under way, in bounded memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_UPLOAD_PARTS_H
#define S3STORE_UPLOAD_PARTS_H

#include "client/call.h"

#define S3_PARTS_MAX		10000	/* of an object, S3's limit */
#define S3_UPLOAD_MEMORY	(48 * 1024 * 1024)	/* bytes of parts under way */

/* An upload that the server has given an ID. */
typedef struct S3Upload S3Upload;

/* Told the ID before the first part; may throw. */
typedef void (*S3UploadStarted) (const char *upload_id, void *arg);

/*
 * Told the ETag that the object will have, before the upload is completed; "":
 * not known.
 */
typedef void (*S3UploadCompleting) (const char *etag, void *arg);

/* Told that the parts could not be removed.  Must not throw. */
typedef void (*S3UploadLeft) (void *arg);

/* What is uploaded.  Must live as long as the upload. */
typedef struct S3UploadTarget
{
	const char *command;		/* the SQL function, such as "s3_copy()" */
	text	   *url;
	const S3Fields *headers;	/* of the object */
	const S3Fields *part_headers;	/* of every part, such as SSE-C keys */
	const S3Fields *conditions; /* for its completion, such as If-None-Match;
								 * NULL: none */
	bool		needs_conditions;	/* a server that does not know them must
									 * not complete it */
	const S3Call *reported_as;	/* the call whose failure that of a part is;
								 * NULL: its own */
	S3UploadStarted started;	/* get the "arg" of s3_upload_run; NULL: none */
	S3UploadCompleting completing;
	S3UploadLeft left;
	int			connections;	/* parts under way at a time */
} S3UploadTarget;

/*
 * Returns the memory context of the next part, for its content, which will
 * have that size.  It lives until the part has been sent.  Waits until the
 * parts under way leave room for it: S3_UPLOAD_MEMORY, or one part.
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

/*
 * The rest is for upload.c.  An upload lives in the current memory context; the
 * ID is not copied.
 */
extern S3Upload *s3_upload_create(const S3UploadTarget *target, const char *upload_id);
extern const char *s3_upload_id(const S3Upload *upload);

/* Ends the requests that are under way. */
extern void s3_upload_stop(S3Upload *upload);

/* Opens a call about the upload, with the headers that all of them have. */
extern void s3_upload_open_call(const S3Upload *upload, S3OperationId operation, S3Call *call);

/* Returns the body of the request that completes it. */
extern char *s3_upload_list_parts(const S3Upload *upload);

/*
 * Returns the ETag that S3 gives an object of these parts: the MD5 of their
 * MD5s, and their number.  "" where the ETag of a part is no MD5,
 * or verify_etag is off.
 */
extern const char *s3_upload_etag(const S3Upload *upload);

/*
 * Finds the text of an element below the root of an answer.  The first one
 * returns NULL, with the reason in "err", when there is none; to the second one
 * that is a NULL in "text", and false means that the answer has another root.
 */
extern char *s3_upload_find_text(const S3HttpResponse *response, const char *root,
								 const char *name, S3Error *err);
extern bool s3_upload_read_text(const S3HttpResponse *response, const char *root,
								const char *name, char **text, S3Error *err);

#endif							/* S3STORE_UPLOAD_PARTS_H */
