/*-------------------------------------------------------------------------
 *
 * signing.h
 *	  Signs requests, links and forms, in the signature version that an endpoint
 *	  wants.  Pure: the time and the keys are arguments.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SIGNING_H
#define S3STORE_SIGNING_H

#include "s3/request.h"

#define S3_PRESIGN_EXPIRES_MIN	1
#define S3_PRESIGN_EXPIRES_MAX	604800	/* seconds: seven days */

typedef enum S3SignatureVersion
{
	S3_SIGNATURE_S3V4,			/* AWS Signature Version 4 */
	S3_SIGNATURE_S3,			/* version 2, for old stores */
	S3_SIGNATURE_UNSIGNED		/* no keys at all */
} S3SignatureVersion;

/* Who signs; the strings belong to the credentials room. */
typedef struct S3Credentials
{
	const char *access_key_id;
	const char *secret_access_key;
	const char *session_token;	/* NULL when the keys are permanent */
	int64		expires_at;		/* seconds since 1970; 0: nobody knows of an
								 * end */
} S3Credentials;

typedef struct S3Signing
{
	const S3Credentials *credentials;	/* NULL when nothing is signed */
	const char *region;
	int64		time;			/* seconds since 1970, UTC */
	S3SignatureVersion version;
	const struct S3SigV4Key *key;	/* what s3_sigv4_key makes of them, if
									 * known */
} S3Signing;

/*
 * Signs in headers, which are added to the request (palloc'd); unsigned, does
 * nothing.
 */
extern bool s3_signing_sign(S3Request *request, const S3Signing *signing, S3Error *err);

/*
 * Signs in the query: appends the whole link to "url".  The request's headers
 * are signed too, so whoever uses the link must send them.  "expires" is in
 * seconds; a link that is not signed never does.
 */
extern bool s3_signing_presign(const S3Request *request, const S3Signing *signing,
							   int expires, StringInfo url, S3Error *err);

/* Adds to a form the fields that its policy must name before it is signed. */
extern bool s3_signing_start_form(const S3Signing *signing, S3Fields *fields, S3Error *err);

/*
 * Signs a policy (in base64), and adds the fields that say so; nothing when
 * nothing is signed.
 */
extern bool s3_signing_sign_form(const S3Signing *signing, const char *policy,
								 S3Fields *fields, S3Error *err);

#endif							/* S3STORE_SIGNING_H */
