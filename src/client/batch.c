/*-------------------------------------------------------------------------
 *
 * batch.c
 *	  The same work on many URLs, several at a time, with the results in the
 *	  order of the URLs.
 *
 * Guarantees: the failure of one item does not affect the others; memory is
 * bounded by the items under way, not by how many there are.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "backend/encoding.h"
#include "client/batch.h"

#define ITEMS_PER_CONNECTION	4	/* under way, or done and not emitted */
#define ITEMS_WITH_FLUSH		128 /* the same where items are parked */
#define RESULTS_MAX	(16 * 1024 * 1024)	/* bytes of results not emitted */

typedef struct Batch
{
	const S3BatchWork *work;
	S3Pipeline *pipeline;
	S3BatchItem *items;			/* a ring: item i is at i % size */
	int			size;
	int			first;			/* item that is not emitted yet */
	int			next;			/* item to be started */
	int			parked;			/* items */
	int			ready;
	size_t		result_size;	/* bytes of results that are not emitted yet */
	MemoryContext *spare;		/* of items that were emitted, the last one on
								 * top: its memory is still in the caches */
	int			nspare;
} Batch;

static bool step_ready(Batch *batch);
static bool may_start(const Batch *batch, int count);
static void start_item(Batch *batch, Datum url, bool is_null);
static void step_item(Batch *batch, S3BatchItem *item, const S3Finished *finished);
static void flush(Batch *batch);
static void emit_done(Batch *batch);

void
s3_batch_run(const S3BatchWork *work, const Datum *urls, const bool *nulls, int count)
{
	int			connections = 0;
	S3Finished *finished = palloc(sizeof(S3Finished));
	Batch		batch = {.work = work};

	for (int i = 0; i < count && connections == 0; i++)
		connections = s3_batch_connections(nulls[i] ? NULL : DatumGetTextPP(urls[i]));
	if (connections == 0)
		connections = s3_guc.max_pool_connections;
	batch.size = Min(work->flush != NULL ? ITEMS_WITH_FLUSH : connections * ITEMS_PER_CONNECTION,
					 Max(count, 1));
	batch.items = palloc0(batch.size * sizeof(S3BatchItem));
	batch.spare = palloc(batch.size * sizeof(MemoryContext));
	batch.pipeline = s3_pipeline_create(connections);
	while (batch.first < count)
	{
		while (step_ready(&batch))
			;
		while (may_start(&batch, count))
		{
			start_item(&batch, urls[batch.next], nulls[batch.next]);
			emit_done(&batch);
		}
		if (batch.parked * 2 >= batch.size)
			flush(&batch);
		else if (s3_pipeline_next(batch.pipeline, finished))
			step_item(&batch, finished->tag, finished);
		else if (batch.parked > 0)
			flush(&batch);
		emit_done(&batch);
	}
	s3_pipeline_free(batch.pipeline);
	while (batch.nspare > 0)
		MemoryContextDelete(batch.spare[--batch.nspare]);
	pfree(batch.spare);
	pfree(batch.items);
	pfree(finished);
}

void
s3_batch_run_one(S3BatchItem *item, text *url, S3BatchStep step, void *arg)
{
	S3Finished	finished;
	S3Call	   *call;

	memset(item, 0, offsetof(S3BatchItem, err));
	item->url = url;
	item->context = CurrentMemoryContext;
	call = step(item, NULL, arg);
	while (call != NULL)
	{
		finished.call = call;
		finished.ok = s3_call_perform(call, &finished.response, &finished.err);
		call = step(item, &finished, arg);
	}
	if (item->failed)
		s3_call_throw(item->failed_call, &item->err);
}

int
s3_batch_connections(text *url)
{
	S3Location	location;
	S3Error		err;
	const S3Endpoint *endpoint;

	if (url == NULL ||
		!s3_location_parse(s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url)),
						   &location, &err) ||
		(endpoint = s3_endpoint_try_find(location.scheme, &err)) == NULL)
		return 0;
	return endpoint->settings.max_pool_connections;
}

S3Call *
s3_batch_open(S3BatchItem *item, S3Call *call, S3OperationId operation, const char *command)
{
	S3CallOpened opened = S3_CALL_NO_FILE;
	S3Error		err;

	if (item->url != NULL)
		opened = s3_call_try_open(call, operation, command, item->url, &err);
	if (opened == S3_CALL_FAILED)
		return s3_batch_fail(item, NULL, &err);
	return opened == S3_CALL_OPENED ? call : NULL;
}

S3Call *
s3_batch_fail(S3BatchItem *item, const S3Call *call, const S3Error *err)
{
	item->failed = true;
	item->failed_call = call;
	item->err = *err;
	return NULL;
}

/* Steps the first of those that wait to go on, where there is room for its call. */
static bool
step_ready(Batch *batch)
{
	if (batch->ready == 0 || !s3_pipeline_has_room(batch->pipeline))
		return false;
	for (int i = batch->first; i < batch->next; i++)
	{
		S3BatchItem *item = &batch->items[i % batch->size];

		if (!item->ready)
			continue;
		item->ready = false;
		batch->ready--;
		step_item(batch, item, NULL);
		return true;
	}
	return false;
}

static bool
may_start(const Batch *batch, int count)
{
	return batch->next < count && batch->next - batch->first < batch->size &&
		s3_pipeline_has_room(batch->pipeline) &&
		(batch->result_size < RESULTS_MAX || batch->next == batch->first);
}

static void
start_item(Batch *batch, Datum url, bool is_null)
{
	S3BatchItem *item = &batch->items[batch->next % batch->size];
	MemoryContext context;
	MemoryContext old_context;

	CHECK_FOR_INTERRUPTS();		/* there may be nothing to wait for */
	if (batch->nspare > 0)
		context = batch->spare[--batch->nspare];
	else
		context = AllocSetContextCreate(CurrentMemoryContext, "s3store item",
										ALLOCSET_DEFAULT_SIZES);
	memset(item, 0, offsetof(S3BatchItem, err));
	item->context = context;
	item->index = batch->next++;
	old_context = MemoryContextSwitchTo(context);
	item->url = is_null ? NULL : DatumGetTextPP(url);
	MemoryContextSwitchTo(old_context);
	step_item(batch, item, NULL);
}

static void
step_item(Batch *batch, S3BatchItem *item, const S3Finished *finished)
{
	MemoryContext old_context = MemoryContextSwitchTo(item->context);
	S3Call	   *call = batch->work->step(item, finished, batch->work->arg);

	if (call != NULL)
		s3_pipeline_start(batch->pipeline, call, item);
	else if (item->parked)
		batch->parked++;
	else
	{
		item->done = true;
		batch->result_size += item->result_size;
	}
	MemoryContextSwitchTo(old_context);
}

static void
flush(Batch *batch)
{
	batch->work->flush(batch->work->arg);
	for (int i = batch->first; i < batch->next; i++)
	{
		S3BatchItem *item = &batch->items[i % batch->size];

		item->ready |= item->parked;
		item->parked = false;
	}
	batch->ready += batch->parked;
	batch->parked = 0;
}

static void
emit_done(Batch *batch)
{
	while (batch->first < batch->next && batch->items[batch->first % batch->size].done)
	{
		S3BatchItem *item = &batch->items[batch->first % batch->size];
		MemoryContext old_context = MemoryContextSwitchTo(item->context);

		batch->work->emit(item, batch->work->arg);
		MemoryContextSwitchTo(old_context);
		batch->result_size -= item->result_size;
		item->done = false;
		MemoryContextReset(item->context);
		batch->spare[batch->nspare++] = item->context;
		batch->first++;
	}
}
