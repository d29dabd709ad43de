/*-------------------------------------------------------------------------
 *
 * presign.h
 *	  Makes links and forms of calls that somebody else will send.  Such a call
 *	  is opened with S3_CALL_LINK.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_PRESIGN_H
#define S3STORE_PRESIGN_H

#include "client/call.h"
#include "links/lifetime.h"

/*
 * Whether everybody may send that request, so that its link needs no
 * signature, which would only keep caches from working.  S3 takes parameters
 * of the answer from signed requests alone.
 */
extern bool s3_presign_is_public(const S3Endpoint *endpoint, const S3Operation *operation,
								 const S3Request *request);

/*
 * Returns the link that sends the request; sets when it ends.  Where nothing
 * is signed the link is the plain URL: its lifetime does not matter, and it has
 * no end.
 */
extern char *s3_presign_link(const S3Call *call, const S3Lifetime *lifetime, int64 *ends_at);

/* Returns the URL of an object that everybody may read. */
extern char *s3_presign_public_url(const S3Call *call);

/* Returns where the form for an object is sent to: the URL of its bucket. */
extern char *s3_presign_form_url(const S3Call *call);

/*
 * Signs a form in two steps: the first adds the fields that the policy must
 * name, the second signs the policy (in base64).
 */
extern void s3_presign_start_form(const S3Call *call, const S3Lifetime *lifetime,
								  S3Fields *fields);
extern void s3_presign_sign_form(const S3Call *call, const S3Lifetime *lifetime,
								 const char *policy, S3Fields *fields);

#endif							/* S3STORE_PRESIGN_H */
