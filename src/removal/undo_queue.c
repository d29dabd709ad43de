/*-------------------------------------------------------------------------
 *
 * undo_queue.c
 *	  Queues the undoing of puts whose transactions did not commit.
 *
 * One row for an object, however many puts of it there are.  It goes through the
 * gate as queued deletions do, where undo_plan.c decides what is removed.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "backend/encoding.h"
#include "journal/intent_outcome.h"
#include "journal/journal.h"
#include "queue/queue.h"
#include "removal/undo_queue.h"
#include "s3/location.h"

#define QUEUED_MAX	10000		/* objects in one transaction */

static bool is_worth_compacting(const S3JournalContent *content);
static int	queue_groups(const S3JournalContent *content, bool *waits);
static bool is_to_queue(const S3IntentGroup *group, bool *waits);
static bool queue_object(const S3Intent *intent);

int
s3_undo_queue(S3QueueTxnKind kind, bool *waits)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store journal",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	const S3JournalContent *content;
	bool		foreign;
	int			queued = 0;

	*waits = false;
	/* What became of a transaction is looked up in another one. */
	s3_queue_txn_begin(kind, false);
	content = s3_journal_look(&foreign);
	if (!foreign)
		queued = queue_groups(content, waits);
	if (foreign || is_worth_compacting(content))
		s3_journal_compact();
	if (queued == 0)
		s3_journal_remove_dropped();
	s3_queue_txn_end(kind);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
	return queued;
}

/* Is half of it, or more, done? */
static bool
is_worth_compacting(const S3JournalContent *content)
{
	const bool *done = s3_intent_find_done(content);
	int			count = 0;

	for (int i = 0; i < content->count; i++)
		count += done[i];
	return count > 0 && count * 2 >= content->count;
}

static int
queue_groups(const S3JournalContent *content, bool *waits)
{
	List	   *found = NIL;
	S3IntentIndex index;
	ListCell   *cell;
	int			queued = 0;

	s3_intent_index_make(&index, content);
	for (int first = 0; first < index.count;)
	{
		S3IntentGroup group = s3_intent_index_group(&index, first);

		if (is_to_queue(&group, waits))
			found = lappend(found, unconstify(S3Intent *, group.intents[0]));
		first += group.count;
	}
	foreach(cell, found)
	{
		const S3Intent *intent = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (queued == QUEUED_MAX)
			break;
		if (s3_queue_has_kind(intent->object, S3_QUEUE_UNDO))
			continue;
		queued += queue_object(intent);
	}
	return queued;
}

static bool
is_to_queue(const S3IntentGroup *group, bool *waits)
{
	bool		undone = false;

	for (int i = 0; i < group->count; i++)
	{
		S3Outcome	outcome = s3_intent_outcome(group->intents[i]);

		*waits |= outcome == S3_OUTCOME_IN_PROGRESS;
		undone |= s3_intent_is_undone(group->intents[i], outcome) ||
			s3_intent_left_upload(group->intents[i], outcome);
	}
	return undone;
}

/*
 * Its server and object are those of the put, whatever the settings say now.
 * Returns false where the journal has no URL, which must not hold up the others.
 */
static bool
queue_object(const S3Intent *intent)
{
	S3Deletion	deletion = {.kind = S3_QUEUE_UNDO};
	S3Location	location;
	S3Error		err;

	if (!s3_location_parse(s3_slice_cstring(intent->url), &location, &err))
	{
		ereport(LOG,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a put is not undone: \"%s\" in the journal of puts is not the URL of an object",
						s3_error_text(intent->url))));
		return false;
	}
	deletion.url = s3_text_from_utf8(s3_slice_cstring(intent->url));
	deletion.identity = s3_object_identity(&location);
	deletion.identity.server = intent->server;
	deletion.identity.object = intent->object;
	deletion.next_at = GetCurrentTimestamp();
	deletion.owner = GetUserId();
	(void) s3_queue_insert(&deletion);
	return true;
}
