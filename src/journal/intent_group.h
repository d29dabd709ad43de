/*-------------------------------------------------------------------------
 *
 * intent_group.h
 *	  All intents about one object, and what they say together: what may be
 *	  undone.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_INTENT_GROUP_H
#define S3STORE_INTENT_GROUP_H

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

/* The intents about one object that are not settled, in their order. */
typedef struct S3IntentGroup
{
	const S3Intent **intents;
	int			count;
} S3IntentGroup;

/* All intents of a journal that are not settled, by object. */
typedef struct S3IntentIndex
{
	const S3Intent **intents;
	int			count;
} S3IntentIndex;

/* What the intents of an object say together. */
typedef struct S3IntentVerdict
{
	bool		runs;			/* one of their transactions runs: wait */
	bool		undoes;			/* there are puts to undo, or uploads in parts
								 * to abort */
	bool		forgotten;		/* nobody knows whether one of these has
								 * committed */
	bool		stays;			/* what stands under the name stays; versions
								 * that are known to be of puts to undo go all
								 * the same */
	bool		made;			/* one of the puts to undo has found nothing */
} S3IntentVerdict;

/* Returns the group of an object, which may be empty. */
extern S3IntentGroup s3_intent_group_of(const S3JournalContent *content, int64 object);

/* Sorts them: for whoever needs all groups. */
extern void s3_intent_index_make(S3IntentIndex *index, const S3JournalContent *content);

/* Returns the group whose first intent is at that place of the index. */
extern S3IntentGroup s3_intent_index_group(const S3IntentIndex *index, int first);

/* Is something still to come of it: its transaction runs, or it is to be undone? */
extern bool s3_intent_is_open(const S3Intent *intent, S3Outcome outcome);

/* Is it to be undone?  Where nobody knows what became of it, it counts as such. */
extern bool s3_intent_is_undone(const S3Intent *intent, S3Outcome outcome);

/*
 * Has it left an upload in parts that nobody will complete?  Asked of what is
 * never undone.
 */
extern bool s3_intent_left_upload(const S3Intent *intent, S3Outcome outcome);

/* May a request of it that had no answer be carried out yet? */
extern bool s3_intent_is_unsure(const S3Intent *intent);

/*
 * Judges a group.  What stands under the name may be removed when nothing runs,
 * "made" is set and "stays" is not, and it is one of theirs: s3_intent_wrote().
 */
extern void s3_intent_judge(const S3IntentGroup *group, S3Outcome (*outcome) (const S3Intent *intent),
							S3IntentVerdict *verdict);

/* Does an object with this ETag and size look as this put has written it? */
extern bool s3_intent_wrote(const S3Intent *intent, const char *etag, int64 size);

#endif							/* S3STORE_INTENT_GROUP_H */
