/*-------------------------------------------------------------------------
 *
 * content_encoding.h
 *	  The Content-Encoding of an object.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CONTENT_ENCODING_H
#define S3STORE_CONTENT_ENCODING_H

#include "base/base.h"

/*
 * Returns the encodings that the content has when it is stored, palloc'd: all
 * but "aws-chunked", which is the way of an upload.  Some servers keep it.
 */
extern char *s3_content_encoding_stored(const char *encoding);

/* Is the stored content in the gzip form, and in no other?  NULL is none. */
extern bool s3_content_encoding_is_gzip(const char *encoding);

#endif							/* S3STORE_CONTENT_ENCODING_H */
