/*-------------------------------------------------------------------------
 *
 * credentials.h
 *	  Finds the access keys that sign for an endpoint.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_H
#define S3STORE_CREDENTIALS_H

#include "s3/signing.h"
#include "settings/settings.h"

/*
 * Returns the access keys for an endpoint, from the first source that has any;
 * "sources" in credentials.c lists them.  They are valid until the next call,
 * and no longer than the endpoint.  Throws 28000 when no source has any, or
 * the first one has half of them; the error of a source over the network; and
 * when the query is cancelled meanwhile.
 */
extern const S3Credentials *s3_credentials_find(const S3Endpoint *endpoint);

/* Names the source of what s3_credentials_find has returned last. */
extern const char *s3_credentials_source(void);

#endif							/* S3STORE_CREDENTIALS_H */
