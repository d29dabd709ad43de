/*-------------------------------------------------------------------------
 *
 * credentials.h
 *	  Finds the keys that sign for an endpoint.  The only user of getenv.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_H
#define S3STORE_CREDENTIALS_H

#include "s3/signing.h"
#include "settings/settings.h"

/*
 * Returns the keys for an endpoint, from the first source that has them: the
 * endpoint's entry, the credentials file or profile that it names, the
 * settings, the credentials file that they name, the server's environment
 * (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), and over the
 * network STS for a web identity, the container's endpoint, the instance's
 * metadata service.  The keys are valid until the next call, and no longer
 * than the endpoint.  Throws 28000 when no source has any, or the first one has
 * half of them; what a network source throws; and when the query is cancelled
 * meanwhile.
 */
extern const S3Credentials *s3_credentials_find(const S3Endpoint *endpoint);

/* In words: the source of what s3_credentials_find has returned last. */
extern const char *s3_credentials_source(void);

#endif							/* S3STORE_CREDENTIALS_H */
