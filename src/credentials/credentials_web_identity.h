/*-------------------------------------------------------------------------
 *
 * credentials_web_identity.h
 *	  Temporary keys for a web identity, from the AWS Security Token Service.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_WEB_IDENTITY_H
#define S3STORE_CREDENTIALS_WEB_IDENTITY_H

#include "credentials/credentials_http.h"
#include "s3/credentials_syntax.h"

typedef struct S3WebIdentity
{
	const char *token_file;
	const char *role_arn;
	const char *session_name;
	const char *url;			/* of the service */
	const char *proxy;			/* of the endpoint */
	const char *ca_file;
	bool		verify_tls;
} S3WebIdentity;

/* An S3CredentialsFetch of an S3WebIdentity. */
extern bool s3_credentials_web_identity_fetch(const void *identity, S3AccessKeys *keys, S3Error *err);

#endif							/* S3STORE_CREDENTIALS_WEB_IDENTITY_H */
