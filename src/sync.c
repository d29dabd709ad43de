/*-------------------------------------------------------------------------
 *
 * sync.c
 *	  Gives every object below a prefix the metadata that a put would.
 *
 *	  list -> objects under way (sync_object.c) -> counts, notices, commits
 *
 * One pipeline carries it all: while objects are looked up and copied, the
 * next page of the list comes.  Objects end in any order; the window of those
 * under way, in the order of the list, knows up to which one all are done.
 * That is where a run that was stopped goes on, so that it loses nothing;
 * what was done beyond that is found to match, and skipped.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "encoding.h"
#include "list.h"
#include "sync.h"
#include "words.h"

#define WINDOW_MAX			2000	/* objects; the first one may take long */
#define NOTICE_EVERY		(5 * USECS_PER_SEC)
#define COMMIT_EVERY		(2 * USECS_PER_SEC)
#define WARNINGS_MAX		100 /* further failures are counted only */
#define FAILURES_MAX		1000	/* in a row, then something else is wrong */
#define URL_SHOWN_MAX		1500	/* bytes */

/* The page of the list behind the one at hand. */
typedef struct Ahead
{
	MemoryContext context;
	S3Call		call;
	S3HttpResponse response;
	bool		asked;
	bool		here;
} Ahead;

typedef struct Run
{
	const S3SyncArguments *arguments;
	S3SyncResult *result;
	MemoryContext context;
	S3Pipeline *pipeline;
	S3Slice		bucket;
	S3Listing  *listing;
	Ahead		ahead;
	dlist_head	window;			/* objects in the order of the list */
	int			window_count;
	S3Progress *progress;
	S3ProgressCounts *counts;
	TimestampTz noticed_at;
	TimestampTz committed_at;
	int			warnings;
	int			failures_in_a_row;
	bool		telling;		/* a message of ours needs no context */
	struct Run *outer;			/* a function of the settings may sync, too */
	MemoryContextCallback forgotten;
} Run;

static Run *running;			/* the innermost one */

static void prepare(Run *run);
static int64 count_objects(Run *run);
static S3Listing *start_listing(const S3SyncArguments *arguments);
static void check_settings(Run *run);
static void run_and_restore(Run *run);
static void watch_exit(Run *run);
static void unwatch_exit(Run *run);
static void forget(void *arg);
static void restore_at_exit(int code, Datum arg);
static void restore(Run *run);
static void run_all(Run *run);
static bool fill(Run *run);
static const S3ListItem *next_item(Run *run);
static void ask_ahead(Run *run);
static void take_page(Run *run, const S3Finished *finished);
static void take_answer(Run *run, S3SyncObject *object, const S3Finished *finished);
static void start_object(Run *run, const S3ListItem *item);
static bool ask_functions(S3SyncObject *object, S3Error *err);
static bool has_functions(const S3Storage *storage);
static void take_thrown(const ErrorData *error, S3Error *err);
static void go_on(Run *run, S3SyncObject *object);
static void finish_object(Run *run, S3SyncObject *object);
static void warn_of_failure(Run *run, const S3SyncObject *object);
static void move_window(Run *run);
static void tell_progress(Run *run);
static void tell_summary(Run *run);
static void commit(Run *run);
static void show_place(void *arg);
static const char *shown_url(const text *url);

void
s3_sync_run(const S3SyncArguments *arguments, S3SyncResult *result)
{
	MemoryContext old_context;
	ErrorContextCallback callback = {0};
	Run		   *run;

	old_context = MemoryContextSwitchTo(AllocSetContextCreate(CurrentMemoryContext, "s3store sync",
															  ALLOCSET_DEFAULT_SIZES));
	run = palloc0(sizeof(Run));
	run->context = CurrentMemoryContext;
	run->arguments = arguments;
	run->result = result;
	run->listing = start_listing(arguments);
	if (run->listing != NULL)
	{
		callback.callback = show_place;
		callback.arg = run;
		callback.previous = error_context_stack;
		error_context_stack = &callback;
		prepare(run);
		run_and_restore(run);
		tell_summary(run);
		error_context_stack = callback.previous;
	}
	MemoryContextSwitchTo(old_context);
	if (result->resume_after != NULL)
		result->resume_after = DatumGetTextPCopy(PointerGetDatum(result->resume_after));
	MemoryContextDelete(run->context);
}

/* Refuses what would fail for every object. */
static void
prepare(Run *run)
{
	S3ProgressCounts *counts;

	check_settings(run);
	dlist_init(&run->window);
	run->ahead.context = AllocSetContextCreate(run->context, "s3store sync page",
											   ALLOCSET_DEFAULT_SIZES);
	run->progress = s3_progress_start(run->arguments->options.command,
									  run->arguments->prefix_url);
	counts = s3_progress_counts(run->progress);
	counts->listed = counts->done = counts->changed = counts->skipped = counts->failed = 0;
	run->counts = counts;
	run->noticed_at = run->committed_at = GetCurrentTimestamp();
	if (run->arguments->count_first)
		counts->total = count_objects(run);
}

