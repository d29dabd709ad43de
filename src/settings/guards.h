/*-------------------------------------------------------------------------
 *
 * guards.h
 *	  What the settings forbid: buckets that are not named, and changes of
 *	  what is read-only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_GUARDS_H
#define S3STORE_GUARDS_H

#include "settings/settings.h"

/* Throws 42501 unless the endpoint may use the bucket. */
extern void s3_settings_require_bucket(const S3Endpoint *endpoint, S3Slice bucket);
extern bool s3_settings_check_bucket(const S3Endpoint *endpoint, S3Slice bucket, S3Error *err);

/*
 * Throws 25006, for "command" (such as "s3_presign()"), where read_only or
 * session_read_only protects the endpoint.
 */
extern void s3_settings_prevent_if_protected(const S3Endpoint *endpoint, const char *command);

/*
 * The same, and also in a read-only transaction, in recovery and in parallel
 * mode: "command" changes objects now.  Checked at the call, and again right
 * before the request.
 */
extern void s3_settings_prevent_if_read_only(const S3Endpoint *endpoint, const char *command);

#endif							/* S3STORE_GUARDS_H */
