/*-------------------------------------------------------------------------
 *
 * small_file.h
 *	  Reads small files whole.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SMALL_FILE_H
#define S3STORE_SMALL_FILE_H

#include "base/error.h"

#define S3_SMALL_FILE_MAX	(64 * 1024)

/*
 * Reads what is left of the file into "text", which has room for
 * S3_SMALL_FILE_MAX + 1 bytes.  "what" names its kind in the error,
 * S3_ERROR_NO_CREDENTIALS.  Does not throw.
 */
extern bool s3_small_file_read(const char *what, const char *path, int fd, char *text,
							   size_t *len, S3Error *err);

/*
 * Returns, palloc'd, the token that a file holds: printable, without a line
 * end at its end.  Links are followed, for those who mount tokens use them.
 * NULL, with the reason in "err", when there is none.  The caller wipes it.
 */
extern char *s3_small_file_token(const char *what, const char *path, S3Error *err);

#endif							/* S3STORE_SMALL_FILE_H */