static int64
count_objects(Run *run)
{
	S3Listing  *listing = start_listing(run->arguments);
	int64		count = 0;

	while (s3_listing_next(listing) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		count++;
	}
	return count;
}

/* Returns NULL for "no file". */
static S3Listing *
start_listing(const S3SyncArguments *arguments)
{
	S3ListOptions options = {.max_items = -1};

	options.command = arguments->options.command;
	options.url = arguments->prefix_url;
	options.start_after = arguments->start_after;
	return s3_listing_start(&options);
}

static void
check_settings(Run *run)
{
	S3PutAnswers answers = {0};
	S3Fields	headers = {0};
	S3Call		call;

	(void) s3_call_open_bucket(&call, S3_LIST_OBJECTS_V2, run->arguments->options.command,
							   run->arguments->prefix_url);
	if (!run->arguments->options.dry_run)
		s3_settings_prevent_if_read_only(call.storage, run->arguments->options.command);
	s3_put_add_settings(call.storage, &answers, &headers);
	run->bucket = s3_slice(s3_slice_dup(call.location.bucket), call.location.bucket.len);
	run->pipeline = s3_pipeline_create(call.storage->settings.max_pool_connections);
}

/*
 * However the run ends, no object stays without its tags.  PG_TRY does not see
 * the end of the session.
 */
static void
run_and_restore(Run *run)
{
	watch_exit(run);
	PG_TRY();
	{
		run_all(run);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(run->context);
		error = CopyErrorData();
		FlushErrorState();
		restore(run);
		unwatch_exit(run);
		ReThrowError(error);
	}
	PG_END_TRY();
	unwatch_exit(run);
}

/* On top of those registered before: the first temporary table's ends the transaction. */
static void
watch_exit(Run *run)
{
	run->outer = running;
	run->forgotten.func = forget;
	run->forgotten.arg = run;
	MemoryContextRegisterResetCallback(run->context, &run->forgotten);
	before_shmem_exit(restore_at_exit, (Datum) 0);
	running = run;
}

/*
 * Only what was registered last can be cancelled, and a function of the
 * settings may have made the session's first temporary table.  What stays
 * registered then finds nothing to do.
 */
static void
unwatch_exit(Run *run)
{
	uint32		holdoff = InterruptHoldoffCount;

	forget(run);
	PG_TRY();
	{
		cancel_before_shmem_exit(restore_at_exit, (Datum) 0);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(run->context);
		FlushErrorState();
	}
	PG_END_TRY();
	InterruptHoldoffCount = holdoff;	/* an error has set it to 0 */
}

/* Also when the memory goes, with the transaction. */
static void
forget(void *arg)
{
	Run		   *run = arg;

	if (running == run)
		running = run->outer;
}

static void
restore_at_exit(int code, Datum arg)
{
	Run		   *run = running;

	if (run == NULL)
		return;
	forget(run);
	restore(run);
}

/* Never throws.  Interrupts wait, since a cancel is what may have brought us here. */
static void
restore(Run *run)
{
	uint32		holdoff = InterruptHoldoffCount;
	dlist_iter	iter;

	HOLD_INTERRUPTS();
	MemoryContextSwitchTo(run->context);
	PG_TRY();
	{
		s3_pipeline_free(run->pipeline);
		dlist_foreach(iter, &run->window)
		{
			s3_sync_object_restore(dlist_container(S3SyncObject, node, iter.cur));
		}
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(run->context);
		FlushErrorState();
		ereport(WARNING,
				(errmsg("could not give back the tags of all objects that were being copied")));
	}
	PG_END_TRY();
	InterruptHoldoffCount = holdoff;	/* an error has set it to 0 */
}

static void
run_all(Run *run)
{
	for (;;)
	{
		bool		started = fill(run);
		S3Finished	finished;

		if (s3_pipeline_next(run->pipeline, &finished))
		{
			if (finished.tag == run)
				take_page(run, &finished);
			else
			{
				take_answer(run, finished.tag, &finished);
			}
		}
		else if (!started)
			break;
		tell_progress(run);
		commit(run);
	}
	Assert(run->window_count == 0);
}

/* Starts objects; returns false when there was none to start. */
static bool
fill(Run *run)
{
	bool		started = false;

	ask_ahead(run);
	while (s3_pipeline_has_room(run->pipeline) && run->window_count < WINDOW_MAX)
	{
		const S3ListItem *item = next_item(run);

		if (item == NULL)
			break;
		CHECK_FOR_INTERRUPTS();
		start_object(run, item);
		started = true;
	}
	return started;
}

