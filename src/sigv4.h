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

#include "request.h"

#define S3_PRESIGN_EXPIRES_MIN	1
#define S3_PRESIGN_EXPIRES_MAX	604800	/* seconds: seven days */

/* Who signs; the strings belong to the credentials room. */
typedef struct S3Credentials
{
	const char *access_key_id;
	const char *secret_access_key;
	const char *session_token;	/* NULL when the keys are permanent */
} S3Credentials;

typedef struct S3Signing
{
	const S3Credentials *credentials;
	const char *region;
	int64		time;			/* seconds since 1970, UTC */
} S3Signing;

/*
 * Signs in the Authorization header: adds x-amz-date, x-amz-content-sha256,
 * x-amz-security-token and authorization to the request's headers (palloc'd).
 */
extern bool s3_sigv4_sign(S3Request *request, const S3Signing *signing, S3Error *err);

/*
 * Signs in the query: appends the whole link to "url".  The request's headers
 * are signed too, so whoever uses the link must send them.  "expires" is in
 * seconds.
 */
extern bool s3_sigv4_presign(const S3Request *request, const S3Signing *signing,
							 int expires, StringInfo url, S3Error *err);

#endif							/* S3STORE_SIGV4_H */
