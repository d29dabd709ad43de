/*-------------------------------------------------------------------------
 *
 * metadata_words.h
 *	  User metadata that are not ASCII, as encoded words (RFC 2047).  Pure.
 *
 * AWS and Swift answer with them whatever was sent, and Swift takes anything
 * else for another encoding.  So they are sent, and come back the same from
 * every server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_METADATA_WORDS_H
#define S3STORE_METADATA_WORDS_H

#include "base/base.h"

/*
 * Returns a value in UTF-8 as a header's: itself where it is ASCII and cannot be
 * taken for encoded words, or is not UTF-8 at all.
 */
extern const char *s3_metadata_words_encode(const char *value);

/*
 * Returns a header's value in UTF-8: itself where it has no encoded words, or
 * some that are damaged or of another charset than UTF-8, US-ASCII and
 * ISO-8859-1.
 */
extern const char *s3_metadata_words_decode(const char *value);

/* Returns a header's value as it came from a server as one for another request. */
extern const char *s3_metadata_words_resend(const char *value);

#endif							/* S3STORE_METADATA_WORDS_H */
