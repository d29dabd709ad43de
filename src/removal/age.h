/*-------------------------------------------------------------------------
 *
 * age.h
 *	  Was an object written before its deletion was queued?  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_AGE_H
#define S3STORE_AGE_H

#include "base/base.h"

typedef enum S3Age
{
	S3_AGE_BEFORE,
	S3_AGE_AFTER,
	S3_AGE_UNCLEAR				/* nobody's clock tells */
} S3Age;

/*
 * Times are microseconds of one epoch.  "written" is the server's and exact
 * to "precision"; "queued" is ours.  "server_now" is the server's, cut to a
 * second, of some moment between "asked" and "answered", which are ours: so
 * much is known of how the clocks differ.  Those that may agree do.
 */
typedef struct S3AgeQuestion
{
	int64		written;
	int64		precision;
	int64		queued;
	int64		server_now;
	int64		asked;
	int64		answered;
} S3AgeQuestion;

extern S3Age s3_age(const S3AgeQuestion *question);

#endif							/* S3STORE_AGE_H */
