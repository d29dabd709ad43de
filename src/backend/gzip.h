/*-------------------------------------------------------------------------
 *
 * gzip.h
 *	  The gzip content encoding, made and undone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_GZIP_H
#define S3STORE_GZIP_H

#include "base/error.h"
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

/* The same for content that comes in pieces, and is passed on in pieces. */
typedef struct S3Gunzip S3Gunzip;
typedef void (*S3GunzipSink) (void *arg, const char *data, size_t len);

/* Lives in the current memory context. */
extern S3Gunzip *s3_gunzip_start(uint64 max, S3GunzipSink sink, void *arg);
extern bool s3_gunzip_add(S3Gunzip *gunzip, S3Slice gzip, S3Error *err);

/* Was that all of it? */
extern bool s3_gunzip_end(const S3Gunzip *gunzip, S3Error *err);

#endif							/* S3STORE_GZIP_H */
