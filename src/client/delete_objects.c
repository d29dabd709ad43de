/*-------------------------------------------------------------------------
 *
 * delete_objects.c
 *	  Deletes objects: one by its own request (DeleteObject), many by the
 *	  thousand in a request (DeleteObjects).
 *
 *	  URL -> request of its bucket -> outcome of each key
 *	   |                               |
 *	   +------> request of its own <---+
 *
 * Of many, an object has a request of its own where DeleteObjects cannot name
 * it, or left its outcome open.  It counts as deleted only when the server says
 * so by its key.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "lib/ilist.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "utils/memutils.h"

#include "backend/error_report.h"
#include "base/xml.h"
#include "client/delete_objects.h"
#include "client/object_requests.h"
#include "client/server_facts.h"
#include "client/versions.h"
#include "s3/delete_result.h"
#include "s3/retry.h"

#define KEYS_MAX		1000	/* keys of a request, S3's limit */
#define OPEN_MAX		8		/* requests that are being collected */

/* A request under way, or being collected. */
typedef struct Deletion
{
	dlist_node	node;
	MemoryContext context;		/* of this and all below */
	S3Call		call;
	StringInfoData body;
	int			count;
	int			items[KEYS_MAX];
	S3DeleteKey keys[KEYS_MAX];
} Deletion;

typedef struct Deleting
{
	S3DeleteItem *items;
	const char *command;
	int64		until;			/* no request is started later; -1: whenever */
	S3Pipeline *pipeline;
	S3Finished *finished;
	MemoryContext context;		/* of all this, but for the items' errors */
	MemoryContext error_context;	/* of those */
	dlist_head	open;			/* requests that are being collected */
	int			nopen;
	List	   *alone;			/* items to be deleted one by one */
	Bitmapset  *unknown;		/* those whose request was refused as one that
								 * the server may not know */
} Deleting;

static S3Call *step_delete(S3BatchItem *item, const S3Finished *finished, void *arg);
static void collect(Deleting *deleting, int index);
static void add_key(Deleting *deleting, int index, const S3Call *call);
static Deletion *find_open(Deleting *deleting, const S3Call *call);
static Deletion *open_deletion(Deleting *deleting, int index);
static void close_deletion(Deleting *deleting, Deletion *deletion);
static void drop_deletion(Deleting *deleting, Deletion *deletion);
static bool finish_one(Deleting *deleting);
static bool may_come(const S3Finished *finished);
static void note_answer(Deleting *deleting, Deletion *deletion);
static bool is_unknown(const S3Finished *finished);
static void note_key(Deleting *deleting, Deletion *deletion, const S3DeleteKey *key);
static void fail_key(Deleting *deleting, const Deletion *deletion, const S3DeleteKey *key,
					 const S3Error *err);
static void leave_alone(Deleting *deleting, int index);
static void leave_unknown(Deleting *deleting, int index);
static void delete_alone(Deleting *deleting);
static S3Call *step_alone(S3BatchItem *item, const S3Finished *finished, void *arg);
static void emit_alone(S3BatchItem *item, void *arg);
static void fail_item(Deleting *deleting, int index, const S3Call *call, const S3Error *err);

bool
s3_delete_object(text *url, S3DeleteArguments *arguments)
{
	S3BatchItem item;

	s3_batch_run_one(&item, url, step_delete, arguments);
	return item.state != NULL;
}

void
s3_delete_objects(S3DeleteItem *items, int count, const char *command, int64 until)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store deletions",
												  ALLOCSET_DEFAULT_SIZES);
	Deleting	deleting = {.items = items,.command = command,.until = until};
	MemoryContext old_context;
	int			connections = 0;

	for (int i = 0; i < count && connections == 0; i++)
		connections = s3_batch_connections(items[i].url);
	deleting.context = context;
	deleting.error_context = CurrentMemoryContext;
	old_context = MemoryContextSwitchTo(context);
	deleting.pipeline = s3_pipeline_create(connections == 0 ? s3_guc.max_pool_connections : connections);
	deleting.finished = palloc(sizeof(S3Finished));
	dlist_init(&deleting.open);
	for (int i = 0; i < count; i++)
		collect(&deleting, i);
	while (!dlist_is_empty(&deleting.open))
		close_deletion(&deleting, dlist_head_element(Deletion, node, &deleting.open));
	while (finish_one(&deleting))
		;
	if (deleting.alone != NIL)
		delete_alone(&deleting);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
}