/* Returns NULL also while the next page is awaited. */
static const S3ListItem *
next_item(Run *run)
{
	const S3ListItem *item = s3_listing_next_of_page(run->listing);
	MemoryContext old_context;

	while (item == NULL && run->ahead.here)
	{
		run->ahead.asked = run->ahead.here = false;
		old_context = MemoryContextSwitchTo(run->context);
		s3_listing_take_page(run->listing, &run->ahead.call, &run->ahead.response);
		MemoryContextSwitchTo(old_context);
		MemoryContextReset(run->ahead.context);
		ask_ahead(run);
		item = s3_listing_next_of_page(run->listing);
	}
	if (item != NULL)
		run->counts->listed++;
	else if (!s3_listing_goes_on(run->listing))
		run->counts->total = run->counts->listed;
	return item;
}

static void
ask_ahead(Run *run)
{
	MemoryContext old_context;

	if (run->ahead.asked || !s3_listing_goes_on(run->listing))
		return;
	old_context = MemoryContextSwitchTo(run->ahead.context);
	s3_listing_open_page(run->listing, &run->ahead.call);
	s3_pipeline_start(run->pipeline, &run->ahead.call, run);
	run->ahead.asked = true;
	MemoryContextSwitchTo(old_context);
}

static void
take_page(Run *run, const S3Finished *finished)
{
	if (!finished->ok)
		s3_call_throw(finished->call, &finished->err);
	run->ahead.response = finished->response;
	run->ahead.here = true;
}

static void
take_answer(Run *run, S3SyncObject *object, const S3Finished *finished)
{
	MemoryContextSwitchTo(object->context);
	s3_sync_object_take(object, finished);
	go_on(run, object);
}

static void
start_object(Run *run, const S3ListItem *item)
{
	S3SyncObject *object = palloc0(sizeof(S3SyncObject));
	S3Error		err;

	object->options = &run->arguments->options;
	object->url = s3_listing_url(run->listing, item);
	object->context = AllocSetContextCreate(run->context, "s3store sync object",
											ALLOCSET_SMALL_SIZES);
	dlist_push_tail(&run->window, &object->node);
	run->window_count++;

	MemoryContextSwitchTo(object->context);
	initStringInfo(&object->key);
	appendBinaryStringInfo(&object->key, item->key.data, (int) item->key.len);
	if (item->storage_class.data != NULL &&
		s3_sync_is_archive_class(s3_slice_dup(item->storage_class)))
	{
		object->step = S3_SYNC_END;
		object->outcome = S3_SYNC_ARCHIVED;
	}
	else if (!ask_functions(object, &err))
		s3_sync_object_fail(object, &err);
	MemoryContextSwitchTo(run->context);
	go_on(run, object);
}

/*
 * What the settings' functions say of the object, before anything of it is
 * under way.  One that fails for this object is rolled back, and may do for
 * the next one.
 */
static bool
ask_functions(S3SyncObject *object, S3Error *err)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	const S3Fields none = {0};
	S3Call		call;

	if (s3_call_try_open(&call, S3_HEAD_OBJECT, object->options->command, object->url,
						 err) != S3_CALL_OPENED)
		return false;
	object->call = call;
	if (!has_functions(call.storage))
		return true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		(void) s3_put_ask(call.storage, object->url, &none, &object->answers);
		PopActiveSnapshot();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;

	if (error == NULL)
		return true;
	take_thrown(error, err);
	return false;
}

static bool
has_functions(const S3Storage *storage)
{
	const S3Settings *settings = &storage->settings;

	return *settings->content_disposition_function != '\0' ||
		*settings->content_language_function != '\0' || *settings->metadata_function != '\0';
}

static void
take_thrown(const ErrorData *error, S3Error *err)
{
	s3_error_set(err, S3_ERROR_ARGUMENT, "a function of the settings failed: %s",
				 s3_utf8_cstring(error->message, strlen(error->message)));
	if (error->detail != NULL)
		s3_error_detail(err, "%s", s3_utf8_cstring(error->detail, strlen(error->detail)));
}

/* Sends the next call of the object, or takes note of its end. */
static void
go_on(Run *run, S3SyncObject *object)
{
	MemoryContextSwitchTo(object->context);
	if (object->step != S3_SYNC_END && s3_sync_object_open(object))
	{
		s3_pipeline_start(run->pipeline, &object->call, object);
		MemoryContextSwitchTo(run->context);
		return;
	}
	finish_object(run, object);
	MemoryContextSwitchTo(run->context);
	MemoryContextDelete(object->context);
	object->context = NULL;
	move_window(run);
}

