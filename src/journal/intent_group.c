/*-------------------------------------------------------------------------
 *
 * intent_group.c
 *	  All intents about one object, and what they say together: what may be
 *	  undone.
 *
 * Several puts may write one name, at the same time, each in a transaction that
 * commits or does not.  What stands there in the end may be of any of them.  It
 * goes when all were rolled back, one of them has found nothing under the name,
 * and none has found anything but what another one of them wrote: then there was
 * nothing before them.  When one has committed, it stays.  A sync counts
 * neither way: what it writes was there before.
 *
 * Pure.  test/model/undo.pml shows that this suffices.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "journal/intent_group.h"
#include "s3/response.h"

static int	compare(const void *a, const void *b);
static bool is_moot(const S3Intent *intent, S3Outcome became, uint64 ended_before);
static bool found_ours(const S3IntentGroup *group, int i);

S3IntentGroup
s3_intent_group_of(const S3JournalContent *content, int64 object)
{
	S3IntentGroup group = {NULL, 0};
	const S3Intent *last = s3_intent_last_of(content, object);
	int			place = 0;

	for (const S3Intent *i = last; i != NULL; i = s3_intent_before(content, i))
		group.count += !i->settled;
	if (group.count == 0)
		return group;
	group.intents = palloc_extended(group.count * sizeof(S3Intent *), MCXT_ALLOC_HUGE);
	for (const S3Intent *i = last; i != NULL; i = s3_intent_before(content, i))
		if (!i->settled)
			group.intents[group.count - ++place] = i;
	return group;
}

void
s3_intent_index_make(S3IntentIndex *index, const S3JournalContent *content)
{
	index->count = 0;
	index->intents = palloc_extended((content->count + 1) * sizeof(S3Intent *), MCXT_ALLOC_HUGE);
	for (int i = 0; i < content->count; i++)
		if (!content->intents[i].settled)
			index->intents[index->count++] = &content->intents[i];
	qsort(index->intents, index->count, sizeof(S3Intent *), compare);
}

/* Those of one object stay in their order. */
static int
compare(const void *a, const void *b)
{
	const S3Intent *left = *(const S3Intent *const *) a;
	const S3Intent *right = *(const S3Intent *const *) b;

	if (left->object != right->object)
		return left->object < right->object ? -1 : 1;
	return (left > right) - (left < right);
}

S3IntentGroup
s3_intent_index_group(const S3IntentIndex *index, int first)
{
	S3IntentGroup group = {index->intents + first, 0};

	while (first + group.count < index->count &&
		   group.intents[group.count]->object == group.intents[0]->object)
		group.count++;
	return group;
}

bool
s3_intent_is_open(const S3Intent *intent, S3Outcome outcome)
{
	return !intent->settled &&
		(outcome == S3_OUTCOME_IN_PROGRESS || s3_intent_is_undone(intent, outcome) ||
		 s3_intent_left_upload(intent, outcome));
}

/* A put that has not looked at what stands there has sent nothing. */
bool
s3_intent_is_undone(const S3Intent *intent, S3Outcome outcome)
{
	return intent->role == S3_INTENT_PUT && intent->found != S3_INTENT_NOT_LOOKED &&
		(outcome == S3_OUTCOME_ABORTED || outcome == S3_OUTCOME_FORGOTTEN);
}

/*
 * However its transaction has ended.  After a crash, that cannot be relied on: its
 * ID may have been assigned to another one, since nothing of it was flushed before
 * the put (intent.c).  Aborting an upload that was completed does nothing.
 */
bool
s3_intent_left_upload(const S3Intent *intent, S3Outcome outcome)
{
	return intent->role != S3_INTENT_PUT && !intent->settled && !intent->answered &&
		intent->upload_id[0] != '\0' && outcome != S3_OUTCOME_IN_PROGRESS;
}

bool
s3_intent_is_unsure(const S3Intent *intent)
{
	return !intent->answered || intent->unsure_since != 0;
}

void
s3_intent_judge(const S3IntentGroup *group, S3Outcome (*outcome) (const S3Intent *intent),
				S3IntentVerdict *verdict)
{
	uint64		ended_before = 0;

	memset(verdict, 0, sizeof(*verdict));
	for (int i = 0; i < group->count; i++)
		if (group->intents[i]->found == S3_INTENT_FOUND_NOTHING)
			ended_before = Max(ended_before, group->intents[i]->oldest_xid);
	for (int i = 0; i < group->count; i++)
	{
		const S3Intent *intent = group->intents[i];
		S3Outcome	became = outcome(intent);
		bool		undone = s3_intent_is_undone(intent, became);

		verdict->runs |= became == S3_OUTCOME_IN_PROGRESS;
		verdict->undoes |= undone || s3_intent_left_upload(intent, became);
		verdict->forgotten |= undone && became == S3_OUTCOME_FORGOTTEN;
		if (intent->role == S3_INTENT_SYNC || is_moot(intent, became, ended_before))
			continue;
		verdict->stays |= intent->role == S3_INTENT_KEPT ||
			(became == S3_OUTCOME_COMMITTED && intent->found != S3_INTENT_NOT_LOOKED);
		if (intent->found == S3_INTENT_FOUND_NOTHING)
			verdict->made |= undone;
		else if (intent->found != S3_INTENT_NOT_LOOKED && !verdict->stays)
			verdict->stays = !found_ours(group, i);
	}
	verdict->stays |= verdict->forgotten;
}

/*
 * Had its transaction ended, and all its requests their answers, before another
 * one was noted, which then found nothing?  Then what it wrote was gone, and it
 * must not keep what the other one has written.
 */
static bool
is_moot(const S3Intent *intent, S3Outcome became, uint64 ended_before)
{
	/*
	 * Where it has committed, late requests are waited for before its outcome
	 * says so.
	 */
	return became != S3_OUTCOME_IN_PROGRESS && intent->xid < ended_before &&
		(became == S3_OUTCOME_COMMITTED ? intent->answered : !s3_intent_is_unsure(intent));
}

/* Was what it found written by another one?  Mostly by the one before it. */
static bool
found_ours(const S3IntentGroup *group, int i)
{
	const S3Intent *intent = group->intents[i];

	if (intent->found != S3_INTENT_FOUND_OBJECT)
		return false;
	for (int j = i - 1; j >= 0; j--)
		if (s3_intent_wrote(group->intents[j], intent->found_etag, intent->found_size))
			return true;
	for (int j = i + 1; j < group->count; j++)
		if (s3_intent_wrote(group->intents[j], intent->found_etag, intent->found_size))
			return true;
	return false;
}

bool
s3_intent_wrote(const S3Intent *intent, const char *etag, int64 size)
{
	return intent->role == S3_INTENT_PUT && intent->found != S3_INTENT_NOT_LOOKED &&
		intent->etag[0] != '\0' && strcmp(intent->etag, etag) == 0 &&
		(intent->size == size || size == S3_SIZE_UNKNOWN);
}
