/*-------------------------------------------------------------------------
 *
 * sigv2.h
 *	  AWS Signature Version 2 for S3, which old stores want.  Pure.
 *
 *	  Specification: "Signing and Authenticating REST Requests (AWS signature
 *	  version 2)" in the Amazon S3 API Reference.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SIGV2_H
#define S3STORE_SIGV2_H

#include "s3/signing_types.h"

/* As their namesakes in signing.h. */
extern bool s3_sigv2_sign(S3Request *request, const S3Signing *signing, S3Error *err);
extern bool s3_sigv2_presign(const S3Request *request, const S3Signing *signing,
							 int expires, StringInfo url, S3Error *err);
extern bool s3_sigv2_sign_form(const S3Signing *signing, const char *policy,
							   S3Fields *fields, S3Error *err);

#endif							/* S3STORE_SIGV2_H */
