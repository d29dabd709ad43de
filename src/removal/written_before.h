/*-------------------------------------------------------------------------
 *
 * written_before.h
 *	  Was an object written before its deletion was queued?  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_WRITTEN_BEFORE_H
#define S3STORE_WRITTEN_BEFORE_H

#include "base/base.h"

typedef enum S3WrittenBefore
{
	S3_WRITTEN_BEFORE,
	S3_WRITTEN_AFTER,
	S3_WRITTEN_UNCLEAR			/* nobody's clock tells */
} S3WrittenBefore;

/*
 * Times are microseconds of one epoch.  "written" is the server's and exact
 * to "precision"; "queued" is ours.  "server_now" is the server's, cut to a
 * second, of some moment between "asked" and "answered", which are ours: so
 * much is known of how the clocks differ.  Those that may agree do.
 */
typedef struct S3WrittenBeforeQuestion
{
	int64		written;
	int64		precision;
	int64		queued;
	int64		server_now;
	int64		asked;
	int64		answered;
} S3WrittenBeforeQuestion;

extern S3WrittenBefore s3_written_before(const S3WrittenBeforeQuestion *question);

#endif							/* S3STORE_WRITTEN_BEFORE_H */
