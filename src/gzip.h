/*-------------------------------------------------------------------------
 *
 * gzip.h
 *	  Undoes the gzip content encoding.  The only user of zlib.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_GZIP_H
#define S3STORE_GZIP_H

#include "error.h"

/*
 * Appends the uncompressed form of "gzip" (RFC 1952, several members too) to
 * "dst", at most "max" bytes of it: S3_ERROR_TOO_LARGE beyond, and
 * S3_ERROR_PROTOCOL for damaged or unfinished data.  Throws when the query is
 * cancelled.
 */
extern bool s3_gunzip(S3Slice gzip, uint64 max, StringInfo dst, S3Error *err);

#endif							/* S3STORE_GZIP_H */
