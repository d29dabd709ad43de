/*-------------------------------------------------------------------------
 *
 * integrity.h
 *	  Whether the content here is the one that the server has.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_INTEGRITY_H
#define S3STORE_INTEGRITY_H

#include "s3/response.h"

/* Whose word the digests in an answer are. */
typedef enum S3IntegrityDirection
{
	S3_INTEGRITY_SENT,			/* of what it has stored */
	S3_INTEGRITY_RECEIVED		/* of what it has sent */
} S3IntegrityDirection;

/*
 * The digests that an answer's headers give of a content, and those that are
 * computed of it, piece by piece: an ETag that is an MD5, and
 * x-amz-checksum-*.  A digest that is of something else (parts, an encrypted
 * form), or that cannot be computed here, is not compared.
 */
typedef struct S3Integrity S3Integrity;

/*
 * "md5" is that of the content in hex where it is known, or NULL.  The digests
 * are not palloc'd: whoever starts this sees to it that it is freed (NULL is),
 * before its memory context is.
 */
extern S3Integrity *s3_integrity_start(const S3HttpResponse *response, const char *md5);
extern void s3_integrity_add(S3Integrity *integrity, S3Slice content);

/* Returns false, with S3_ERROR_PROTOCOL, where a digest is not the server's. */
extern bool s3_integrity_end(S3Integrity *integrity, S3IntegrityDirection direction,
							 S3Error *err);
extern void s3_integrity_free(S3Integrity *integrity);

#endif							/* S3STORE_INTEGRITY_H */
