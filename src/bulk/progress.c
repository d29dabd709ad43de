/*-------------------------------------------------------------------------
 *
 * progress.c
 *	  How far a run over a bucket has come, for other sessions to see.
 *
 * Shared memory has a number of slots, one a run.  A process takes a free one
 * and gives it back at the end of the run, or at its own.  One that crashes
 * cannot, but then the server starts over with new memory.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/spin.h"

#include "backend/encoding.h"
#include "backend/shared_memory.h"
#include "bulk/progress.h"

#define RUNS_MAX		16
#define SHOW_EVERY		100000	/* microseconds */

typedef struct Runs
{
	slock_t		mutex;			/* for all that follows */
	S3ProgressRun runs[RUNS_MAX];
} Runs;

static Runs *shared;			/* NULL: not attached, or no memory */

static bool attach(void);
static void init_runs(void *runs);
static void show_run(S3Progress *progress);
static void release_run(void *progress);
static void release_at_exit(int code, Datum arg);

void
s3_progress_init(void)
{
	if (process_shared_preload_libraries_in_progress)
		s3_shared_memory_request(sizeof(Runs));
}

S3Progress *
s3_progress_start(const char *command, text *url)
{
	S3Progress *progress = palloc0(sizeof(S3Progress));
	S3ProgressRun *run = &progress->run;
	S3Slice		utf8 = s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url));

	run->pid = MyProcPid;
	run->database = MyDatabaseId;
	run->role = GetUserId();
	run->started_at = run->updated_at = GetCurrentTimestamp();
	memset(&run->counts, 0xff, sizeof(run->counts));	/* all -1 */
	strlcpy(run->command, command, sizeof(run->command));
	strlcpy(run->url, s3_slice_dup(utf8), sizeof(run->url));

	progress->release.func = release_run;
	progress->release.arg = progress;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &progress->release);
	if (attach())
		show_run(progress);
	return progress;
}

bool
s3_progress_show(S3Progress *progress)
{
	S3ProgressRun *run = &progress->run;
	TimestampTz now = GetCurrentTimestamp();

	if (now < run->updated_at + SHOW_EVERY && now >= run->updated_at)
		return false;
	run->updated_at = now;
	if (progress->shown != NULL)
	{
		SpinLockAcquire(&shared->mutex);
		progress->shown->updated_at = now;
		progress->shown->counts = run->counts;
		SpinLockRelease(&shared->mutex);
	}
	return true;
}

void
s3_progress_end(S3Progress *progress)
{
	release_run(progress);
}

bool
s3_progress_next(int *position, S3ProgressRun *run)
{
	if (!attach())
		return false;
	while (*position < RUNS_MAX)
	{
		SpinLockAcquire(&shared->mutex);
		*run = shared->runs[(*position)++];
		SpinLockRelease(&shared->mutex);
		if (run->pid != 0)
			return true;
	}
	return false;
}

/* Of the objects done; where the run does not count these, of those listed. */
double
s3_progress_rate(const S3ProgressRun *run)
{
	int64		count = run->counts.done >= 0 ? run->counts.done : run->counts.listed;
	TimestampTz elapsed = run->updated_at - run->started_at;

	if (count < 0 || elapsed <= 0)
		return -1;
	return (double) count * USECS_PER_SEC / elapsed;
}

double
s3_progress_left(const S3ProgressRun *run)
{
	const S3ProgressCounts *counts = &run->counts;
	double		rate = s3_progress_rate(run);

	if (counts->total < counts->done || counts->done < 0 || rate <= 0)
		return -1;
	return (counts->total - counts->done) / rate;
}

static bool
attach(void)
{
	if (shared != NULL)
		return true;
	shared = s3_shared_memory_attach("progress", sizeof(Runs), init_runs, true);
	if (shared != NULL)
		on_shmem_exit(release_at_exit, (Datum) 0);
	return shared != NULL;
}

static void
init_runs(void *runs)
{
	SpinLockInit(&((Runs *) runs)->mutex);
}

static void
show_run(S3Progress *progress)
{
	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < RUNS_MAX && progress->shown == NULL; i++)
	{
		if (shared->runs[i].pid == 0)
		{
			progress->shown = &shared->runs[i];
			*progress->shown = progress->run;
		}
	}
	SpinLockRelease(&shared->mutex);
}

/* Never throws, and may be called twice. */
static void
release_run(void *arg)
{
	S3Progress *progress = arg;

	if (progress->shown == NULL)
		return;
	SpinLockAcquire(&shared->mutex);
	progress->shown->pid = 0;
	SpinLockRelease(&shared->mutex);
	progress->shown = NULL;
}

/* Of runs that are under way when the process ends. */
static void
release_at_exit(int code, Datum arg)
{
	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < RUNS_MAX; i++)
	{
		if (shared->runs[i].pid == MyProcPid)
			shared->runs[i].pid = 0;
	}
	SpinLockRelease(&shared->mutex);
}
