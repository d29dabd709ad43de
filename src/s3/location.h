/*-------------------------------------------------------------------------
 *
 * location.h
 *	  scheme://bucket/key: the URL of an object, taken apart.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_LOCATION_H
#define S3STORE_LOCATION_H

#include "base/error.h"

#define S3_KEY_MAX		1024	/* bytes, S3's limit */
#define S3_BUCKET_MAX	255		/* bytes, of old us-east-1 buckets */
#define S3_SCHEME_MAX	63		/* bytes, ours */

/* The three parts, byte for byte as they stand in the URL. */
typedef struct S3Location
{
	S3Slice		scheme;
	S3Slice		bucket;
	S3Slice		key;			/* may be empty: the bucket itself */
} S3Location;

/* '' and '-' mean "no file". */
extern bool s3_location_is_none(S3Slice url);

/*
 * Takes "url" apart; the parts point into it.  A false return says in "err"
 * what is wrong with it: S3_ERROR_SYNTAX, S3_ERROR_EMPTY (no bucket) or
 * S3_ERROR_TOO_LARGE (key longer than S3_KEY_MAX).
 */
extern bool s3_location_parse(S3Slice url, S3Location *loc, S3Error *err);

/*
 * Is it "http" or "https"?  They may be configured as any other scheme; where
 * they are not, the URL is an address of the web, and S3_WEB_HINT helps.
 */
extern bool s3_scheme_is_web(S3Slice scheme);

#define S3_WEB_HINT	"Write an object as \"s3://bucket/key\"; the server's address stands in s3store.endpoints."

/* Checks a scheme's syntax (RFC 3986, section 3.1; at most S3_SCHEME_MAX). */
extern bool s3_check_scheme(S3Slice scheme, S3Error *err);

/* Checks a bucket's name: [A-Za-z0-9._-], 1 to 255, neither "." nor "..". */
extern bool s3_check_bucket_name(S3Slice bucket, S3Error *err);

/*
 * Appends the key of the object on the server: "prefix" (joined with one '/')
 * and the URL's key; literal, or with "normalize" cut at '?' and '#' and
 * folded as Python's posixpath.normpath does.  Refuses an empty key
 * (S3_ERROR_EMPTY), one that climbs out of the prefix (S3_ERROR_ARGUMENT) and
 * one that is too long (S3_ERROR_TOO_LARGE).
 */
extern bool s3_location_object_key(const S3Location *loc, const char *prefix,
								   bool normalize, StringInfo key, S3Error *err);

/* The key without what "normalize" cuts off it: '?' or '#' and the rest. */
extern S3Slice s3_location_cut_query(S3Slice key);

/*
 * Appends what the keys of the objects below the URL start with on the
 * server: "prefix", and the URL's key, which need not end in '/' and may be
 * empty.  Returns in "own_len" how much of it the endpoint has put before the
 * URL's key.  Refuses what s3_location_object_key does, but for an empty key.
 */
extern bool s3_location_list_prefix(const S3Location *loc, const char *prefix,
									bool normalize, StringInfo key,
									size_t *own_len, S3Error *err);

#endif							/* S3STORE_LOCATION_H */
