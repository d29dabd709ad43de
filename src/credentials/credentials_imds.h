/*-------------------------------------------------------------------------
 *
 * credentials_imds.h
 *	  Temporary keys of the role of an EC2 instance.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_IMDS_H
#define S3STORE_CREDENTIALS_IMDS_H

#include "s3/credentials_syntax.h"

/* An S3CredentialsFetch of the metadata service's URL, checked. */
extern bool s3_credentials_imds_fetch(const void *url, S3AccessKeys *keys, S3Error *err);

#endif							/* S3STORE_CREDENTIALS_IMDS_H */
