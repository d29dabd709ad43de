/*-------------------------------------------------------------------------
 *
 * container_keys.h
 *	  Temporary keys from the endpoint that a container's platform offers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CONTAINER_KEYS_H
#define S3STORE_CONTAINER_KEYS_H

#include "s3/keys.h"

typedef struct S3ContainerEndpoint
{
	const char *url;			/* checked */
	const char *token;			/* for its Authorization header, or NULL */
	const char *token_file;		/* the same, in a file; or NULL */
} S3ContainerEndpoint;

/* An S3KeyFetch of an S3ContainerEndpoint. */
extern bool s3_container_keys_fetch(const void *endpoint, S3KeySet *keys, S3Error *err);

#endif							/* S3STORE_CONTAINER_KEYS_H */
