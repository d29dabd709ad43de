/*-------------------------------------------------------------------------
 *
 * undo.c
 *	  The requests that undo puts, by versions and uploads.
 *
 * Guarantees: a version, or an upload, is removed by its ID.  So nothing else
 * goes, whatever stands there, and however late the request is carried out.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "client/batch.h"
#include "client/listing.h"
#include "client/object_requests.h"
#include "client/pipeline.h"
#include "journal/intent_group.h"
#include "removal/undo.h"

/* What goes by its ID. */
typedef struct Removal
{
	S3GateItem *item;
	const char *upload_id;		/* NULL: a version */
	const char *version_id;
} Removal;

typedef struct Removals
{
	const char *command;
	S3Turn	   *turn;
	Removal    *items;
	Datum	   *urls;
	int			count;
	int			capacity;
} Removals;

static void collect(Removals *removals, S3GateItem *item);
static void add(Removals *removals, S3GateItem *item, const char *upload_id, const char *version_id);
static S3Call *step(S3BatchItem *many, const S3Finished *finished, void *arg);
static void emit(S3BatchItem *many, void *arg);
static void remove_version(const S3GateItem *item, const char *version, const char *command);
static bool undo_unknown_of(const S3GateItem *item, const S3Intent *intent, const char *command);
static int	unknown_requests(const S3Intent *intent);
static bool is_written_by(const S3GateItem *item, const S3Intent *intent, const S3ListItem *listed);
static bool may_be_written_by(const S3GateItem *item, const S3Intent *intent,
							  const S3ListItem *listed);
static bool may_be_others(const S3UndoPlan *plan, const S3Intent *intent);
static bool is_of_others(const S3UndoPlan *plan, S3Slice version);
static bool is_known(const S3UndoPlan *plan, S3Slice version);

void
s3_undo_known(S3GateBatch *batch, const char *command, S3Turn *turn)
{
	Removals	removals = {.command = command,.turn = turn};
	S3BatchWork work = {.step = step,.emit = emit,.arg = &removals};

	for (int i = 0; i < batch->count; i++)
		if (batch->items[i].undo != NULL && batch->items[i].fate == S3_FATE_OPEN)
			collect(&removals, &batch->items[i]);
	if (removals.count > 0)
		s3_batch_run(&work, removals.urls, palloc0(removals.count * sizeof(bool)), removals.count);
}

static void
collect(Removals *removals, S3GateItem *item)
{
	const S3UndoPlan *plan = item->undo;
	ListCell   *cell;

	foreach(cell, plan->uploads)
		add(removals, item, ((const S3Intent *) lfirst(cell))->upload_id, NULL);
	foreach(cell, plan->intents)
	{
		const S3Intent *intent = lfirst(cell);

		if (intent->upload_id[0] != '\0' && s3_intent_is_unsure(intent))
			add(removals, item, intent->upload_id, NULL);

		/*
		 * It may have been removed before, unless a row named the object
		 * then.
		 */
		if (intent->version[0] != '\0' && !plan->keeps_versions &&
			!is_of_others(plan, s3_slice_cstring(intent->version)))
			add(removals, item, NULL, intent->version);
	}
}

static void
add(Removals *removals, S3GateItem *item, const char *upload_id, const char *version_id)
{
	if (removals->count == removals->capacity)
	{
		int			capacity = Max(removals->capacity * 2, 64);
		Removal    *items = palloc_extended(capacity * sizeof(Removal), MCXT_ALLOC_HUGE);
		Datum	   *urls = palloc_extended(capacity * sizeof(Datum), MCXT_ALLOC_HUGE);

		if (removals->count > 0)
		{
			memcpy(items, removals->items, removals->count * sizeof(Removal));
			memcpy(urls, removals->urls, removals->count * sizeof(Datum));
		}
		removals->items = items;
		removals->urls = urls;
		removals->capacity = capacity;
	}
	removals->urls[removals->count] = PointerGetDatum(item->url);
	removals->items[removals->count++] = (Removal)
	{
		item, upload_id, version_id
	};
}

/* What is gone was completed or aborted as an upload, or removed as a version. */
static S3Call *
step(S3BatchItem *many, const S3Finished *finished, void *arg)
{
	Removals   *removals = arg;
	Removal    *removal = &removals->items[many->index];
	S3Call	   *call;
	S3Error		err;

	if (finished != NULL)
	{
		s3_turn_note(removals->turn, finished);
		if (!finished->ok && !s3_object_is_gone(&finished->err))
			s3_turn_fail(removal->item, &finished->err);
		return NULL;
	}
	/* Another request of the item may have failed: it gets no more of them. */
	if (removal->item->fate != S3_FATE_OPEN)
		return NULL;
	call = palloc(sizeof(S3Call));
	if (s3_call_try_open(call, removal->upload_id != NULL ? S3_ABORT_MULTIPART_UPLOAD : S3_DELETE_OBJECT,
						 removals->command, many->url, &err) != S3_CALL_OPENED)
	{
		s3_turn_fail(removal->item, &err);
		return NULL;
	}
	if (removal->upload_id != NULL)
		s3_fields_add(&call->request.query, "uploadId", removal->upload_id);
	else
		s3_fields_add(&call->request.query, "versionId", removal->version_id);
	return s3_turn_goes_on(removals->turn, call, removal->item) ? call : NULL;
}

