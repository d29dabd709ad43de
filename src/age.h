/*-------------------------------------------------------------------------
 *
 * age.h
 *	  Was an object written before its deletion was queued?  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_AGE_H
#define S3STORE_AGE_H

#include "s3store.h"

typedef enum S3Age
{
	S3_AGE_BEFORE,
	S3_AGE_AFTER,
	S3_AGE_UNCLEAR				/* nobody's clock tells */
} S3Age;

/*
 * Times are microseconds of one epoch.  "written" is the server's and exact
 * to "precision"; "queued" is ours.  "server_now" (exact to a second) and
 * "own_now" are of one moment, and tell how the clocks differ: clocks that
 * agree within S3_AGE_AGREE are taken for one.
 */
typedef struct S3AgeQuestion
{
	int64		written;
	int64		precision;
	int64		queued;
	int64		server_now;
	int64		own_now;
} S3AgeQuestion;

#define S3_AGE_AGREE	INT64CONST(2000000)

extern S3Age s3_age(const S3AgeQuestion *question);

#endif							/* S3STORE_AGE_H */
