/*-------------------------------------------------------------------------
 *
 * small_file.h
 *	  Reads small files that hold secrets.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SMALL_FILE_H
#define S3STORE_SMALL_FILE_H

#include "base/error.h"

#define S3_SMALL_FILE_MAX	(64 * 1024)

/*
 * Each reads a regular file whole; "what" names its kind in the error,
 * S3_ERROR_NO_CREDENTIALS.
 */

/*
 * Reads a file that, as a server's TLS key, nobody else can read or write, and
 * does not follow a symbolic link.  Its "name" in the error may be another than its
 * path, where that is nobody's business.  "text" has room for S3_SMALL_FILE_MAX + 2
 * bytes.
 */
extern bool s3_small_file_private(const char *what, const char *name, const char *path, char *text,
								  size_t *len, S3Error *err);

/*
 * Returns, palloc'd, the token that a file holds: printable, without line ends
 * behind it.  Follows links, which platforms mount tokens by.  NULL, with the
 * reason in "err", when there is none.  The caller wipes it.
 */
extern char *s3_small_file_token(const char *what, const char *path, S3Error *err);

#endif							/* S3STORE_SMALL_FILE_H */
