/*-------------------------------------------------------------------------
 *
 * sigv4.h
 *	  AWS Signature Version 4 for S3: a request in, the signed one out.  Pure:
 *	  the time and the keys are arguments.
 *
 *	  Specification: "Authenticating Requests (AWS Signature Version 4)" in
 *	  the Amazon S3 API Reference.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SIGV4_H
#define S3STORE_SIGV4_H

#include "signing.h"

/* As their namesakes in signing.h. */
extern bool s3_sigv4_sign(S3Request *request, const S3Signing *signing, S3Error *err);
extern bool s3_sigv4_presign(const S3Request *request, const S3Signing *signing,
							 int expires, StringInfo url, S3Error *err);
extern bool s3_sigv4_start_form(const S3Signing *signing, S3Fields *fields, S3Error *err);
extern bool s3_sigv4_sign_form(const S3Signing *signing, const char *policy,
							   S3Fields *fields, S3Error *err);

#endif							/* S3STORE_SIGV4_H */
