/*-------------------------------------------------------------------------
 *
 * signing_key.h
 *	  The SigningKeys of a transaction's requests and links: each is derived
 *	  once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SIGNING_KEY_H
#define S3STORE_SIGNING_KEY_H

#include "s3/sigv4.h"

/*
 * The HMAC of the region, with the secret key: may be kept where the secret key
 * may not.
 */
typedef struct S3Fingerprint
{
	uint8		bytes[S3_SHA256_LEN];
} S3Fingerprint;

/*
 * Returns the SigningKey of Signature Version 4 for those credentials, that
 * region and the day of that time.  It is valid until the next call, and
 * wiped at the end of the transaction.  NULL where none can be kept, or where
 * another version signs.  Sets the fingerprint, unless "out" is NULL.
 */
extern const S3SigV4Key *s3_signing_key_find(const S3Signing *signing, S3Fingerprint *out);

/* The same without the secret key; NULL when it has to be found as above. */
extern const S3SigV4Key *s3_signing_key_recall(const S3Fingerprint *fingerprint, int64 time);

#endif							/* S3STORE_SIGNING_KEY_H */
