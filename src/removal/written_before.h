/*-------------------------------------------------------------------------
 *
 * written_before.h
 *	  Was an object written before its deletion was queued, or after it was
 *	  met?  Pure.
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
	S3_WRITTEN_UNCLEAR			/* between, or the times are not exact enough */
} S3WrittenBefore;

/*
 * Times are microseconds of one epoch.  By the server's clock: "written", exact
 * to "precision", and "server_now", cut to a second, of some moment between
 * "asked" and "answered".  By ours: "queued", "met", "asked" and "answered".
 * Offsets of the clocks within TICK of zero count as zero.
 */
typedef struct S3WrittenBeforeQuestion
{
	int64		written;
	int64		precision;
	int64		queued;
	int64		met;			/* not before "queued" */
	int64		server_now;
	int64		asked;
	int64		answered;
} S3WrittenBeforeQuestion;

extern S3WrittenBefore s3_written_before(const S3WrittenBeforeQuestion *question);

#endif							/* S3STORE_WRITTEN_BEFORE_H */
