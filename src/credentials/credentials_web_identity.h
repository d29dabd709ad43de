/*-------------------------------------------------------------------------
 *
 * credentials_web_identity.h
 *	  Temporary access keys for a web identity, from the AWS Security Token
 *	  Service.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_WEB_IDENTITY_H
#define S3STORE_CREDENTIALS_WEB_IDENTITY_H

#include "s3/credentials_syntax.h"
#include "settings/settings.h"

/*
 * Returns the keys, valid until the next call; NULL when the environment names
 * no web identity.  Throws when it names one that gets no keys.
 */
extern const S3AccessKeys *s3_credentials_web_identity_find(const S3Endpoint *endpoint);

#endif							/* S3STORE_CREDENTIALS_WEB_IDENTITY_H */
