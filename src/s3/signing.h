/*-------------------------------------------------------------------------
 *
 * signing.h
 *	  Signs requests, links and forms, in the signature version that an endpoint
 *	  wants.  Pure: the time and the keys are arguments.  S3_SIGNATURE_UNSIGNED
 *	  adds nothing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SIGNING_H
#define S3STORE_SIGNING_H

#include "s3/signing_types.h"

/* Signs in headers, which are added to the request (palloc'd). */
extern bool s3_signing_sign(S3Request *request, const S3Signing *signing, S3Error *err);

/*
 * Signs in the query: appends the whole link to "url".  The request's headers
 * are signed too, so whoever uses the link must send them.  "expires" is in
 * seconds; a link that is not signed never expires.
 */
extern bool s3_signing_presign(const S3Request *request, const S3Signing *signing,
							   int expires, StringInfo url, S3Error *err);

/* Adds to a form the fields that its policy must name before it is signed. */
extern bool s3_signing_start_form(const S3Signing *signing, S3Fields *fields, S3Error *err);

/* Signs a policy (in base64), and adds the fields of the signature. */
extern bool s3_signing_sign_form(const S3Signing *signing, const char *policy,
								 S3Fields *fields, S3Error *err);

#endif							/* S3STORE_SIGNING_H */
