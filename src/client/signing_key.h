/*-------------------------------------------------------------------------
 *
 * signing_key.h
 *	  The SigningKeys of a transaction's requests: each is derived once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SIGNING_KEY_H
#define S3STORE_SIGNING_KEY_H

#include "s3/sigv4.h"

/*
 * Returns the SigningKey of Signature Version 4 for those credentials, that
 * region and the day of that time.  It is valid until the next call, and
 * wiped at the end of the transaction.  NULL where none can be kept.
 */
extern const S3SigV4Key *s3_signing_key_find(const S3Signing *signing);

#endif							/* S3STORE_SIGNING_KEY_H */
