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
#include "base/base.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "bulk/sync.h"
#include "client/listing.h"
#include "client/url_notice.h"
#include "settings/guards.h"

#define WINDOW_MAX			2000	/* objects; the first one may take long */
#define COMMIT_EVERY		(2 * USECS_PER_SEC)

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
	MemoryContext context;
	S3Pipeline *pipeline;
	S3Listing  *listing;
	Ahead		ahead;
	dlist_head	window;			/* objects in the order of the list */
	int			window_count;
	S3SyncReport report;
	TimestampTz committed_at;
	struct Run *outer;			/* a function that a setting names may sync,
								 * too */
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
static void go_on(Run *run, S3SyncObject *object);
static void move_window(Run *run);
static void take_place(S3SyncResult *result, const S3SyncObject *object);
static void commit(Run *run);

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
	run->report.arguments = arguments;
	run->report.result = result;
	run->listing = start_listing(arguments);
	if (run->listing != NULL)
	{
		s3_url_warn_prefix(arguments->prefix_url);
		callback.callback = s3_sync_report_place;
		callback.arg = &run->report;
		callback.previous = error_context_stack;
		error_context_stack = &callback;
		prepare(run);
		run_and_restore(run);
		s3_sync_report_summary(&run->report);
		error_context_stack = callback.previous;
	}
	s3_journal_forget();
	MemoryContextSwitchTo(old_context);
	if (result->resume_after != NULL)
		result->resume_after = DatumGetTextPCopy(PointerGetDatum(result->resume_after));
	MemoryContextDelete(run->context);
}

/* Refuses what would fail for every object. */
static void
prepare(Run *run)
{
	check_settings(run);
	dlist_init(&run->window);
	run->ahead.context = AllocSetContextCreate(run->context, "s3store sync page",
											   ALLOCSET_DEFAULT_SIZES);
	s3_sync_report_start(&run->report);
	run->committed_at = GetCurrentTimestamp();
	if (run->arguments->count_first)
		run->report.counts->total = count_objects(run);
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
		s3_settings_prevent_if_read_only(call.endpoint, run->arguments->options.command);
	s3_put_add_settings(call.endpoint, &answers, &headers);
	run->report.bucket = s3_slice(s3_slice_dup(call.location.bucket), call.location.bucket.len);
	run->pipeline = s3_pipeline_create(call.endpoint->settings.max_pool_connections);
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

/*
 * Callbacks run in the reverse order of their registration: ours before those
 * that end the transaction.
 */
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
 * Only the callback that was registered last can be canceled, and a function
 * that a setting names may have registered another one, by making the
 * session's first temporary table.  Ours stays then, and does nothing.
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

/* Called as well when the run's memory context goes, with the transaction. */
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

/* Never throws.  Interrupts are held off: a cancel may be why this is called. */
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
				(errmsg("could not restore the tags of some objects whose copy was interrupted")));
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
				take_answer(run, finished.tag, &finished);
		}
		else if (!started)
			break;
		s3_sync_report_progress(&run->report);
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
		run->report.counts->listed++;
	else if (!s3_listing_goes_on(run->listing))
		run->report.counts->total = run->report.counts->listed;
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
	object->has_url = s3_listing_try_url(run->listing, item, &object->url);
	object->context = AllocSetContextCreate(run->context, "s3store sync object",
											ALLOCSET_SMALL_SIZES);
	dlist_push_tail(&run->window, &object->node);
	run->window_count++;

	MemoryContextSwitchTo(object->context);
	initStringInfo(&object->key);
	appendBinaryStringInfo(&object->key, item->key.data, (int) item->key.len);
	if (!object->has_url)
		s3_sync_object_fail_unnamed(object);
	else if (item->storage_class.data != NULL &&
			 s3_sync_is_archive_class(s3_slice_dup(item->storage_class)))
	{
		object->step = S3_SYNC_END;
		object->outcome = S3_SYNC_ARCHIVED;
	}
	else if (!s3_sync_object_ask(object, &err))
		s3_sync_object_fail(object, &err);
	MemoryContextSwitchTo(run->context);
	go_on(run, object);
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
	s3_sync_report_object(&run->report, object);
	MemoryContextSwitchTo(run->context);
	MemoryContextDelete(object->context);
	object->context = NULL;
	move_window(run);
}

/* Frees the objects before the first one that is still under way. */
static void
move_window(Run *run)
{
	S3SyncResult *result = run->report.result;

	while (!dlist_is_empty(&run->window))
	{
		S3SyncObject *object = dlist_head_element(S3SyncObject, node, &run->window);

		if (object->context != NULL)
			return;
		dlist_delete(&object->node);
		run->window_count--;
		take_place(result, object);
		pfree(object);
	}
}

/* The place to go on from is a URL; after a key that has none, it is not moved. */
static void
take_place(S3SyncResult *result, const S3SyncObject *object)
{
	if (!object->has_url)
	{
		pfree(object->url);
		return;
	}
	if (result->resume_after != NULL)
		pfree(result->resume_after);
	result->resume_after = object->url;
}

/* A run of hours must not keep a snapshot, nor lose what functions wrote. */
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
