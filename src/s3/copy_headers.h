/*-------------------------------------------------------------------------
 *
 * copy_headers.h
 *	  The headers of a copy, by the request that each belongs to.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_COPY_HEADERS_H
#define S3STORE_COPY_HEADERS_H

#include "s3/response.h"

/*
 * CopyObject has them all.  A copy in another way is made of requests that
 * have some of them each.  The strings are those of the headers given.
 */
typedef struct S3CopyHeaders
{
	S3Fields	source;			/* HeadObject, GetObject of the source */
	S3Fields	from_source;	/* UploadPartCopy, for the source */
	S3Fields	part;			/* UploadPart, UploadPartCopy, Complete... */
	S3Fields	target;			/* PutObject, CreateMultipartUpload */
	bool		conditional;	/* on the state of the source */
	bool		replaces_metadata;
	bool		replaces_tags;
	bool		wants_checksum; /* an algorithm for one was given */
	bool		changes;		/* something about the object, so that a copy
								 * onto itself makes sense */
} S3CopyHeaders;

/*
 * Sorts CopyObject's headers, but for the name of the source.  Returns false,
 * with an S3_ERROR_ARGUMENT, when S3 would ignore some of them silently.
 */
extern bool s3_copy_headers_sort(const S3Fields *given, S3CopyHeaders *headers, S3Error *err);

/*
 * Adds what CopyObject takes over from the source by itself, but for its
 * tags: content headers and user metadata.  Returns false when the server has
 * not told all of it (S3_ERROR_UNSUPPORTED), or what no header may hold.
 */
extern bool s3_copy_headers_keep(const S3HttpResponse *head, const S3ObjectInfo *source,
								 S3Fields *target, S3Error *err);

/* Adds those that every request about the objects has: who pays, and who owns. */
extern void s3_copy_headers_add_common(S3Fields *fields, const S3Fields *given);

/* Is this header about who pays and who owns, rather than about the object? */
extern bool s3_copy_header_is_for_every_request(const char *name);

#endif							/* S3STORE_COPY_HEADERS_H */
