/*-------------------------------------------------------------------------
 *
 * delete_objects.c
 *	  Deletes many objects, by the thousand in a request (DeleteObjects).
 *
 *	  URL -> batch of its bucket -> request -> outcome of each key
 *	   |                              |
 *	   +---- alone, where a batch cannot have it, or did not settle it
 *
 * An object counts as gone only when the server says so by its key.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "backend/error_report.h"
#include "base/xml.h"
#include "client/batch.h"
#include "client/delete_objects.h"
#include "client/object_requests.h"
#include "client/pipeline.h"
#include "client/server_facts.h"
#include "s3/delete_result.h"
#include "s3/retry.h"

#define BATCH_MAX		1000	/* keys of a request, S3's limit */
#define OPEN_BATCHES_MAX	8	/* buckets that are collected at a time */

/* One request under way, or being collected. */
typedef struct Batch
{
	dlist_node	node;
	MemoryContext context;		/* of this and all below */
	S3Call		call;
	StringInfoData body;
	bool		single;			/* one object, by DeleteObject */
	int			count;
	int			items[BATCH_MAX];
	S3DeleteKey keys[BATCH_MAX];
} Batch;

typedef struct Deleting
{
	S3DeleteItem *items;
	const char *command;
	S3Pipeline *pipeline;
	S3Finished *finished;
	MemoryContext context;		/* of all this, but for the items' errors */
	MemoryContext error_context;	/* of those */
	dlist_head	open;			/* batches that are being collected */
	int			nopen;
	int		   *alone;			/* items to be deleted one by one */
	int			nalone;
	int			alone_size;
} Deleting;

static void collect(Deleting *deleting, int index);
static Batch *batch_for(Deleting *deleting, const S3Call *call);
static Batch *new_batch(Deleting *deleting, int index);
static void add_to_batch(Batch *batch, int index, const S3Call *call, const char *version_id);
static void close_batch(Deleting *deleting, Batch *batch);
static void start_batch(Deleting *deleting, Batch *batch);
static void start_single(Deleting *deleting, int index);
static void start_call(Deleting *deleting, Batch *batch);
static bool finish_one(Deleting *deleting);
static void note_batch(Deleting *deleting, Batch *batch);
static bool is_unknown(const S3Finished *finished);
static void note_key(Deleting *deleting, Batch *batch, const S3DeleteKey *key);
static void fail_key(Deleting *deleting, const Batch *batch, const S3DeleteKey *key,
					 const S3Error *err);
static void note_single(Deleting *deleting, Batch *batch);
static void leave_alone(Deleting *deleting, int index);
static void fail_item(Deleting *deleting, int index, const S3Call *call, const S3Error *err);

void
s3_delete_objects(S3DeleteItem *items, int count, const char *command)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store deletions",
												  ALLOCSET_DEFAULT_SIZES);
	Deleting	deleting = {.items = items,.command = command};
	MemoryContext old_context;
	Datum	   *urls = MemoryContextAllocHuge(context, Max(count, 1) * sizeof(Datum));
	bool	   *nulls = MemoryContextAllocHuge(context, Max(count, 1) * sizeof(bool));

	for (int i = 0; i < count; i++)
	{
		urls[i] = PointerGetDatum(items[i].url);
		nulls[i] = items[i].url == NULL;
	}
	deleting.context = context;
	deleting.error_context = CurrentMemoryContext;
	old_context = MemoryContextSwitchTo(context);
	deleting.pipeline = s3_pipeline_create(s3_batch_connections(urls, nulls, count));
	deleting.finished = palloc(sizeof(S3Finished));
	dlist_init(&deleting.open);
	for (int i = 0; i < count; i++)
		collect(&deleting, i);
	while (!dlist_is_empty(&deleting.open))
		close_batch(&deleting, dlist_container(Batch, node, dlist_head_node(&deleting.open)));

	/* A batch that comes to its end may leave more of them. */
	do
	{
		while (deleting.nalone > 0)
			start_single(&deleting, deleting.alone[--deleting.nalone]);
	} while (finish_one(&deleting) || deleting.nalone > 0);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
}

