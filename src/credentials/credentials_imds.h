/*-------------------------------------------------------------------------
 *
 * credentials_imds.h
 *	  Temporary access keys of the role of an EC2 instance.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_IMDS_H
#define S3STORE_CREDENTIALS_IMDS_H

#include "s3/credentials_syntax.h"

/*
 * Returns the keys, valid until the next call.  NULL when there are none:
 * "err" says why, and is S3_ERROR_NONE when the environment says that the
 * metadata service is not to be asked.  Throws when the environment names one
 * that cannot be right.
 */
extern const S3AccessKeys *s3_credentials_imds_find(S3Error *err);

#endif							/* S3STORE_CREDENTIALS_IMDS_H */
