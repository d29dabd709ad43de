/*-------------------------------------------------------------------------
 *
 * buckets.h
 *	  The buckets that an endpoint may touch: names and patterns.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_BUCKETS_H
#define S3STORE_BUCKETS_H

#include "base/error.h"

/*
 * Checks a list such as "photos, logs-*": names, with "*" for any number of
 * characters, between commas.  An empty list is good.
 */
extern bool s3_buckets_check(const char *list, S3Error *err);

/* Whether the list, which is good, is empty or has the bucket. */
extern bool s3_buckets_allow(const char *list, S3Slice bucket);

#endif							/* S3STORE_BUCKETS_H */
