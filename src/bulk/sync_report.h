/*-------------------------------------------------------------------------
 *
 * sync_report.h
 *	  What a sync is asked for, and what it reports: counts, notices of the
 *	  progress, warnings, and where to go on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SYNC_REPORT_H
#define S3STORE_SYNC_REPORT_H

#include "bulk/progress.h"
#include "bulk/sync_object.h"

/* Called for each object that changes, or would. */
typedef void (*S3SyncChanged) (void *arg, text *url, const S3SyncPlan *plan);

typedef struct S3SyncArguments
{
	S3SyncOptions options;
	text	   *prefix_url;
	const char *start_after;	/* UTF-8; NULL: from the start */
	bool		count_first;	/* list twice, so that the total is known */
	bool		may_commit;		/* commit from time to time */
	bool		quiet;			/* no notices of the progress */
	S3SyncChanged changed;		/* NULL: nothing */
	void	   *arg;			/* its */
} S3SyncArguments;

/* What became of the run; zero-initialize. */
typedef struct S3SyncResult
{
	int64		done;
	int64		changed;
	int64		skipped;		/* as they should be, archived, gone, or about
								 * to go */
	int64		archived;
	int64		key_missing;	/* likewise, encrypted with a key of their
								 * clients */
	int64		failed;
	text	   *resume_after;	/* the URL up to which all are done, or NULL */
} S3SyncResult;

/* Zero-initialize, and fill in the first three. */
typedef struct S3SyncReport
{
	const S3SyncArguments *arguments;
	S3SyncResult *result;
	S3Slice		bucket;

	S3Progress *progress;
	S3ProgressCounts *counts;
	TimestampTz noticed_at;
	int			warnings;
	int			failures_in_a_row;
	bool		telling;		/* a message of its own, without context */
} S3SyncReport;

extern void s3_sync_report_start(S3SyncReport *report);

/*
 * Counts an object that is done, and warns where it has failed.  Throws when
 * too many have failed in a row.
 */
extern void s3_sync_report_object(S3SyncReport *report, const S3SyncObject *object);

/* From time to time, a notice of how far the run is. */
extern void s3_sync_report_progress(S3SyncReport *report);

/* The last notices, and the end of the progress. */
extern void s3_sync_report_summary(S3SyncReport *report);

/* An error context callback: where to go on after an error that ends the run. */
extern void s3_sync_report_place(void *report);

#endif							/* S3STORE_SYNC_REPORT_H */
