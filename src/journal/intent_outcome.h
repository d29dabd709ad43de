/*-------------------------------------------------------------------------
 *
 * intent_outcome.h
 *	  What became of the transaction of an intent, and so of the intent.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_INTENT_OUTCOME_H
#define S3STORE_INTENT_OUTCOME_H

#include "journal/intent_record.h"

/* What became of a transaction. */
typedef enum S3Outcome
{
	S3_OUTCOME_IN_PROGRESS,		/* or prepared */
	S3_OUTCOME_COMMITTED,
	S3_OUTCOME_ABORTED,
	S3_OUTCOME_FORGOTTEN		/* older than the commit log, or there was no
								 * such transaction */
} S3Outcome;

/* Returns what became of the transaction of an intent. */
extern S3Outcome s3_intent_outcome(const S3Intent *intent);

/*
 * Returns, for each intent, whether it can be forgotten: it is settled; or its
 * transaction has committed, the commit is on disk, and no open intent is about
 * the same object.
 */
extern bool *s3_intent_find_done(const S3JournalContent *content);

#endif							/* S3STORE_INTENT_OUTCOME_H */
