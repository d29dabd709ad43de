/*-------------------------------------------------------------------------
 *
 * credentials.h
 *	  Finds the keys that sign for a storage.  The only user of getenv.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_H
#define S3STORE_CREDENTIALS_H

#include "settings.h"
#include "sigv4.h"

/*
 * Returns the keys for a storage, from the first source that has them: the
 * endpoint's entry, the settings, the credentials file, the environment
 * (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN).  They live in
 * a cache, and are valid until the next call.  Throws 28000 when no source
 * has any, or one has half of them.
 */
extern const S3Credentials *s3_credentials_find(const S3Storage *storage);

#endif							/* S3STORE_CREDENTIALS_H */
