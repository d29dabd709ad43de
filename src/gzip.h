/*-------------------------------------------------------------------------
 *
 * gzip.h
 *	  The gzip content encoding, made and undone.  The only user of zlib.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_GZIP_H
#define S3STORE_GZIP_H

#include "error.h"
#include "utils/memutils.h"

/*
 * Puts the gzip form of "content" (level 9; the same bytes each time) into
 * "gzip", palloc'd, if it is the smaller one; returns false if not.  Throws
 * when the query is cancelled.
 */
extern bool s3_gzip(S3Slice content, S3Slice *gzip);

/* The most that a datum can hold, and a step of the output beyond. */
#define S3_GUNZIP_MAX	(MaxAllocSize - 256 * 1024)

/*
 * Appends the uncompressed form of "gzip" (RFC 1952, several members too) to
 * "dst", at most "max" bytes of it: S3_ERROR_TOO_LARGE beyond, and
 * S3_ERROR_PROTOCOL for damaged or unfinished data.  Throws when the query is
 * cancelled.
 */
extern bool s3_gunzip(S3Slice gzip, uint64 max, StringInfo dst, S3Error *err);

#endif							/* S3STORE_GZIP_H */
