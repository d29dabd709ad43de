/*-------------------------------------------------------------------------
 *
 * undo_plan.c
 *	  What the journal of puts says about the objects of a batch: which puts
 *	  are to be undone, and which transactions must be waited for.
 *
 * Guarantees: an object is not deleted while a transaction runs that has put
 * it.  A deletion waits until puts of its object that were rolled back are
 * undone: what stands there then is not theirs, or known to be.
 *
 * A put notes its intent before it looks for queued deletions.  Their rows are
 * locked when the journal is read here.  So either its intent is seen here, or
 * the put finds a row locked, and waits for what comes out of this.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "journal/intent_outcome.h"
#include "journal/journal.h"
#include "queue/queue.h"
#include "removal/undo_plan.h"
#include "settings/settings.h"

#define PUT_WAIT_MIN	500		/* ms until an object that is being written is
								 * tried again: a tenth of the row's age, */
#define PUT_WAIT_MAX	60000	/* but no less and no more than these */
#define WAIT_MAX		(20 * 24 * 60 * 60 * 1000)	/* ms: one with a longer
													 * delay is looked at in
													 * between */
#define CLOCKS_DIFFER	2		/* s, between the machines of one server */

static void meet(S3GateItem *item, const S3IntentGroup *group, bool waits);
static void plan_deletion(S3GateItem *item, const S3IntentVerdict *verdict);
static void plan_undo(S3GateItem *item, const S3IntentGroup *group, const S3IntentVerdict *verdict);
static void collect(S3UndoPlan *plan, const S3IntentGroup *group);
static bool has_requests(const S3UndoPlan *plan);
static int	put_wait(const S3GateItem *item);
static bool is_in_upload(const S3Intent *intent);
static bool is_plain(const S3ObjectInfo *info);
static bool has_size(const S3ObjectInfo *info, int64 size);
static bool is_younger(const S3ObjectInfo *info, const S3Intent *intent);
static bool is_settled(const S3GateItem *item);

void
s3_undo_plan(S3GateBatch *batch)
{
	const S3JournalContent *content = NULL;

	for (int i = 0; i < batch->count; i++)
	{
		S3GateItem *item = &batch->items[i];
		S3IntentGroup group;
		S3IntentVerdict verdict;

		if (item->fate != S3_FATE_OPEN || item->recovers || item->version_id != NULL)
			continue;
		CHECK_FOR_INTERRUPTS();
		if (content == NULL)
			content = s3_journal_look(NULL);
		group = s3_intent_group_of(content, item->object);
		s3_intent_judge(&group, s3_intent_outcome, &verdict);
		meet(item, &group, verdict.runs || verdict.undoes);
		if (verdict.runs)
			s3_gate_decide(item, S3_FATE_WAITS, put_wait(item),
						   "a running transaction writes the object");
		else if (item->kind == S3_QUEUE_UNDO)
			plan_undo(item, &group, &verdict);
		else
			plan_deletion(item, &verdict);
	}
}

/*
 * What a put or a sync of this database has written until now is what a deletion
 * means: a put that commits later than the deletion has made it void, and other
 * puts leave what nobody wants.  So does one that is never undone, and was rolled
 * back: its intent has told all then, and is settled, lest the deletion be met anew
 * at each look.  Where nobody has looked for long, strangers may have written, too: so the
 * first time is S3_GATE_MET_WITHIN after it was queued at most.
 */
static void
meet(S3GateItem *item, const S3IntentGroup *group, bool waits)
{
	bool		first = item->met_at == 0;
	bool		again = waits || first || item->met_at == DT_NOBEGIN;
	TimestampTz now = GetCurrentTimestamp();
	StringInfoData settled;

	initStringInfo(&settled);
	for (int i = 0; i < group->count && !waits; i++)
	{
		if (s3_intent_outcome(group->intents[i]) == S3_OUTCOME_COMMITTED)
			continue;
		again = true;
		s3_intent_record_settled(&settled, group->intents[i]->id);
	}
	if (settled.len > 0)
		s3_journal_append(&settled);
	if (!again)
		return;
	item->meets = true;
	if (waits)
		item->met_at = DT_NOBEGIN;
	else
		item->met_at = first ? Min(now, item->queued_at + S3_GATE_MET_WITHIN * INT64CONST(1000)) : now;
}

