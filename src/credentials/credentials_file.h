/*-------------------------------------------------------------------------
 *
 * credentials_file.h
 *	  The access keys of a profile of a credentials file, read again when it changes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_FILE_H
#define S3STORE_CREDENTIALS_FILE_H

#include "s3/credentials_syntax.h"

/*
 * Returns the keys of a profile, valid until the next call; the session token
 * is "" when the keys are permanent.  NULL, with the reason in "err"
 * (S3_ERROR_NO_CREDENTIALS), when the file cannot be used, and could not be
 * used earlier in this session.
 */
extern const S3AccessKeys *s3_credentials_file_find(const char *path, const char *name,
													S3Error *err);

#endif							/* S3STORE_CREDENTIALS_FILE_H */
