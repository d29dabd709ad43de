/*-------------------------------------------------------------------------
 *
 * upload_work.h
 *	  One upload under way, as its files share it.  Private to upload.c and
 *	  upload_parts.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_UPLOAD_WORK_H
#define S3STORE_UPLOAD_WORK_H

#include "client/upload.h"

typedef struct S3UploadPart
{
	MemoryContext context;		/* of this, and all that it needs */
	int			number;			/* from 1 */
	size_t		size;			/* bytes of memory, as was asked for */
	bool		is_copy;
	S3Call		call;
} S3UploadPart;

struct S3Upload
{
	const S3UploadTarget *target;
	MemoryContext context;		/* of this, and all below */
	S3Pipeline *pipeline;		/* of its parts */
	S3Pipeline *creation;		/* of the request that starts it, while that
								 * is under way */
	S3Finished *created;
	char	   *upload_id;		/* NULL: not known */
	S3Call		abort;			/* ready to go, once the ID is known */
	bool		ended;			/* completed, or aborted as well as we could */
	S3UploadPart *next;			/* what s3_upload_next has made, or NULL */
	size_t		memory;			/* bytes of the parts under way, and of "next" */
	int			parts;			/* started */
	int			etags_size;
	char	  **etags;			/* by number - 1; NULL: under way */
};

/* upload.c: opens a call about the upload, with the headers that all of them have. */
extern void s3_upload_open_call(const S3Upload *upload, S3OperationId operation, S3Call *call);

/* Returns the text of an element below the root; NULL when there is none. */
extern char *s3_upload_find_text(const S3HttpResponse *response, const char *root,
								 const char *name, S3Error *err);

/* upload_parts.c: returns false when none is under way; throws when the part failed. */
extern bool s3_upload_wait_for_part(S3Upload *upload);

/* The body of the request that completes it. */
extern char *s3_upload_list_parts(const S3Upload *upload);

#endif							/* S3STORE_UPLOAD_WORK_H */
