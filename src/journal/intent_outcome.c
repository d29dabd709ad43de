/*-------------------------------------------------------------------------
 *
 * intent_outcome.c
 *	  What became of the transaction of an intent, and so of the intent.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/clog.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "storage/lwlock.h"
#include "storage/procarray.h"
#include "utils/timestamp.h"

#include "backend/compat.h"
#include "journal/intent_outcome.h"
#include "settings/settings.h"

#define KNOWN_MAX	256			/* transactions */

/* What was looked up of a transaction. */
typedef struct Known
{
	uint64		number;
	uint64		pass;			/* in which it was; 0: it was not */
	S3Outcome	outcome;
	bool		ended;
} Known;

static Known known[KNOWN_MAX];
static uint64 pass = 1;

static S3Outcome transaction_outcome(uint64 number);
static bool may_come_yet(const S3Intent *intent, S3Outcome outcome);
static S3Outcome look_up(uint64 number);
static bool has_open(const S3IntentGroup *group);

S3Outcome
s3_intent_outcome(const S3Intent *intent)
{
	S3Outcome	outcome;

	if (intent->abandoned)
		return S3_OUTCOME_ABORTED;
	outcome = transaction_outcome(intent->xid);
	return may_come_yet(intent, outcome) ? S3_OUTCOME_IN_PROGRESS : outcome;
}

void
s3_intent_outcome_renew(void)
{
	pass++;
}

/* What has committed or aborted stays so. */
static S3Outcome
transaction_outcome(uint64 number)
{
	Known	   *last = &known[number % KNOWN_MAX];

	if (last->pass == 0 || last->number != number || (!last->ended && last->pass != pass))
	{
		last->pass = 0;			/* should this throw */
		last->number = number;
		last->outcome = look_up(number);
		last->ended = last->outcome == S3_OUTCOME_COMMITTED ||
			last->outcome == S3_OUTCOME_ABORTED;
		last->pass = pass;
	}
	return last->outcome;
}

/*
 * May a request of it that had no answer be carried out yet?  Asked of puts that
 * were sent more than once and have committed, and of a sync that has not noted
 * the end of its copy.
 */
static bool
may_come_yet(const S3Intent *intent, S3Outcome outcome)
{
	TimestampTz noted;

	if (intent->settled || (outcome != S3_OUTCOME_COMMITTED && intent->role != S3_INTENT_SYNC))
		return false;
	noted = intent->role == S3_INTENT_SYNC ? Max(intent->created, intent->unsure_noted) :
		intent->unsure_noted;
	return noted != 0 &&
		!TimestampDifferenceExceeds(noted, GetCurrentTimestamp(), s3_settings_grace());
}

void
s3_intent_flush_commit(const S3Intent *intent)
{
	TransactionId xid = XidFromFullTransactionId(FullTransactionIdFromU64(intent->xid));

	if (look_up(intent->xid) == S3_OUTCOME_COMMITTED)
		XLogFlush(TransactionIdGetCommitLSN(xid));
}

static S3Outcome
look_up(uint64 number)
{
	FullTransactionId full = FullTransactionIdFromU64(number);
	FullTransactionId next = ReadNextFullTransactionId();
	TransactionId xid = XidFromFullTransactionId(full);
	S3Outcome	outcome;

	/*
	 * The functions below take IDs of 32 bits.  That of a transaction more
	 * than half of their range ago may mean another one by now.
	 */
	if (!TransactionIdIsNormal(xid) || !FullTransactionIdPrecedes(full, next) ||
		U64FromFullTransactionId(next) - number > MaxTransactionId / 2)
		return S3_OUTCOME_FORGOTTEN;

	/* Under this lock the commit log is not truncated. */
	LWLockAcquire(XactTruncationLock, LW_SHARED);
	if (TransactionIdPrecedes(xid, OldestClogXid()))
		outcome = S3_OUTCOME_FORGOTTEN;
	else if (TransactionIdIsInProgress(xid))
		outcome = S3_OUTCOME_IN_PROGRESS;
	else if (TransactionIdDidCommit(xid))
		outcome = S3_OUTCOME_COMMITTED;
	else
		outcome = S3_OUTCOME_ABORTED;
	LWLockRelease(XactTruncationLock);
	return outcome;
}

bool *
s3_intent_find_done(const S3JournalContent *content)
{
	bool	   *done = palloc_extended(content->count + 1, MCXT_ALLOC_HUGE);
	S3IntentIndex index;

	memset(done, true, content->count);
	s3_intent_index_make(&index, content);
	for (int first = 0; first < index.count;)
	{
		S3IntentGroup group = s3_intent_index_group(&index, first);
		bool		open = has_open(&group);

		for (int i = 0; i < group.count; i++)
		{
			const S3Intent *intent = group.intents[i];

			done[intent - content->intents] = !open;

			/*
			 * The commit may have been asynchronous.  If a crash undid it,
			 * the intent would be needed.
			 */
			if (!open && s3_intent_outcome(intent) == S3_OUTCOME_COMMITTED)
				s3_intent_flush_commit(intent);
		}
		first += group.count;
	}
	return done;
}

static bool
has_open(const S3IntentGroup *group)
{
	for (int i = 0; i < group->count; i++)
		if (s3_intent_is_open(group->intents[i], s3_intent_outcome(group->intents[i])))
			return true;
	return false;
}
