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

/* Announces a checksum of the content. */
#define S3_ALGORITHM_HEADER	"x-amz-sdk-checksum-algorithm"

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
 * "md5" is that of the content in hex where it is known, or NULL.  Without
 * "verify_etag" only checksums count: what looks like an MD5 is none there.  The
 * digests are not palloc'd: whoever starts this sees to it that it is freed (NULL
 * is), before its memory context is.
 */
extern S3Integrity *s3_integrity_start(const S3HttpResponse *response, bool verify_etag,
									   const char *md5);
extern void s3_integrity_add(S3Integrity *integrity, S3Slice content);

/* Returns false, with S3_ERROR_PROTOCOL, where a digest is not the server's. */
extern bool s3_integrity_end(S3Integrity *integrity, S3IntegrityDirection direction,
							 S3Error *err);
extern void s3_integrity_free(S3Integrity *integrity);

/*
 * Starts to compute the checksum of that name (ChecksumAlgorithm) instead of
 * comparing anything; s3_integrity_value ends it, and returns the value that S3
 * wants.  NULL, with the reason in "err": there is no such algorithm, or it
 * cannot be computed here.
 */
extern S3Integrity *s3_integrity_start_checksum(const char *algorithm, S3Error *err);
extern const char *s3_integrity_value(S3Integrity *integrity, S3Error *err);

/* The header of that checksum; NULL: there is no such algorithm. */
extern const char *s3_integrity_header(const char *algorithm);

/*
 * Of a request that somebody else will send, with a content that is not known
 * here: is the checksum there that the headers announce?
 */
extern bool s3_integrity_check_link(const S3Fields *headers, S3Error *err);

#endif							/* S3STORE_INTEGRITY_H */
