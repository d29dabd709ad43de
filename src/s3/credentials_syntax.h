/*-------------------------------------------------------------------------
 *
 * credentials_syntax.h
 *	  What access keys are made of, wherever they come from.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_SYNTAX_H
#define S3STORE_CREDENTIALS_SYNTAX_H

#include "base/error.h"

/* What a secret is shown as. */
#define S3_SECRET_MASK			"********"

/* Lengths in bytes. */
#define S3_ACCESS_KEY_ID_MAX		255
#define S3_SECRET_ACCESS_KEY_MAX	255
#define S3_SESSION_TOKEN_MAX		8192	/* with the other headers, still
											 * less than servers take */

/* Access keys as they are kept: one place in memory, to be wiped. */
typedef struct S3AccessKeys
{
	char		access_key_id[S3_ACCESS_KEY_ID_MAX + 1];
	char		secret_access_key[S3_SECRET_ACCESS_KEY_MAX + 1];
	char		session_token[S3_SESSION_TOKEN_MAX + 1];
	int64		expires_at;		/* seconds since 1970; 0: unknown, or never */
} S3AccessKeys;

/* Each checks a value, which the error, S3_ERROR_ARGUMENT, calls "name". */
extern bool s3_check_access_key_id(const char *name, const char *value, S3Error *err);
extern bool s3_check_secret_access_key(const char *name, const char *value, S3Error *err);
extern bool s3_check_session_token(const char *name, const char *value, S3Error *err);

/* Checks for printable ASCII without blanks, and at most "max" bytes. */
extern bool s3_check_printable(const char *name, const char *value, size_t max, S3Error *err);

/* Does the text contain what looks like an access key; or that, or user:password@? */
extern bool s3_looks_like_access_key(const char *text);
extern bool s3_looks_like_secret(const char *text);

/* An access key ID as it is shown, palloc'd: its last characters, or none of a short one. */
extern char *s3_access_key_id_masked(const char *id);

#endif							/* S3STORE_CREDENTIALS_SYNTAX_H */
