/*-------------------------------------------------------------------------
 *
 * claims.h
 *	  Rows of the queue that this session has claimed, and what becomes of
 *	  each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CLAIMS_H
#define S3STORE_CLAIMS_H

#include "base/base.h"

#include "utils/timestamp.h"

/* What becomes of a claimed deletion. */
typedef enum S3Fate
{
	S3_FATE_OPEN,				/* undecided; if it stays so, the object is
								 * deleted */
	S3_FATE_DELETED,			/* the object is gone */
	S3_FATE_KEPT,				/* the object stays: a row names it, or it was
								 * written later */
	S3_FATE_CANCELLED,			/* another session has deleted the queue row */
	S3_FATE_WAITS,				/* tried later; this does not count as a
								 * failed attempt */
	S3_FATE_FAILED,				/* tried later, or dead after too many
								 * attempts */
	S3_FATE_REFUSED				/* dead at once */
} S3Fate;

/* A claimed deletion. */
typedef struct S3ClaimedItem
{
	int64		id;
	TimestampTz queued_at;
	Oid			relation;		/* to ask for rows; InvalidOid: none */
	Oid			owner;
	int16		attribute;
	int			attempts;		/* that have failed before */
	bool		exclusive;
	text	   *url;
	char	   *version_id;		/* NULL: the object */

	S3Fate		fate;
	bool		is_queued;		/* the row was still there when checked */
	bool		is_checked;		/* the relation was asked */
	bool		unsure;			/* a DELETE request may still be executed */
	int			wait;			/* ms until the next attempt; 0: as after a
								 * failure */
	char	   *reason;			/* why it waits or has failed, or NULL */
} S3ClaimedItem;

typedef struct S3Claims
{
	int64		claim;			/* the number that the rows are marked with */
	S3ClaimedItem *items;
	int			count;
} S3Claims;

/*
 * Claims at most "max" deletions that are due.  Needs a durable transaction of
 * queue_txn.h; the claim's lock is the session's, and the caller releases it
 * by s3_writer_lock_claim_end() after the rows are settled.
 */
extern void s3_claims_take(S3Claims *claims, int max);

/* Sets an item's fate; "reason" is copied. */
extern void s3_claims_decide(S3ClaimedItem *item, S3Fate fate, int wait, const char *reason);

/* Marks as cancelled the open items whose queue rows other sessions have deleted. */
extern void s3_claims_find_cancelled(S3Claims *claims);

/*
 * Deletes the queue rows of items that are done, and sets when the others are
 * due again.  Needs a transaction of queue_txn.h.
 */
extern void s3_claims_settle(const S3Claims *claims);

#endif							/* S3STORE_CLAIMS_H */
