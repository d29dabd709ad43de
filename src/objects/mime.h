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
 * else from a short one of our own, else S3_MIME_DEFAULT.  But the type of
 * "a.tar.gz" is that of the gzip form, as it has no content encoding.  The string
 * lives as long as the backend.
 */
extern const char *s3_mime_type(S3Slice key);

/* Is it a ".svgz", which browsers take for a picture with its content encoding only? */
extern bool s3_mime_is_packed_svg(S3Slice key);

#endif							/* S3STORE_MIME_H */
