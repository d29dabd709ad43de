/*-------------------------------------------------------------------------
 *
 * sync_report.h
 *	  What a sync tells: counts, notices of the progress, warnings, and where to
 *	  go on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SYNC_REPORT_H
#define S3STORE_SYNC_REPORT_H

#include "bulk/sync.h"
#include "utils/timestamp.h"

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
	bool		telling;		/* a message of ours needs no context */
} S3SyncReport;

extern void s3_sync_report_start(S3SyncReport *report);

/*
 * Counts an object that has come to its end, and tells who wants to know.
 * Throws when nothing but failures comes.
 */
extern void s3_sync_report_object(S3SyncReport *report, const S3SyncObject *object);

/* From time to time, a notice of how far the run is. */
extern void s3_sync_report_progress(S3SyncReport *report);

/* The end of it. */
extern void s3_sync_report_summary(S3SyncReport *report);

/* An error context callback: where to go on after an error that ends the run. */
extern void s3_sync_report_place(void *report);

#endif							/* S3STORE_SYNC_REPORT_H */
