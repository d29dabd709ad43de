/*-------------------------------------------------------------------------
 *
 * uri.h
 *	  Percent-encoding as Signature Version 4 wants it (UriEncode), and the
 *	  decoding of what S3's lists have encoded.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_URI_H
#define S3STORE_URI_H

#include "base/base.h"

#define S3_URI_GROWTH	3		/* bytes that one byte may become */

/*
 * Appends "src" with every byte but A-Z a-z 0-9 - . _ ~ (RFC 3986,
 * unreserved) as %XX, upper case.  s3_uri_encode_path also leaves '/'.
 */
extern void s3_uri_encode(StringInfo dst, S3Slice src);
extern void s3_uri_encode_path(StringInfo dst, S3Slice src);

/*
 * The same into "out", which has room for it; they return the end of what they
 * have written, and whether all of "src" was ASCII.
 */
extern char *s3_uri_write(char *out, S3Slice src);
extern char *s3_uri_write_path(char *out, S3Slice src, bool *ascii);

/*
 * Decodes text[len] where it stands: %XX, and '+' for a blank, as forms have
 * it and S3's lists.  Sets *len; returns false when a '%' is not followed by
 * two hex digits, and for NUL.
 */
extern bool s3_uri_decode_form(char *text, size_t *len);

#endif							/* S3STORE_URI_H */
