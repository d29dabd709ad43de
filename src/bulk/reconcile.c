/*-------------------------------------------------------------------------
 *
 * reconcile.c
 *	  Compares the objects below a prefix with the rows that name them.
 *
 * A merge of two inputs in the order of keys on the server: the list and the
 * rows.  It remembers nothing but its position in both.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "bulk/progress.h"
#include "bulk/reconcile.h"
#include "client/url_notice.h"

typedef struct Merge
{
	const S3ReconcileArguments *arguments;
	S3ReconcileFound found;
	void	   *arg;
	MemoryContext scratch;		/* of one difference */
	S3Progress *progress;
	S3ProgressCounts *counts;
	S3Listing  *listing;
	const S3ListItem *item;		/* the next object; NULL: no more */
	bool		item_named;		/* by a row */
	S3UrlRows  *rows;
	const S3UrlRow *row;		/* the next row; NULL: no more */
	StringInfoData last_missing;	/* the URL told last as only_in_db: its
									 * key, a NUL, and itself */
} Merge;

static S3Listing *start_listing(const S3ReconcileArguments *arguments);
static void merge(Merge *merge);
static void next_item(Merge *merge);
static void next_row(Merge *merge);
static void tell_object(Merge *merge);
static void tell_row(Merge *merge);
static void tell(Merge *merge, text *url, const S3ListItem *item);

void
s3_reconcile(const S3ReconcileArguments *arguments, S3ReconcileFound found, void *arg)
{
	Merge		state = {0};

	state.listing = start_listing(arguments);
	if (state.listing == NULL)
		return;
	s3_url_rows_check(arguments->columns, arguments->count);
	s3_url_warn_prefix(arguments->prefix_url);

	state.arguments = arguments;
	state.found = found;
	state.arg = arg;
	state.scratch = AllocSetContextCreate(CurrentMemoryContext, "s3store reconcile",
										  ALLOCSET_SMALL_SIZES);
	initStringInfo(&state.last_missing);	/* empty: unlike every row */
	state.progress = s3_progress_start(arguments->command, arguments->prefix_url);
	state.counts = &state.progress->run.counts;
	state.counts->listed = state.counts->rows_read = state.counts->found = 0;

	SPI_connect();
	state.rows = s3_url_rows_open(arguments->columns, arguments->count,
								  arguments->prefix_url, arguments->schema);
	merge(&state);
	s3_url_rows_close(state.rows);
	SPI_finish();
	s3_progress_end(state.progress);
}

/* Returns NULL for "no file". */
static S3Listing *
start_listing(const S3ReconcileArguments *arguments)
{
	S3ListOptions options = {.command = arguments->command,.must_be_sorted = true,
	.max_items = -1};

	options.url = arguments->prefix_url;
	options.connections = arguments->connections;
	return s3_listing_start(&options);
}

static void
merge(Merge *merge)
{
	next_item(merge);
	next_row(merge);
	while (merge->item != NULL || merge->row != NULL)
	{
		int			order = merge->row == NULL ? -1 : merge->item == NULL ? 1 :
			s3_slice_compare(merge->item->key, merge->row->key);

		CHECK_FOR_INTERRUPTS();
		if (order < 0)
		{
			tell_object(merge);
			next_item(merge);
		}
		else
		{
			/* More rows may name the same object. */
			merge->item_named |= order == 0;
			if (order > 0)
				tell_row(merge);
			next_row(merge);
		}
	}
}

static void
next_item(Merge *merge)
{
	merge->item = s3_listing_next(merge->listing);
	merge->item_named = false;
	merge->counts->listed += merge->item != NULL;
	(void) s3_progress_show(merge->progress);
}

static void
next_row(Merge *merge)
{
	merge->row = s3_url_rows_next(merge->rows);
	merge->counts->rows_read += merge->row != NULL;
}

/* Skips those that are too young, as if they had a row. */
static void
tell_object(Merge *merge)
{
	const S3ListItem *item = merge->item;
	MemoryContext old_context;
	text	   *url;

	if (merge->item_named || !item->has_last_modified ||
		s3_list_item_modified(item) >= merge->arguments->written_before)
		return;
	old_context = MemoryContextSwitchTo(merge->scratch);
	url = s3_listing_url(merge->listing, item);
	MemoryContextSwitchTo(old_context);
	tell(merge, url, item);
}

/* Once, however many rows have the URL. */
static void
tell_row(Merge *merge)
{
	StringInfo	last = &merge->last_missing;
	const S3UrlRow *row = merge->row;
	MemoryContext old_context;
	text	   *url;

	if (last->len == row->key.len + 1 + row->url.len &&
		memcmp(last->data, row->key.data, last->len) == 0)
		return;
	resetStringInfo(last);
	appendBinaryStringInfo(last, row->key.data, (int) (row->key.len + 1 + row->url.len));

	old_context = MemoryContextSwitchTo(merge->scratch);
	url = row->url.len > 0 ? cstring_to_text_with_len(row->url.data, (int) row->url.len) :
		s3_listing_key_url(merge->listing, row->key);
	MemoryContextSwitchTo(old_context);
	tell(merge, url, NULL);
}

static void
tell(Merge *merge, text *url, const S3ListItem *item)
{
	MemoryContext old_context = MemoryContextSwitchTo(merge->scratch);

	merge->counts->found++;
	merge->found(merge->arg, url, item);
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(merge->scratch);
}
