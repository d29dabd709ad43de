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

#include "backend/compat.h"
#include "journal/intent_outcome.h"

static bool is_kept_for_another(const S3Intent *const *open, int count, const S3Intent *intent);

S3Outcome
s3_intent_outcome(const S3Intent *intent)
{
	FullTransactionId full = FullTransactionIdFromU64(intent->xid);
	FullTransactionId next = ReadNextFullTransactionId();
	TransactionId xid = XidFromFullTransactionId(full);
	S3Outcome	outcome;

	/*
	 * The functions below take IDs of 32 bits.  That of a transaction more
	 * than half of their range ago may mean another one by now.
	 */
	if (!TransactionIdIsNormal(xid) || !FullTransactionIdPrecedes(full, next) ||
		U64FromFullTransactionId(next) - intent->xid > MaxTransactionId / 2)
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
	bool	   *done = palloc0(content->count * sizeof(bool) + 1);
	const S3Intent **open = palloc(content->count * sizeof(S3Intent *) + 1);
	int			open_count = 0;

	for (int i = 0; i < content->count; i++)
	{
		const S3Intent *intent = &content->intents[i];

		done[i] = intent->settled || s3_intent_outcome(intent) == S3_OUTCOME_COMMITTED;
		if (!done[i])
			open[open_count++] = intent;
	}
	for (int i = 0; i < content->count; i++)
	{
		const S3Intent *intent = &content->intents[i];

		if (!done[i] || intent->settled)
			continue;
		done[i] = !is_kept_for_another(open, open_count, intent);

		/*
		 * The commit may have been asynchronous.  If a crash undid it, the
		 * intent would be needed.
		 */
		if (done[i])
			XLogFlush(TransactionIdGetCommitLSN(XidFromFullTransactionId(
																		 FullTransactionIdFromU64(intent->xid))));
	}
	pfree(open);
	return done;
}

/* While an intent is open, the sweep has to know of later puts that committed. */
static bool
is_kept_for_another(const S3Intent *const *open, int count, const S3Intent *intent)
{
	for (int i = 0; i < count; i++)
		if (s3_intent_same_object(open[i], intent))
			return true;
	return false;
}
