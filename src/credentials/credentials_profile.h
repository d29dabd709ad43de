/*-------------------------------------------------------------------------
 *
 * credentials_profile.h
 *	  Finds a profile in the text of a credentials file.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_PROFILE_H
#define S3STORE_CREDENTIALS_PROFILE_H

#include "base/error.h"

/* What the profile has, "" for what it has not.  The strings point into the text. */
typedef struct S3CredentialsProfile
{
	const char *access_key_id;
	const char *secret_access_key;
	const char *session_token;
	const char *expiration;
	const char *unsupported;	/* a parameter for a source of keys that
								 * s3store does not have, or NULL */
	int64		expires_at;		/* "expiration" in seconds since 1970, else 0 */
} S3CredentialsProfile;

/*
 * Finds the profile in text[len], which is rewritten and must have room for
 * one byte more.  A false return says in "err" what is wrong
 * (S3_ERROR_NO_CREDENTIALS) and never shows any of the text.
 */
extern bool s3_credentials_profile_find(char *text, size_t len, const char *name,
										S3CredentialsProfile *profile, S3Error *err);

#endif							/* S3STORE_CREDENTIALS_PROFILE_H */
