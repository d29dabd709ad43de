/*-------------------------------------------------------------------------
 *
 * integrity.h
 *	  Whether the content here is the one that the server has.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_INTEGRITY_H
#define S3STORE_INTEGRITY_H

#include "response.h"

/* Whose word the digests in an answer are. */
typedef enum S3IntegrityDirection
{
	S3_INTEGRITY_SENT,			/* of what it has stored */
	S3_INTEGRITY_RECEIVED		/* of what it has sent */
} S3IntegrityDirection;

/*
 * Compares a whole content with the digests that the answer's headers give: an
 * ETag that is an MD5, and x-amz-checksum-*.  Returns false, with
 * S3_ERROR_PROTOCOL, where one of them is another.  A digest that is of
 * something else (parts, an encrypted form), or that cannot be computed here,
 * is not compared.
 */
extern bool s3_integrity_check(const S3HttpResponse *response, S3Slice content,
							   S3IntegrityDirection direction, S3Error *err);

/*
 * The two halves of the comparison with an ETag, for a content that comes in
 * pieces: is the ETag its MD5, and is that the one (in hex) which was computed?
 */
extern bool s3_integrity_has_md5(const S3HttpResponse *response);
extern bool s3_integrity_check_md5(const S3HttpResponse *response, const char *ours,
								   S3IntegrityDirection direction, S3Error *err);

#endif							/* S3STORE_INTEGRITY_H */