/* Puts an item into the batch of its bucket, or among those to be deleted alone. */
static void
collect(Deleting *deleting, int index)
{
	S3DeleteItem *item = &deleting->items[index];
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store deletion",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	S3Call		call = {0};
	Batch	   *batch;
	S3CallOpened opened = S3_CALL_NO_FILE;
	S3Error		err;

	CHECK_FOR_INTERRUPTS();
	item->outcome = S3_DELETE_NO_FILE;
	item->unsure = false;
	if (item->url != NULL)
		opened = s3_call_try_open(&call, S3_DELETE_OBJECT, deleting->command, item->url, &err);
	if (opened == S3_CALL_FAILED)
		fail_item(deleting, index, NULL, &err);
	else if (opened == S3_CALL_OPENED)
	{
		if (s3_server_facts_find(call.endpoint_host)->no_delete_objects ||
			!s3_xml_may_hold(s3_slice(call.key.data, call.key.len)))
			leave_alone(deleting, index);
		else
		{
			batch = batch_for(deleting, &call);
			if (batch == NULL)
				batch = new_batch(deleting, index);
			add_to_batch(batch, index, &call, item->version_id);
			if (batch->count == BATCH_MAX)
				close_batch(deleting, batch);
		}
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
}

/* The open batch of the call's bucket, or NULL. */
static Batch *
batch_for(Deleting *deleting, const S3Call *call)
{
	dlist_iter	iter;

	dlist_foreach(iter, &deleting->open)
	{
		Batch	   *batch = dlist_container(Batch, node, iter.cur);
		const S3Location *location = &batch->call.location;

		if (s3_slice_equal(location->scheme, call->location.scheme) &&
			s3_slice_equal(location->bucket, call->location.bucket))
			return batch;
	}
	return NULL;
}

/* Of too many, the oldest one goes. */
static Batch *
new_batch(Deleting *deleting, int index)
{
	MemoryContext context;
	MemoryContext old_context;
	Batch	   *batch;

	if (deleting->nopen == OPEN_BATCHES_MAX)
		close_batch(deleting, dlist_container(Batch, node, dlist_head_node(&deleting->open)));
	context = AllocSetContextCreate(deleting->context, "s3store batch",
									ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(context);
	batch = palloc(sizeof(Batch));
	memset(batch, 0, offsetof(Batch, items));
	batch->context = context;
	(void) s3_call_open(&batch->call, S3_DELETE_OBJECTS, deleting->command, S3_CALL_REQUEST,
						deleting->items[index].url);
	initStringInfo(&batch->body);
	appendStringInfoString(&batch->body,
						   "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	dlist_push_tail(&deleting->open, &batch->node);
	deleting->nopen++;
	MemoryContextSwitchTo(old_context);
	return batch;
}

static void
add_to_batch(Batch *batch, int index, const S3Call *call, const char *version_id)
{
	S3DeleteKey *key = &batch->keys[batch->count];
	MemoryContext old_context = MemoryContextSwitchTo(batch->context);

	memset(key, 0, sizeof(*key));
	key->number = batch->count;
	key->key = s3_slice(pnstrdup(call->key.data, call->key.len), call->key.len);
	key->version_id = version_id == NULL ? "" : version_id;
	batch->items[batch->count++] = index;
	appendStringInfoString(&batch->body, "<Object><Key>");
	s3_xml_escape(&batch->body, key->key);
	appendStringInfoString(&batch->body, "</Key>");
	if (version_id != NULL)
	{
		appendStringInfoString(&batch->body, "<VersionId>");
		s3_xml_escape(&batch->body, s3_slice_cstring(version_id));
		appendStringInfoString(&batch->body, "</VersionId>");
	}
	appendStringInfoString(&batch->body, "</Object>");
	MemoryContextSwitchTo(old_context);
}

/* Nothing more goes into the batch: it is sent. */
static void
close_batch(Deleting *deleting, Batch *batch)
{
	dlist_delete(&batch->node);
	deleting->nopen--;
	start_batch(deleting, batch);
}

static void
start_batch(Deleting *deleting, Batch *batch)
{
	MemoryContext old_context = MemoryContextSwitchTo(batch->context);
	S3Request  *request = &batch->call.request;

	appendStringInfoString(&batch->body, "</Delete>");
	request->body = s3_slice(batch->body.data, batch->body.len);
	s3_fields_add(&request->query, "delete", NULL);
	s3_fields_add(&request->headers, "content-type", "application/xml");
	s3_object_add_digest(request);
	batch->call.max_body = S3_DELETE_RESULT_MAX;
	start_call(deleting, batch);
	MemoryContextSwitchTo(old_context);
}

static void
start_single(Deleting *deleting, int index)
{
	S3DeleteItem *item = &deleting->items[index];
	MemoryContext context = AllocSetContextCreate(deleting->context, "s3store deletion",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	Batch	   *batch = palloc0(offsetof(Batch, keys));
	S3Error		err;

	batch->context = context;
	batch->single = true;
	batch->count = 1;
	batch->items[0] = index;
	if (s3_call_try_open(&batch->call, S3_DELETE_OBJECT, deleting->command, item->url,
						 &err) == S3_CALL_OPENED)
	{
		if (item->version_id != NULL)
			s3_fields_add(&batch->call.request.query, "versionId", item->version_id);
		start_call(deleting, batch);
		MemoryContextSwitchTo(old_context);
		return;
	}
	fail_item(deleting, index, NULL, &err);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
}

/* Waits for a connection first, so that no more is held than is under way. */
static void
start_call(Deleting *deleting, Batch *batch)
{
	while (!s3_pipeline_has_room(deleting->pipeline))
		(void) finish_one(deleting);
	s3_pipeline_start(deleting->pipeline, &batch->call, batch);
}

/* Waits for one request, and notes what became of its items; false: none left. */
static bool
finish_one(Deleting *deleting)
{
	Batch	   *batch;
	MemoryContext old_context;

	if (!s3_pipeline_next(deleting->pipeline, deleting->finished))
		return false;
	batch = deleting->finished->tag;
	for (int i = 0; i < batch->count; i++)
		deleting->items[batch->items[i]].unsure |= deleting->finished->response.resent;
	old_context = MemoryContextSwitchTo(batch->context);
	if (batch->single)
		note_single(deleting, batch);
	else
		note_batch(deleting, batch);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(batch->context);
	return true;
}

static void
note_batch(Deleting *deleting, Batch *batch)
{
	S3Finished *finished = deleting->finished;

	if (is_unknown(finished))
		s3_server_facts_find(batch->call.endpoint_host)->no_delete_objects = true;
	if (finished->ok)
		finished->ok = s3_delete_result_read(&finished->response, batch->keys, batch->count,
											 &finished->err);
	for (int i = 0; i < batch->count; i++)
	{
		if (finished->ok)
			note_key(deleting, batch, &batch->keys[i]);
		else if (is_unknown(finished))
			leave_alone(deleting, batch->items[i]);
		else
			fail_key(deleting, batch, &batch->keys[i], &finished->err);
	}
}

static bool
is_unknown(const S3Finished *finished)
{
	return !finished->ok && finished->err.kind == S3_ERROR_UNSUPPORTED;
}

/* What may succeed when it is asked for again is, alone. */
static void
note_key(Deleting *deleting, Batch *batch, const S3DeleteKey *key)
{
	int			index = batch->items[key->number];
	S3Error		err;

	if (key->deleted)
		deleting->items[index].outcome = S3_DELETED;
	else if (key->err == NULL)
	{
		s3_error_set(&err, S3_ERROR_PROTOCOL, "the server did not say what became of it");
		fail_key(deleting, batch, key, &err);
	}
	else if (s3_retry_reason(key->err, true) != S3_RETRY_NEVER)
		leave_alone(deleting, index);
	else
		fail_key(deleting, batch, key, key->err);
}

/* Fails in the words of a deletion of that object alone. */
static void
fail_key(Deleting *deleting, const Batch *batch, const S3DeleteKey *key, const S3Error *err)
{
	S3Call		call = batch->call;

	call.operation = s3_operation(S3_DELETE_OBJECT);
	call.key.data = unconstify(char *, key->key.data);
	call.key.len = (int) key->key.len;
	fail_item(deleting, batch->items[key->number], &call, err);
}

static void
note_single(Deleting *deleting, Batch *batch)
{
	const S3Finished *finished = deleting->finished;
	S3DeleteItem *item = &deleting->items[batch->items[0]];

	if (finished->ok || s3_object_is_gone(&finished->err))
		item->outcome = S3_DELETED;
	else
		fail_item(deleting, batch->items[0], &batch->call, &finished->err);
}

static void
leave_alone(Deleting *deleting, int index)
{
	if (deleting->nalone == deleting->alone_size)
	{
		deleting->alone_size = Max(deleting->alone_size * 2, BATCH_MAX);
		if (deleting->alone == NULL)
			deleting->alone = MemoryContextAllocHuge(deleting->context,
													 deleting->alone_size * sizeof(int));
		else
			deleting->alone = repalloc_huge(deleting->alone,
											deleting->alone_size * sizeof(int));
	}
	deleting->alone[deleting->nalone++] = index;
}

static void
fail_item(Deleting *deleting, int index, const S3Call *call, const S3Error *err)
{
	S3DeleteItem *item = &deleting->items[index];
	MemoryContext old_context;
	char	   *message = s3_call_error_message(call, err);

	old_context = MemoryContextSwitchTo(deleting->error_context);
	item->outcome = s3_retry_reason(err, true) == S3_RETRY_THROTTLED ?
		S3_DELETE_THROTTLED : S3_DELETE_FAILED;
	item->error = pstrdup(message);
	strlcpy(item->sqlstate, s3_error_sqlstate(err), sizeof(item->sqlstate));
	MemoryContextSwitchTo(old_context);
}
