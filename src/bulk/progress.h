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

#include "utils/timestamp.h"

/* Each is -1 where the run has no such count. */
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

/* What others see of a run. */
typedef struct S3ProgressRun
{
	int			pid;			/* 0: no run */
	Oid			database;
	Oid			role;
	TimestampTz started_at;
	TimestampTz updated_at;
	S3ProgressCounts counts;
	char		command[64];
	char		url[1400];		/* UTF-8: a scheme, a bucket and a key */
} S3ProgressRun;

typedef struct S3Progress
{
	S3ProgressRun run;			/* the counts are the caller's to change */
	S3ProgressRun *shown;		/* in shared memory; NULL: it is not shown */
	MemoryContextCallback release;
} S3Progress;

/* Has the memory ready when the server starts; for _PG_init. */
extern void s3_progress_init(void);

/*
 * Shows a run of this process until the current memory context goes, or the
 * process ends; "url" is what it is about.  All counts start as -1.  Where too
 * many runs are under way, or there is no memory, it is not shown.
 */
extern S3Progress *s3_progress_start(const char *command, text *url);

/*
 * Shows the counts, unless it has done so a moment ago: may be called for
 * every object.  Returns true when it has.
 */
extern bool s3_progress_show(S3Progress *progress);

/* Shows the run no more. */
extern void s3_progress_end(S3Progress *progress);

/*
 * Copies the next run that is under way in the server; "position" is 0 at
 * first.  Returns false when there are no more.
 */
extern bool s3_progress_next(int *position, S3ProgressRun *run);

/*
 * Objects (or keys) a second since the start, and the seconds that are left;
 * -1 where that is not known.
 */
extern double s3_progress_rate(const S3ProgressRun *run);
extern double s3_progress_left(const S3ProgressRun *run);

#endif							/* S3STORE_PROGRESS_H */
