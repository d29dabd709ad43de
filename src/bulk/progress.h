/*-------------------------------------------------------------------------
 *
 * progress.h
 *	  How far a run over a bucket has come, for other sessions to see.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_PROGRESS_H
#define S3STORE_PROGRESS_H

#include "base/base.h"

#define S3_PROGRESS_UNKNOWN	(-1)	/* a count that a run does not have */

typedef struct S3ProgressCounts
{
	int64		listed;			/* objects that the server has listed */
	int64		rows_read;		/* of the tables */
	int64		found;			/* differences between the two */
	int64		done;			/* objects dealt with, in one of these ways: */
	int64		changed;
	int64		skipped;
	int64		failed;
	int64		total;			/* objects in all */
} S3ProgressCounts;

typedef struct S3Progress S3Progress;

/*
 * Shows a run of this backend until the current memory context goes, in
 * whatever way; "url" is what it is about.  All counts start as unknown.
 * Throws only when memory runs out: a run goes on where nothing can be shown,
 * with a warning.
 */
extern S3Progress *s3_progress_start(const char *command, text *url);

/* The counts of the run, for the caller to change. */
extern S3ProgressCounts *s3_progress_counts(S3Progress *progress);

/*
 * Shows the counts, unless it has done so a moment ago: may be called for
 * every object.  Returns true when it has.
 */
extern bool s3_progress_show(S3Progress *progress);

/* Shows it no more.  (Neither does an error, as it ends the context.) */
extern void s3_progress_end(S3Progress *progress);

/*
 * Objects (or keys) a second since the start, and the seconds that are left;
 * -1 where that is not known.
 */
extern double s3_progress_rate(const S3Progress *progress);
extern double s3_progress_left(const S3Progress *progress);

#endif							/* S3STORE_PROGRESS_H */
