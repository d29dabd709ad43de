/*-------------------------------------------------------------------------
 *
 * sync_report.c
 *	  What a sync reports: counts, notices of the progress, warnings, and where
 *	  to go on.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "utils/timestamp.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "bulk/sync_report.h"

#define NOTICE_EVERY		(5 * USECS_PER_SEC)
#define WARNINGS_MAX		100 /* further failures are counted only */
#define FAILURES_MAX		1000	/* in a row, then something else is wrong */

static void warn_of_failure(S3SyncReport *report, const S3SyncObject *object);

void
s3_sync_report_start(S3SyncReport *report)
{
	S3ProgressCounts *counts;

	report->progress = s3_progress_start(report->arguments->options.command,
										 report->arguments->prefix_url);
	counts = &report->progress->run.counts;
	counts->listed = counts->done = counts->changed = counts->skipped = counts->failed = 0;
	report->counts = counts;
	report->noticed_at = GetCurrentTimestamp();
}

void
s3_sync_report_object(S3SyncReport *report, const S3SyncObject *object)
{
	S3ProgressCounts *counts = report->counts;
	S3SyncResult *result = report->result;

	if (object->has_url)
		report->failures_in_a_row = object->outcome == S3_SYNC_FAILED ? report->failures_in_a_row + 1 : 0;
	switch (object->outcome)
	{
		case S3_SYNC_CHANGED:
			counts->changed++;
			if (report->arguments->changed != NULL)
			{
				report->telling = true;
				report->arguments->changed(report->arguments->arg, object->url, &object->plan);
				report->telling = false;
			}
			break;
		case S3_SYNC_ARCHIVED:
			result->archived++;
			counts->skipped++;
			break;
		case S3_SYNC_KEY_MISSING:
			result->key_missing++;
			counts->skipped++;
			break;
		case S3_SYNC_MATCHES:
		case S3_SYNC_GONE:
			counts->skipped++;
			break;
		case S3_SYNC_FAILED:
			counts->failed++;
			warn_of_failure(report, object);
			break;
	}
	counts->done++;
	result->done = counts->done;
	result->changed = counts->changed;
	result->skipped = counts->skipped;
	result->failed = counts->failed;
}

void
s3_sync_report_progress(S3SyncReport *report)
{
	const S3ProgressCounts *counts = report->counts;
	StringInfoData rest;
	double		left;
	TimestampTz now;

	if (!s3_progress_show(report->progress))
		return;
	now = GetCurrentTimestamp();
	if (report->arguments->quiet || now < report->noticed_at + NOTICE_EVERY)
		return;
	report->noticed_at = now;
	initStringInfo(&rest);
	left = s3_progress_left(&report->progress->run);
	if (left >= 0)
		appendStringInfo(&rest, ", %.0f s left for %lld", left,
						 (long long) (counts->total - counts->done));
	report->telling = true;
	ereport(NOTICE,
			(errmsg("%lld objects done: %lld changed, %lld skipped, %lld failed; %.0f a second%s",
					(long long) counts->done, (long long) counts->changed,
					(long long) counts->skipped, (long long) counts->failed,
					Max(s3_progress_rate(&report->progress->run), 0), rest.data)));
	report->telling = false;
	pfree(rest.data);
}

void
s3_sync_report_summary(S3SyncReport *report)
{
	const S3ProgressCounts *counts = report->counts;
	const char *dry = report->arguments->options.dry_run ? "would be " : "";

	s3_progress_end(report->progress);
	if (report->arguments->quiet)
		return;
	report->telling = true;
	if (report->result->archived > 0)
		ereport(NOTICE,
				(errmsg("%lld objects are archived, and were skipped",
						(long long) report->result->archived),
				 errhint("Restore them first, and copy them to another storage class.")));
	if (report->result->key_missing > 0)
		ereport(NOTICE,
				(errmsg("%lld objects are encrypted with customer-provided keys, and were skipped",
						(long long) report->result->key_missing),
				 errhint("Name the file with the key as sse_customer_key_file in the endpoint's entry in s3store.endpoints.")));
	ereport(NOTICE,
			(errmsg("all %lld objects done: %lld %schanged, %lld skipped, %lld failed",
					(long long) counts->done, (long long) counts->changed, dry,
					(long long) counts->skipped, (long long) counts->failed)));
	report->telling = false;
}

void
s3_sync_report_place(void *arg)
{
	const S3SyncReport *report = arg;

	if (report->telling)
		return;
	if (report->result->resume_after == NULL)
		errcontext("no object was done yet");
	else
		errcontext("all objects up to \"%s\" were done; pass it as start_after to go on",
				   s3_shown_text(report->result->resume_after));
}

static void
warn_of_failure(S3SyncReport *report, const S3SyncObject *object)
{
	S3Slice		key = s3_slice(object->key.data, object->key.len);

	if (report->failures_in_a_row >= FAILURES_MAX)
		s3_error_throw_for_object(&object->err, "sync", "in", report->bucket, key);
	report->telling = true;
	if (++report->warnings <= WARNINGS_MAX)
		s3_error_warn_for_object(&object->err, "sync", "in", report->bucket, key);
	if (report->warnings == WARNINGS_MAX)
		ereport(WARNING,
				(errmsg("further objects that fail are only counted")));
	report->telling = false;
}
