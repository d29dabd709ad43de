/*-------------------------------------------------------------------------
 *
 * mime.h
 *	  The media type of an object, told by its name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_MIME_H
#define S3STORE_MIME_H

#include "base/base.h"

#define S3_MIME_DEFAULT		"application/octet-stream"

/*
 * Returns the media type for the extension of "key", as Python's
 * mimetypes.guess_type(key, strict=False) gives it: from the system's list,
 * else from a short one of our own, else S3_MIME_DEFAULT.  The type of
 * "a.tar.gz" is that of "a.tar".  The string lives as long as the backend.
 */
extern const char *s3_mime_type(S3Slice key);

#endif							/* S3STORE_MIME_H */
