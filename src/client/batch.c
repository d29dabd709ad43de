/*-------------------------------------------------------------------------
 *
 * batch.c
 *	  The same work on many URLs, several at a time, with the results in the
 *	  order of the URLs.
 *
 * Guarantees: what one item fails with does not touch the others; memory is
 * bounded by the items under way, not by how many there are.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "backend/encoding.h"
#include "client/batch.h"

#define ITEMS_PER_CONNECTION	4	/* under way, or waiting for one before
									 * them */
#define HELD_MAX	(16 * 1024 * 1024)	/* bytes of results that wait so */

typedef struct Many
{
	const S3BatchWork *work;
	S3Pipeline *pipeline;
	S3BatchItem *items;			/* a ring: item i stands at i % size */
	int			size;
	int			first;			/* of those that are not emitted yet */
	int			next;			/* to be started */
	size_t		held;			/* bytes of results that are not emitted yet */
	MemoryContext *spare;		/* of items that were emitted, the last one on
								 * top: its memory is still in the caches */
	int			nspare;
} Many;

static bool may_start(const Many *many, int count);
static void start_item(Many *many, Datum url, bool is_null);
static void step_item(Many *many, S3BatchItem *item, const S3Finished *finished);
static void emit_done(Many *many);

void
s3_batch_run(const S3BatchWork *work, const Datum *urls, const bool *nulls, int count)
{
	int			connections = s3_batch_connections(urls, nulls, count);
	S3Finished *finished = palloc(sizeof(S3Finished));
	Many		many = {.work = work};

	many.size = Min(connections * ITEMS_PER_CONNECTION, Max(count, 1));
	many.items = palloc0(many.size * sizeof(S3BatchItem));
	many.spare = palloc(many.size * sizeof(MemoryContext));
	many.pipeline = s3_pipeline_create(connections);
	while (many.first < count)
	{
		while (may_start(&many, count))
		{
			start_item(&many, urls[many.next], nulls[many.next]);
			emit_done(&many);
		}
		if (s3_pipeline_next(many.pipeline, finished))
			step_item(&many, finished->tag, finished);
		emit_done(&many);
	}
	s3_pipeline_free(many.pipeline);
	while (many.nspare > 0)
		MemoryContextDelete(many.spare[--many.nspare]);
	pfree(many.spare);
	pfree(many.items);
	pfree(finished);
}

int
s3_batch_connections(const Datum *urls, const bool *nulls, int count)
{
	for (int i = 0; i < count; i++)
	{
		text	   *url = nulls[i] ? NULL : DatumGetTextPP(urls[i]);
		const S3Endpoint *endpoint;
		S3Location	location;
		S3Error		err;

		if (url != NULL &&
			s3_location_parse(s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url)),
							  &location, &err) &&
			(endpoint = s3_endpoint_try_find(location.scheme, &err)) != NULL)
			return endpoint->settings.max_pool_connections;
	}
	return s3_guc.max_pool_connections;
}

S3Call *
s3_batch_fail(S3BatchItem *item, const S3Call *call, const S3Error *err)
{
	item->failed = true;
	item->failed_call = call;
	item->err = *err;
	return NULL;
}

static bool
may_start(const Many *many, int count)
{
	return many->next < count && many->next - many->first < many->size &&
		s3_pipeline_has_room(many->pipeline) &&
		(many->held < HELD_MAX || many->next == many->first);
}

static void
start_item(Many *many, Datum url, bool is_null)
{
	S3BatchItem *item = &many->items[many->next % many->size];
	MemoryContext context;
	MemoryContext old_context;

	CHECK_FOR_INTERRUPTS();		/* there may be nothing to wait for */
	if (many->nspare > 0)
		context = many->spare[--many->nspare];
	else
		context = AllocSetContextCreate(CurrentMemoryContext, "s3store item",
										ALLOCSET_DEFAULT_SIZES);
	memset(item, 0, offsetof(S3BatchItem, err));
	item->context = context;
	item->index = many->next++;
	old_context = MemoryContextSwitchTo(context);
	item->url = is_null ? NULL : DatumGetTextPP(url);
	MemoryContextSwitchTo(old_context);
	step_item(many, item, NULL);
}

static void
step_item(Many *many, S3BatchItem *item, const S3Finished *finished)
{
	MemoryContext old_context = MemoryContextSwitchTo(item->context);
	S3Call	   *call = many->work->step(item, finished, many->work->arg);

	if (call != NULL)
		s3_pipeline_start(many->pipeline, call, item);
	else
	{
		item->done = true;
		many->held += item->held;
	}
	MemoryContextSwitchTo(old_context);
}

static void
emit_done(Many *many)
{
	while (many->first < many->next && many->items[many->first % many->size].done)
	{
		S3BatchItem *item = &many->items[many->first % many->size];
		MemoryContext old_context = MemoryContextSwitchTo(item->context);

		many->work->emit(item, many->work->arg);
		MemoryContextSwitchTo(old_context);
		many->held -= item->held;
		item->done = false;
		MemoryContextReset(item->context);
		many->spare[many->nspare++] = item->context;
		many->first++;
	}
}
