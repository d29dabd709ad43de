/*-------------------------------------------------------------------------
 *
 * drain.h
 *	  Carries out deletions that are due: claim, check, remove, settle.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_DRAIN_H
#define S3STORE_DRAIN_H

#include "queue/queue_txn.h"

#include "utils/timestamp.h"

/* What becomes of a deletion that was claimed. */
typedef enum S3Fate
{
	S3_FATE_OPEN,				/* not known yet: the object may go */
	S3_FATE_DELETED,			/* the object is gone */
	S3_FATE_KEPT,				/* the object stays: it is named, or newer */
	S3_FATE_CANCELLED,			/* somebody has taken it off the queue */
	S3_FATE_WAITS,				/* later; no attempt has failed */
	S3_FATE_FAILED,				/* later, or never */
	S3_FATE_REFUSED				/* never, whatever the number of attempts */
} S3Fate;

/* A deletion that was claimed; lives as long as the round. */
typedef struct S3ClaimedItem
{
	int64		id;
	TimestampTz queued_at;
	Oid			relation;		/* InvalidOid: none to ask */
	Oid			owner;
	int16		attribute;
	int			attempts;		/* that have failed before */
	bool		exclusive;
	text	   *url;
	char	   *version_id;		/* NULL: the object */

	S3Fate		fate;
	bool		is_queued;		/* still, when that was looked up */
	bool		is_checked;		/* the relation was asked */
	bool		unsure;			/* a request to delete it may be under way */
	int			wait;			/* ms, where it waits; 0: as after a failure */
	char	   *reason;			/* why it waits or has failed, or NULL */
} S3ClaimedItem;

typedef struct S3Claims
{
	int64		claim;
	S3ClaimedItem *items;
	int			count;
} S3Claims;

typedef struct S3DrainCounts
{
	int64		deleted;
	int64		kept;
	int64		failed;			/* and those that wait */
} S3DrainCounts;

/*
 * Claims at most "max" deletions that are due, carries them out and adds to
 * the counts.  Returns false when none was due.  Throws when the query is
 * cancelled, and when the queue itself fails; what was claimed is pending
 * then, for whoever comes next.
 */
extern bool s3_drain_round(S3QueueTxnKind kind, int max, S3DrainCounts *counts);

/* Sets an item's fate; "reason" is copied. */
extern void s3_drain_decide(S3ClaimedItem *item, S3Fate fate, int wait, const char *reason);

/*
 * Throws 55000 unless this database is the one that may delete: see
 * s3store.writer_token.  Needs a step.
 */
extern void s3_drain_require_writer(void);

#define S3_DRAIN_BATCH	1000	/* deletions of a round */

#endif							/* S3STORE_DRAIN_H */
