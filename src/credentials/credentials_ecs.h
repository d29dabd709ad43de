/*-------------------------------------------------------------------------
 *
 * credentials_ecs.h
 *	  Temporary keys from the endpoint that a container's platform offers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_ECS_H
#define S3STORE_CREDENTIALS_ECS_H

#include "s3/credentials_syntax.h"

typedef struct S3ContainerEndpoint
{
	const char *url;			/* checked */
	const char *token;			/* for its Authorization header, or NULL */
	const char *token_file;		/* the same, in a file; or NULL */
} S3ContainerEndpoint;

/* An S3CredentialsFetch of an S3ContainerEndpoint. */
extern bool s3_credentials_ecs_fetch(const void *endpoint, S3AccessKeys *keys, S3Error *err);

#endif							/* S3STORE_CREDENTIALS_ECS_H */