static int
put_wait(const S3GateItem *item)
{
	int64		age = (GetCurrentTimestamp() - item->queued_at) / 1000;

	return (int) Min(Max(age / 10, PUT_WAIT_MIN), PUT_WAIT_MAX);
}

static void
plan_deletion(S3GateItem *item, const S3IntentVerdict *verdict)
{
	if (verdict->undoes)
		s3_gate_decide(item, S3_FATE_WAITS, put_wait(item),
					   "a put of the object that was rolled back is undone first");
	else if (item->early)
	{
		int64		wait = (item->not_before - GetCurrentTimestamp()) / 1000 + 1;

		s3_gate_decide(item, S3_FATE_WAITS, (int) Max(Min(wait, WAIT_MAX), 1), NULL);
	}
}

static void
plan_undo(S3GateItem *item, const S3IntentGroup *group, const S3IntentVerdict *verdict)
{
	S3UndoPlan *plan = palloc0(sizeof(S3UndoPlan));

	item->undo = plan;
	collect(plan, group);
	plan->removes_name = verdict->made && !verdict->stays;
	if (verdict->forgotten)
		s3_gate_decide(item, S3_FATE_REFUSED, 0,
					   "cannot tell whether the transaction that put the object has committed: its ID is too old; the object was kept");
	else if (!has_requests(plan))
		s3_undo_plan_end(item);
}

void
s3_undo_plan_end(S3GateItem *item)
{
	if (item->undo->unknown)
		s3_gate_decide(item, S3_FATE_REFUSED, 0, S3_UNDO_MAY_BE_OURS);
	else
		s3_gate_decide(item, S3_FATE_KEPT, 0, NULL);
}

bool
s3_undo_plan_has_unknown_versions(const S3UndoPlan *plan)
{
	ListCell   *cell;

	foreach(cell, plan->intents)
	{
		const S3Intent *intent = lfirst(cell);

		if (s3_intent_is_unsure(intent) || intent->version[0] == '\0')
			return true;
	}
	return false;
}

/*
 * Copies: the functions of a table's owner, which are called later, may put
 * something, and the journal that was read is kept in the memory of the session.
 */
static void
collect(S3UndoPlan *plan, const S3IntentGroup *group)
{
	for (int i = 0; i < group->count; i++)
	{
		const S3Intent *intent = group->intents[i];
		S3Outcome	outcome = s3_intent_outcome(intent);

		if (s3_intent_left_upload(intent, outcome))
			plan->uploads = lappend(plan->uploads, s3_intent_copy(intent));
		if (s3_intent_is_undone(intent, outcome))
		{
			plan->unknown |= intent->found == S3_INTENT_FOUND_UNKNOWN && intent->version[0] == '\0';
			plan->intents = lappend(plan->intents, s3_intent_copy(intent));
		}
		else if (intent->role == S3_INTENT_KEPT || intent->found != S3_INTENT_NOT_LOOKED)
			plan->others = lappend(plan->others, s3_intent_copy(intent));
	}
}

/* Is there anything to remove, or to find out?  Not of what was replaced. */
static bool
has_requests(const S3UndoPlan *plan)
{
	ListCell   *cell;

	if (plan->uploads != NIL)
		return true;
	if (plan->intents == NIL)
		return false;
	if (s3_undo_plan_looks(plan))
		return true;
	foreach(cell, plan->intents)
	{
		const S3Intent *intent = lfirst(cell);

		if (intent->version[0] != '\0' || is_in_upload(intent))
			return true;
	}
	return false;
}

static bool
is_in_upload(const S3Intent *intent)
{
	return intent->upload_id[0] != '\0' && s3_intent_is_unsure(intent);
}

bool
s3_undo_plan_looks(const S3UndoPlan *plan)
{
	return plan->removes_name || s3_undo_plan_has_unknown_versions(plan);
}

bool
s3_undo_plan_is_unsure(const S3UndoPlan *plan)
{
	ListCell   *cell;

	foreach(cell, plan->intents)
		if (s3_intent_is_unsure(lfirst(cell)))
		return true;
	return false;
}

/*
 * Where the object would not go anyway, versions of the puts to undo go all the
 * same: the row names what was there before them.
 */