/* The item's state is its call, and remains NULL where the URL names no object. */
static S3Call *
step_delete(S3BatchItem *item, const S3Finished *finished, void *arg)
{
	const S3DeleteArguments *arguments = arg;
	Jsonb	   *params = arguments->params;
	S3Call	   *call;
	bool		all_versions = false;

	if (finished != NULL)
		return finished->ok || s3_object_is_gone(&finished->err) ? NULL :
			s3_batch_fail(item, item->state, &finished->err);
	call = item->state = s3_batch_open(item, palloc(sizeof(S3Call)), S3_DELETE_OBJECT,
									   arguments->command);
	if (call == NULL)
		return NULL;
	if (params != NULL)			/* none is required */
	{
		all_versions = s3_params_take_bool(&params, "AllVersions");
		s3_params_apply(call->operation, params, &call->request);
	}
	if (all_versions)
	{
		s3_versions_delete(item->url, params, call);
		return NULL;
	}
	if (arguments->version_id != NULL)
		s3_fields_add(&call->request.query, "versionId", arguments->version_id);
	return call;
}

/* Opens an item, and decides how it is deleted. */
static void
collect(Deleting *deleting, int index)
{
	S3DeleteItem *item = &deleting->items[index];
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store deletion",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	S3Call		call = {0};
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
			add_key(deleting, index, &call);
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
}

/* Adds an item to the request of its bucket. */
static void
add_key(Deleting *deleting, int index, const S3Call *call)
{
	const char *version_id = deleting->items[index].version_id;
	Deletion   *deletion = find_open(deleting, call);
	MemoryContext old_context;
	S3DeleteKey *key;

	if (deletion == NULL)
		deletion = open_deletion(deleting, index);
	old_context = MemoryContextSwitchTo(deletion->context);
	key = &deletion->keys[deletion->count];
	memset(key, 0, sizeof(*key));
	key->number = deletion->count;
	key->key = s3_slice(pnstrdup(call->key.data, call->key.len), call->key.len);
	key->version_id = version_id == NULL ? "" : version_id;
	deletion->items[deletion->count++] = index;
	appendStringInfoString(&deletion->body, "<Object><Key>");
	s3_xml_escape(&deletion->body, key->key);
	appendStringInfoString(&deletion->body, "</Key>");
	if (version_id != NULL)
	{
		appendStringInfoString(&deletion->body, "<VersionId>");
		s3_xml_escape(&deletion->body, s3_slice_cstring(version_id));
		appendStringInfoString(&deletion->body, "</VersionId>");
	}
	appendStringInfoString(&deletion->body, "</Object>");
	MemoryContextSwitchTo(old_context);
	if (deletion->count == KEYS_MAX)
		close_deletion(deleting, deletion);
}

/* The open request of the call's bucket, or NULL. */
static Deletion *
find_open(Deleting *deleting, const S3Call *call)
{
	dlist_iter	iter;

	dlist_foreach(iter, &deleting->open)
	{
		Deletion   *deletion = dlist_container(Deletion, node, iter.cur);
		const S3Location *location = &deletion->call.location;

		if (s3_slice_equal(location->scheme, call->location.scheme) &&
			s3_slice_equal(location->bucket, call->location.bucket))
			return deletion;
	}
	return NULL;
}

