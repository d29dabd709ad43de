/*-------------------------------------------------------------------------
 *
 * sts.h
 *	  Temporary keys for a web identity, from the AWS Security Token Service.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_STS_H
#define S3STORE_STS_H

#include "credentials/key_service.h"
#include "s3/keys.h"

typedef struct S3WebIdentity
{
	const char *token_file;
	const char *role_arn;
	const char *session_name;
	const char *url;			/* of the service */
	const char *proxy;			/* of the storage */
	const char *ca_file;
	bool		verify_tls;
} S3WebIdentity;

/* An S3KeyFetch of an S3WebIdentity. */
extern bool s3_sts_fetch(const void *identity, S3KeySet *keys, S3Error *err);

#endif							/* S3STORE_STS_H */
