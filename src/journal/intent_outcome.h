/*-------------------------------------------------------------------------
 *
 * intent_outcome.h
 *	  What became of the transaction of an intent, and so of the intent.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_INTENT_OUTCOME_H
#define S3STORE_INTENT_OUTCOME_H

#include "journal/intent_group.h"

/*
 * Returns what became of an intent's transaction.  An intent that is not to be
 * undone, but of which a request that had no answer may still be carried out,
 * counts as in progress until that can happen no more.
 */
extern S3Outcome s3_intent_outcome(const S3Intent *intent);

/*
 * Until the next call, a transaction that is once said to run counts as running,
 * so that all its intents are judged alike, and fast.
 */
extern void s3_intent_outcome_renew(void);

/* Brings the commit of its transaction to disk, if it has committed. */
extern void s3_intent_flush_commit(const S3Intent *intent);

/*
 * Returns, for each intent, whether it can be forgotten: it is settled, or has
 * ended and has nothing to undo, and no open intent is about the same object.
 * The commits of those that have committed are on disk then.
 */
extern bool *s3_intent_find_done(const S3JournalContent *content);

#endif							/* S3STORE_INTENT_OUTCOME_H */