/* The items hold the results. */
static void
emit(S3BatchItem *many, void *arg)
{
}

bool
s3_undo_unknown(const S3GateItem *item, const char *command)
{
	bool		told = true;
	ListCell   *cell;

	if (item->undo->keeps_versions)
		return true;
	foreach(cell, item->undo->intents)
	{
		const S3Intent *intent = lfirst(cell);

		if ((s3_intent_is_unsure(intent) || intent->version[0] == '\0') &&
			!undo_unknown_of(item, intent, command))
			told = false;
	}
	return told;
}

static void
remove_version(const S3GateItem *item, const char *version, const char *command)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	(void) s3_call_open(&call, S3_DELETE_OBJECT, command, S3_CALL_REQUEST, item->url);
	s3_fields_add(&call.request.query, "versionId", version);
	if (!s3_call_perform(&call, &response, &err) && !s3_object_is_gone(&err))
		s3_call_throw(&call, &err);
}

/*
 * A server lists versions from the newest to the oldest: what it lists before the
 * version that the put has found was written later.  When more of these could be
 * of the put than it has sent requests of which nobody knows what they wrote, one is
 * of another writer, and none is removed.
 */
static bool
undo_unknown_of(const S3GateItem *item, const S3Intent *intent, const char *command)
{
	S3ListOptions options = {
		.command = command,
		.url = item->url,
		.kind = S3_LIST_PAGE_VERSIONS,
		.of_object = true,
		.max_items = -1
	};
	S3Listing  *listing = s3_listing_start(&options);
	const S3ListItem *listed;
	List	   *found = NIL;
	bool		hidden = false;
	ListCell   *cell;

	while ((listed = s3_listing_next(listing)) != NULL)
	{
		if (intent->previous[0] != '\0' &&
			s3_slice_equal(listed->version_id, s3_slice_cstring(intent->previous)))
			break;
		if (!is_written_by(item, intent, listed))
		{
			hidden |= may_be_written_by(item, intent, listed);
			continue;
		}
		found = lappend(found, s3_slice_dup(listed->version_id));
	}
	if (found == NIL)
		return !hidden;
	/* Where nobody knows which version was there before, it may be older. */
	if (list_length(found) > unknown_requests(intent) || may_be_others(item->undo, intent) ||
		intent->found == S3_INTENT_FOUND_UNKNOWN ||
		(intent->found_marker && intent->previous[0] == '\0'))
		return false;
	foreach(cell, found)
		remove_version(item, lfirst(cell), command);
	return true;
}

/*
 * How many requests may have written a version whose ID is not known?  Those without
 * an answer; and one whose answer had no ID, as those to copies on Ceph.
 */
static int
unknown_requests(const S3Intent *intent)
{
	return Max(intent->unsure_count + (intent->answered && intent->version[0] == '\0'), 1);
}

/* "null" is the ID of a version that was written without versioning. */
static bool
is_written_by(const S3GateItem *item, const S3Intent *intent, const S3ListItem *listed)
{
	if (s3_slice_equal(listed->version_id, s3_slice_cstring("null")) && !item->undo->removes_name)
		return false;
	return listed->kind == S3_LIST_VERSION && intent->etag[0] != '\0' &&
		s3_slice_equal(listed->etag, s3_slice_cstring(intent->etag)) &&
		listed->size == intent->size && !is_known(item->undo, listed->version_id) &&
		!s3_slice_equal(listed->version_id, s3_slice_cstring(intent->version));
}

/* Nobody knows the ETag of what a request without an answer wrote if that is no MD5. */
static bool
may_be_written_by(const S3GateItem *item, const S3Intent *intent, const S3ListItem *listed)
{
	return item->undo->encrypted && listed->kind == S3_LIST_VERSION &&
		s3_intent_is_unsure(intent) && listed->size == intent->size &&
		!s3_slice_equal(listed->version_id, s3_slice_cstring("null")) &&
		!is_known(item->undo, listed->version_id);
}

/* Has a put that stays written the same content, as a version nobody knows? */
static bool
may_be_others(const S3UndoPlan *plan, const S3Intent *intent)
{
	ListCell   *cell;

	foreach(cell, plan->others)
	{
		const S3Intent *other = lfirst(cell);

		if (other->version[0] == '\0' &&
			(other->etag[0] == '\0' ||
			 (strcmp(other->etag, intent->etag) == 0 && other->size == intent->size)))
			return true;
	}
	return false;
}

static bool
is_of_others(const S3UndoPlan *plan, S3Slice version)
{
	ListCell   *cell;

	foreach(cell, plan->others)
		if (s3_slice_equal(version, s3_slice_cstring(((const S3Intent *) lfirst(cell))->version)))
		return true;
	return false;
}

/* Was the version written by another put? */
static bool
is_known(const S3UndoPlan *plan, S3Slice version)
{
	ListCell   *cell;

	if (is_of_others(plan, version))
		return true;
	foreach(cell, plan->intents)
		if (s3_slice_equal(version, s3_slice_cstring(((const S3Intent *) lfirst(cell))->version)))
		return true;
	return false;
}
