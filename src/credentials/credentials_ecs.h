/*-------------------------------------------------------------------------
 *
 * credentials_ecs.h
 *	  Temporary access keys from the endpoint that a container's platform
 *	  offers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_ECS_H
#define S3STORE_CREDENTIALS_ECS_H

#include "s3/credentials_syntax.h"

/*
 * Returns the keys, valid until the next call; NULL when the environment names
 * no such endpoint.  Throws when it names one that gives no keys.
 */
extern const S3AccessKeys *s3_credentials_ecs_find(void);

#endif							/* S3STORE_CREDENTIALS_ECS_H */
