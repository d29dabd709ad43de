/*-------------------------------------------------------------------------
 *
 * sync.h
 *	  Gives every object below a prefix the metadata that a put would.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SYNC_H
#define S3STORE_SYNC_H

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
	bool		may_commit;		/* we may end the transaction, and do */
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
	int64		failed;
	text	   *resume_after;	/* the URL up to which all are done, or NULL */
} S3SyncResult;

/*
 * Runs over the objects, many at once.  The failure of one is a warning.
 * Needs a connection to SPI (SPI_OPT_NONATOMIC where it may commit).  Throws
 * when the query is cancelled, the bucket cannot be listed, the endpoint is
 * read-only, and when nothing but failures comes; the error's context says
 * behind which key to go on.
 */
extern void s3_sync_run(const S3SyncArguments *arguments, S3SyncResult *result);

#endif							/* S3STORE_SYNC_H */