void
s3_undo_plan_keep_named(S3GateBatch *batch)
{
	for (int i = 0; i < batch->count; i++)
	{
		S3GateItem *item = &batch->items[i];
		S3UndoPlan *plan = item->undo;
		bool		goes_on;

		if (plan == NULL || item->fate != S3_FATE_KEPT)
			continue;
		plan->keeps_versions = plan->removes_name;
		plan->removes_name = false;
		goes_on = plan->uploads != NIL || (!plan->keeps_versions && has_requests(plan));
		for (ListCell *cell = list_head(plan->intents); cell != NULL; cell = lnext(plan->intents, cell))
			goes_on |= is_in_upload(lfirst(cell));
		if (goes_on)
			s3_gate_decide(item, S3_FATE_OPEN, 0, NULL);
	}
}

void
s3_undo_plan_settle(S3GateBatch *batch)
{
	StringInfoData records;

	initStringInfo(&records);
	for (int i = 0; i < batch->count; i++)
	{
		const S3GateItem *item = &batch->items[i];
		ListCell   *cell;

		if (item->undo == NULL || !is_settled(item))
			continue;
		foreach(cell, item->undo->intents)
			s3_intent_record_settled(&records, ((const S3Intent *) lfirst(cell))->id);
		foreach(cell, item->undo->uploads)
			s3_intent_record_settled(&records, ((const S3Intent *) lfirst(cell))->id);
	}
	if (records.len == 0)
		return;
	s3_journal_append(&records);
	s3_journal_sync();
}

static bool
is_settled(const S3GateItem *item)
{
	return item->fate == S3_FATE_DELETED || item->fate == S3_FATE_KEPT ||
		item->fate == S3_FATE_REFUSED;
}

int
s3_undo_plan_wait(S3GateItem *item)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		grace = s3_settings_grace() * INT64CONST(1000);
	TimestampTz until = 0;
	StringInfoData records;
	ListCell   *cell;

	initStringInfo(&records);
	foreach(cell, item->undo->intents)
	{
		S3Intent   *intent = lfirst(cell);

		if (!s3_intent_is_unsure(intent))
			continue;
		if (intent->unsure_since == 0 || intent->unsure_since == S3_INTENT_NEVER_SEEN)
		{
			intent->unsure_since = now;
			if (intent->unsure_count == 0)
				intent->unsure_count = 1;	/* its session ended before it
											 * could note that */
			s3_intent_record_unsure(&records, intent);
		}
		until = Max(until, intent->unsure_since + grace);
	}
	if (records.len > 0)
		s3_journal_append(&records);
	return until <= now ? 0 : (int) Min(TimestampDifferenceMilliseconds(now, until), INT_MAX - 1) + 1;
}

bool
s3_undo_plan_wrote(const S3UndoPlan *plan, const S3ObjectInfo *info)
{
	ListCell   *cell;

	foreach(cell, plan->intents)
	{
		const S3Intent *intent = lfirst(cell);

		if (is_plain(info) && intent->version[0] == '\0' && info->etag != NULL &&
			s3_intent_wrote(intent, info->etag, info->size) && !is_younger(info, intent))
			return true;
	}
	return false;
}

/* Puts in a bucket with versioning have versions that are not "null". */
static bool
is_plain(const S3ObjectInfo *info)
{
	return info->version_id == NULL || strcmp(info->version_id, "null") == 0;
}

/* An unknown size may be any. */
static bool
has_size(const S3ObjectInfo *info, int64 size)
{
	return info->size == size || info->size == S3_SIZE_UNKNOWN || size == S3_SIZE_UNKNOWN;
}

static bool
is_younger(const S3ObjectInfo *info, const S3Intent *intent)
{
	return intent->not_after != 0 && info->has_last_modified &&
		info->last_modified > intent->not_after + CLOCKS_DIFFER;
}

/* With encryption by KMS, an ETag is not the MD5 of the content. */
bool
s3_undo_plan_may_have_written(const S3UndoPlan *plan, const S3ObjectInfo *info)
{
	ListCell   *cell;

	foreach(cell, plan->intents)
	{
		const S3Intent *intent = lfirst(cell);

		if (is_plain(info) && intent->version[0] == '\0' && has_size(info, intent->size) &&
			(intent->etag[0] == '\0' || info->etag == NULL || !intent->answered ||
			 is_younger(info, intent)))
			return true;
	}
	return false;
}