static void
finish_object(Run *run, S3SyncObject *object)
{
	S3ProgressCounts *counts = run->counts;
	S3SyncResult *result = run->result;

	run->failures_in_a_row = object->outcome == S3_SYNC_FAILED ? run->failures_in_a_row + 1 : 0;
	switch (object->outcome)
	{
		case S3_SYNC_CHANGED:
			counts->changed++;
			if (run->arguments->changed != NULL)
			{
				run->telling = true;
				run->arguments->changed(run->arguments->arg, object->url, &object->plan);
				run->telling = false;
			}
			break;
		case S3_SYNC_ARCHIVED:
			result->archived++;
			counts->skipped++;
			break;
		case S3_SYNC_MATCHES:
		case S3_SYNC_GONE:
			counts->skipped++;
			break;
		case S3_SYNC_FAILED:
			counts->failed++;
			warn_of_failure(run, object);
			break;
	}
	counts->done++;
	result->done = counts->done;
	result->changed = counts->changed;
	result->skipped = counts->skipped;
	result->failed = counts->failed;
}

static void
warn_of_failure(Run *run, const S3SyncObject *object)
{
	S3Slice		key = s3_slice(object->key.data, object->key.len);

	if (run->failures_in_a_row >= FAILURES_MAX)
		s3_error_throw_for_object(&object->err, "sync", "in", run->bucket, key);
	run->telling = true;
	if (++run->warnings <= WARNINGS_MAX)
		s3_error_warn_for_object(&object->err, "sync", "in", run->bucket, key);
	if (run->warnings == WARNINGS_MAX)
		ereport(WARNING,
				(errmsg("further objects that fail are only counted")));
	run->telling = false;
}

/* Lets go of the objects up to the first one that is still under way. */
static void
move_window(Run *run)
{
	while (!dlist_is_empty(&run->window))
	{
		S3SyncObject *object = dlist_head_element(S3SyncObject, node, &run->window);

		if (object->context != NULL)
			return;
		dlist_delete(&object->node);
		run->window_count--;
		if (run->result->resume_after != NULL)
			pfree(run->result->resume_after);
		run->result->resume_after = object->url;
		pfree(object);
	}
}

static void
tell_progress(Run *run)
{
	const S3ProgressCounts *counts = run->counts;
	StringInfoData rest;
	double		left;
	TimestampTz now;

	if (!s3_progress_show(run->progress))
		return;
	now = GetCurrentTimestamp();
	if (run->arguments->quiet || now < run->noticed_at + NOTICE_EVERY)
		return;
	run->noticed_at = now;
	initStringInfo(&rest);
	left = s3_progress_left(run->progress);
	if (left >= 0)
		appendStringInfo(&rest, ", %.0f s left for %lld", left,
						 (long long) (counts->total - counts->done));
	run->telling = true;
	ereport(NOTICE,
			(errmsg("%lld objects done: %lld changed, %lld skipped, %lld failed; %.0f a second%s",
					(long long) counts->done, (long long) counts->changed,
					(long long) counts->skipped, (long long) counts->failed,
					Max(s3_progress_rate(run->progress), 0), rest.data)));
	run->telling = false;
	pfree(rest.data);
}

static void
tell_summary(Run *run)
{
	const S3ProgressCounts *counts = run->counts;
	const char *dry = run->arguments->options.dry_run ? "would be " : "";

	s3_progress_end(run->progress);
	if (run->arguments->quiet)
		return;
	run->telling = true;
	if (run->result->archived > 0)
		ereport(NOTICE,
				(errmsg("%lld objects are archived, and were skipped",
						(long long) run->result->archived),
				 errhint("Restore them first, and copy them to another storage class.")));
	ereport(NOTICE,
			(errmsg("all %lld objects done: %lld %schanged, %lld skipped, %lld failed",
					(long long) counts->done, (long long) counts->changed, dry,
					(long long) counts->skipped, (long long) counts->failed)));
	run->telling = false;
}

/* So that a run of hours holds no snapshot, and what functions wrote is kept. */
static void
commit(Run *run)
{
	TimestampTz now;

	if (!run->arguments->may_commit)
		return;
	now = GetCurrentTimestamp();
	if (now < run->committed_at + COMMIT_EVERY)
		return;
	run->committed_at = now;
	SPI_commit();
	SPI_start_transaction();
}

/* Where to go on, for an error that ends the run. */
static void
show_place(void *arg)
{
	const Run  *run = arg;

	if (run->telling)
		return;
	if (run->result->resume_after == NULL)
		errcontext("no object was done yet");
	else
		errcontext("all objects up to \"%s\" were done; start_after goes on behind it",
				   shown_url(run->result->resume_after));
}

static const char *
shown_url(const text *url)
{
	static char shown[URL_SHOWN_MAX];
	S3Slice		utf8 = s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url));

	s3_error_copy_text(shown, sizeof(shown), utf8);
	return s3_words(shown);
}
