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

/* The SigningKey of a day and a region: that day, as secret as the secret key. */
typedef struct S3SigV4Key
{
	int64		day;			/* since 1970 */
	S3Hmac		hmac;
} S3SigV4Key;

/*
 * What links have in common that are signed by the same keys, at the same time
 * and for the same headers.  The HMAC is as secret as the key.
 */
typedef struct S3SigV4Frame
{
	bool		ready;			/* else it is made before it is used */
	int64		time;
	int			expires;
	StringInfoData names;		/* SignedHeaders */
	StringInfoData query;		/* the X-Amz-... parameters, encoded */
	S3Hmac		hmac;			/* StringToSign up to the hash */
} S3SigV4Frame;

/* As its namesake in signing.h. */
extern bool s3_sigv4_sign(S3Request *request, const S3Signing *signing, S3Error *err);

/* Derives the SigningKey; false when the time is out of range. */
extern bool s3_sigv4_key(const S3Signing *signing, S3SigV4Key *key, S3Error *err);

/* The day of a time (seconds since 1970), as in a key. */
static inline int64
s3_sigv4_day(int64 time)
{
	return time / SECS_PER_DAY;
}

/*
 * Appends the query of a link, but for its signature, to "query", and what
 * follows the path in its CanonicalRequest to "tail".  The path itself is not
 * looked at, and neither is the secret key where signing->key is good for the
 * day.  The frame is made anew for another time, lifetime or set of headers;
 * for other keys the caller has to clear frame->ready.
 */
extern void s3_sigv4_frame_init(S3SigV4Frame *frame);
extern bool s3_sigv4_presign_parts(const S3Request *request, const S3Signing *signing,
								   int expires, S3SigV4Frame *frame,
								   StringInfo query, StringInfo tail, S3Error *err);

/* As their namesakes in signing.h. */
extern bool s3_sigv4_start_form(const S3Signing *signing, S3Fields *fields, S3Error *err);
extern bool s3_sigv4_sign_form(const S3Signing *signing, const char *policy,
							   S3Fields *fields, S3Error *err);

#endif							/* S3STORE_SIGV4_H */
