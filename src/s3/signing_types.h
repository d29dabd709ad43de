/*-------------------------------------------------------------------------
 *
 * signing_types.h
 *	  Who signs, for which region, at what time and in which version: what
 *	  signing.h, sigv4.h and sigv2.h have in common.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SIGNING_TYPES_H
#define S3STORE_SIGNING_TYPES_H

#include "s3/request.h"

#define S3_PRESIGN_EXPIRES_MIN	1
#define S3_PRESIGN_EXPIRES_MAX	604800	/* seconds: seven days */

typedef enum S3SignatureVersion
{
	S3_SIGNATURE_S3V4,			/* AWS Signature Version 4 */
	S3_SIGNATURE_S3,			/* version 2, for old stores */
	S3_SIGNATURE_UNSIGNED		/* no keys at all */
} S3SignatureVersion;

/* Who signs.  The strings are owned by whoever fills it in. */
typedef struct S3Credentials
{
	const char *access_key_id;
	const char *secret_access_key;
	const char *session_token;	/* NULL when the keys are permanent */
	int64		expires_at;		/* seconds since 1970; 0: unknown, or never */
} S3Credentials;

typedef struct S3Signing
{
	const S3Credentials *credentials;	/* NULL when nothing is signed */
	const char *region;
	int64		time;			/* seconds since 1970, UTC */
	S3SignatureVersion version;
	const struct S3SigV4Key *key;	/* derived from them by s3_sigv4_key, or
									 * NULL */
} S3Signing;

#endif							/* S3STORE_SIGNING_TYPES_H */
