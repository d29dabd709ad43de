/*-------------------------------------------------------------------------
 *
 * sigv4.h
 *	  AWS Signature Version 4 for S3: a request in, the signed one out.  Pure:
 *	  the time and the keys are arguments.
 *
 *	  Specification: "Authenticating Requests (AWS Signature Version 4)" in
 *	  the Amazon S3 API Reference.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SIGV4_H
#define S3STORE_SIGV4_H

#include "base/digest.h"
#include "s3/signing_types.h"

#include "datatype/timestamp.h"

/* The SigningKey of a day and a region.  As secret as the key it is made of. */
typedef struct S3SigV4Key
{
	int64		day;			/* since 1970 */
	S3Hmac		hmac;
} S3SigV4Key;

/*
 * What Signature Version 4 puts into links, whatever their paths and their own
 * parameters.  Zero-initialize before use; the texts are used again.
 */
typedef struct S3SigV4Frame
{
	bool		ready;
	int64		time;
	int			expires;
	StringInfoData names;		/* SignedHeaders */
	StringInfoData query;		/* the X-Amz-... parameters, encoded */
	S3Hmac		hmac;			/* StringToSign up to the hash */
} S3SigV4Frame;

/* As their namesakes in signing.h. */
extern bool s3_sigv4_sign(S3Request *request, const S3Signing *signing, S3Error *err);
extern bool s3_sigv4_presign(const S3Request *request, const S3Signing *signing,
							 int expires, StringInfo url, S3Error *err);

/* Derives the SigningKey; false when the time is out of range. */
extern bool s3_sigv4_key(const S3Signing *signing, S3SigV4Key *key, S3Error *err);

/* The day of a time (seconds since 1970), as in a key. */
static inline int64
s3_sigv4_day(int64 time)
{
	return time / SECS_PER_DAY;
}

/*
 * Makes what a CanonicalRequest has behind its path, and its query alone: the
 * tail of both is appended to.  Nobody looks at the request's path, and the
 * key stands in for the secret one.  The frame is made again only for another
 * time, lifetime or set of headers: for other keys it must be told that it is
 * not ready.
 */
extern void s3_sigv4_frame_init(S3SigV4Frame *frame);
extern bool s3_sigv4_presign_parts(const S3Request *request, const S3Signing *signing,
								   int expires, const S3SigV4Key *key,
								   S3SigV4Frame *frame, StringInfo query,
								   StringInfo canonical, S3Error *err);

extern bool s3_sigv4_start_form(const S3Signing *signing, S3Fields *fields, S3Error *err);
extern bool s3_sigv4_sign_form(const S3Signing *signing, const char *policy,
							   S3Fields *fields, S3Error *err);

#endif							/* S3STORE_SIGV4_H */