/* Where too many are open, the oldest one is sent. */
static Deletion *
open_deletion(Deleting *deleting, int index)
{
	MemoryContext context;
	MemoryContext old_context;
	Deletion   *deletion;

	if (deleting->nopen == OPEN_MAX)
		close_deletion(deleting, dlist_head_element(Deletion, node, &deleting->open));
	context = AllocSetContextCreate(deleting->context, "s3store deletions",
									ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(context);
	deletion = palloc(sizeof(Deletion));
	memset(deletion, 0, offsetof(Deletion, items));
	deletion->context = context;
	(void) s3_call_open(&deletion->call, S3_DELETE_OBJECTS, deleting->command, S3_CALL_REQUEST,
						deleting->items[index].url);
	initStringInfo(&deletion->body);
	appendStringInfoString(&deletion->body,
						   "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	dlist_push_tail(&deleting->open, &deletion->node);
	deleting->nopen++;
	MemoryContextSwitchTo(old_context);
	return deletion;
}

/*
 * Sends a request that gets no more keys.  Waits for a connection first: only
 * what is under way takes memory.
 */
static void
close_deletion(Deleting *deleting, Deletion *deletion)
{
	MemoryContext old_context = MemoryContextSwitchTo(deletion->context);
	S3Request  *request = &deletion->call.request;

	dlist_delete(&deletion->node);
	deleting->nopen--;
	appendStringInfoString(&deletion->body, "</Delete>");
	request->body = s3_slice(deletion->body.data, deletion->body.len);
	s3_fields_add(&request->query, "delete", NULL);
	s3_fields_add(&request->headers, "content-type", "application/xml");
	s3_object_add_digest(request);
	deletion->call.max_body = S3_DELETE_RESULT_MAX;
	while (!s3_pipeline_has_room(deleting->pipeline))
		(void) finish_one(deleting);
	if (deleting->until < 0 || s3_http_now() < deleting->until)
		s3_pipeline_start(deleting->pipeline, &deletion->call, deletion);
	else
		drop_deletion(deleting, deletion);
	MemoryContextSwitchTo(old_context);
}

/* Leaves the deletion's memory context, which may be the current one. */
static void
drop_deletion(Deleting *deleting, Deletion *deletion)
{
	for (int i = 0; i < deletion->count; i++)
		deleting->items[deletion->items[i]].outcome = S3_DELETE_NOT_SENT;
	MemoryContextSwitchTo(deleting->context);
	MemoryContextDelete(deletion->context);
}

/* Waits for one request, and notes the outcome of its items; false: none left. */
static bool
finish_one(Deleting *deleting)
{
	Deletion   *deletion;
	MemoryContext old_context;

	if (!s3_pipeline_next(deleting->pipeline, deleting->finished))
		return false;
	deletion = deleting->finished->tag;
	for (int i = 0; i < deletion->count; i++)
		deleting->items[deletion->items[i]].unsure |= may_come(deleting->finished);
	old_context = MemoryContextSwitchTo(deletion->context);
	note_answer(deleting, deletion);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(deletion->context);
	return true;
}

/*
 * May a request still be carried out?  One that was sent twice may, and one
 * that the server, or a proxy, gave up.
 */
static bool
may_come(const S3Finished *finished)
{
	return finished->response.resent ||
		(!finished->ok && s3_retry_reason(&finished->err, true) == S3_RETRY_FAILED);
}

static void
note_answer(Deleting *deleting, Deletion *deletion)
{
	S3Finished *finished = deleting->finished;

	if (finished->ok)
		finished->ok = s3_delete_result_read(&finished->response, deletion->keys, deletion->count,
											 &finished->err);
	for (int i = 0; i < deletion->count; i++)
	{
		if (finished->ok)
			note_key(deleting, deletion, &deletion->keys[i]);
		else if (is_unknown(finished))
			leave_unknown(deleting, deletion->items[i]);
		else
			fail_key(deleting, deletion, &deletion->keys[i], &finished->err);
	}
}

/*
 * Servers that do not know DeleteObjects say so in many ways: GCS takes it for
 * the making of a bucket (400).  What is about access, about the bucket, or
 * about the moment would be no better for each object alone.
 */
static bool
is_unknown(const S3Finished *finished)
{
	const S3Error *err = &finished->err;

	if (finished->ok)
		return false;
	return err->kind == S3_ERROR_UNSUPPORTED ||
		(err->http_status >= 400 && err->http_status < 500 &&
		 err->kind != S3_ERROR_DENIED && strcmp(err->code, "NoSuchBucket") != 0 &&
		 s3_retry_reason(err, true) == S3_RETRY_NEVER);
}

/* A failure that another attempt may not meet leaves the item to be tried alone. */
static void
note_key(Deleting *deleting, Deletion *deletion, const S3DeleteKey *key)
{
	int			index = deletion->items[key->number];
	S3Error		err;

	if (key->deleted)
		deleting->items[index].outcome = S3_DELETED;
	else if (key->err == NULL)
	{
		s3_error_set(&err, S3_ERROR_PROTOCOL, "the server did not say what became of it");
		fail_key(deleting, deletion, key, &err);
	}
	else if (s3_retry_reason(key->err, true) != S3_RETRY_NEVER)
		leave_alone(deleting, index);
	else
		fail_key(deleting, deletion, key, key->err);
}

/* Reports it as the failure to delete that object. */
static void
fail_key(Deleting *deleting, const Deletion *deletion, const S3DeleteKey *key, const S3Error *err)
{
	S3Call		call = deletion->call;

	call.operation = s3_operation(S3_DELETE_OBJECT);
	call.key.data = unconstify(char *, key->key.data);
	call.key.len = (int) key->key.len;
	fail_item(deleting, deletion->items[key->number], &call, err);
}

static void
leave_alone(Deleting *deleting, int index)
{
	MemoryContext old_context = MemoryContextSwitchTo(deleting->context);

	deleting->alone = lappend_int(deleting->alone, index);
	MemoryContextSwitchTo(old_context);
}

/* Where the server has perhaps refused DeleteObjects itself. */
static void
leave_unknown(Deleting *deleting, int index)
{
	MemoryContext old_context = MemoryContextSwitchTo(deleting->context);

	leave_alone(deleting, index);
	deleting->unknown = bms_add_member(deleting->unknown, index);
	MemoryContextSwitchTo(old_context);
}

static void
delete_alone(Deleting *deleting)
{
	S3BatchWork work = {step_alone, emit_alone, deleting};
	int			count = list_length(deleting->alone);
	Datum	   *urls = MemoryContextAllocHuge(CurrentMemoryContext, count * sizeof(Datum));
	bool	   *nulls = palloc0(count * sizeof(bool));

	for (int i = 0; i < count; i++)
		urls[i] = PointerGetDatum(deleting->items[list_nth_int(deleting->alone, i)].url);
	s3_batch_run(&work, urls, nulls, count);
}

static S3Call *
step_alone(S3BatchItem *item, const S3Finished *finished, void *arg)
{
	const Deleting *deleting = arg;
	S3DeleteItem *deleted = &deleting->items[list_nth_int(deleting->alone, item->index)];
	S3DeleteArguments arguments = {deleting->command, NULL, deleted->version_id};

	if (finished != NULL)
		deleted->unsure |= may_come(finished);
	else if (deleting->until >= 0 && s3_http_now() >= deleting->until)
	{
		deleted->outcome = S3_DELETE_NOT_SENT;
		return NULL;
	}
	return step_delete(item, finished, &arguments);
}

/*
 * Only what each object alone does not meet was about DeleteObjects: that is
 * remembered.
 */
static void
emit_alone(S3BatchItem *item, void *arg)
{
	Deleting   *deleting = arg;
	const S3Call *call = item->state;
	int			index = list_nth_int(deleting->alone, item->index);

	if (item->failed)
		fail_item(deleting, index, item->failed_call, &item->err);
	else if (deleting->items[index].outcome != S3_DELETE_NOT_SENT)
	{
		deleting->items[index].outcome = S3_DELETED;
		if (call != NULL && bms_is_member(index, deleting->unknown))
			s3_server_facts_find(call->endpoint_host)->no_delete_objects = true;
	}
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
