/*-------------------------------------------------------------------------
 *
 * gate.h
 *	  A batch of queued deletions on its way through the gate, and the rows of
 *	  the queue that it is made of.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_GATE_H
#define S3STORE_GATE_H

#include "removal/table_writers.h"
#include "s3/location.h"
#include "storage/itemptr.h"
#include "utils/timestamp.h"

/* What becomes of a deletion. */
typedef enum S3Fate
{
	S3_FATE_OPEN,				/* undecided: if it stays so, the object goes */
	S3_FATE_DELETED,			/* the object is gone */
	S3_FATE_KEPT,				/* the object stays, and the deletion is done */
	S3_FATE_BLOCKED,			/* nothing is written: looked at again soon */
	S3_FATE_WAITS,				/* tried later; this is no failed attempt */
	S3_FATE_FAILED,				/* tried later, or dead after too many
								 * attempts */
	S3_FATE_REFUSED				/* dead at once */
} S3Fate;

/* ms after it was queued, at which a deletion that nobody has looked at counts as met */
#define S3_GATE_MET_WITHIN	Max(s3_guc_delete_grace, 60 * 1000)

/* A queued deletion. */
typedef struct S3GateItem
{
	int64		id;
	ItemPointerData tid;		/* of its row, as far as we know */
	TimestampTz queued_at;
	TimestampTz not_before;		/* when it is due, of one with a delay; 0: at
								 * once */
	bool		early;			/* it was not due yet when it was looked at:
								 * only its met_at is set */
	TimestampTz met_at;			/* what is written later is a stranger's; 0:
								 * nobody has looked; DT_NOBEGIN: to be set
								 * again, since we have written there */
	bool		meets;			/* "met_at" has changed */
	TimestampTz unsure_until;	/* 0: no request was left without an answer */
	Oid			relation;		/* whose row named the object; InvalidOid:
								 * none */
	Oid			owner;			/* who deletes: the relation's owner, if any */
	int64		server;			/* as it was known when the row was queued */
	int			attempts;		/* that have failed before */
	text	   *url;
	char	   *version_id;		/* NULL: the object */
	char		kind;			/* S3_QUEUE_DELETION, ... */
	int64		object;			/* as it was known when the row was queued */
	char	   *etag;			/* of the content that is meant; NULL: what
								 * was there when it was committed */
	struct S3UndoPlan *undo;	/* of an S3_QUEUE_UNDO, once the journal was
								 * read; else NULL */
	bool		recovers;		/* a request may have been sent: is it gone? */
	S3Location	location;		/* the URL, in UTF-8 */
	List	   *urls;			/* char *, UTF-8: all that may name the object */

	S3Fate		fate;
	bool		unsure;			/* a DELETE request may still be carried out */
	int			wait;			/* ms until the next attempt; 0: as after a
								 * failure */
	char	   *reason;			/* why it waits or has failed, or NULL */
} S3GateItem;

/* Deletions of one server.  Lives in the memory context it was read in. */
typedef struct S3GateBatch
{
	int64		server;
	S3GateItem *items;
	int			count;
	S3OpenTransactions open;	/* when it was committed that they are deleted */
} S3GateBatch;

/* Sets an item's fate; "reason" is copied. */
extern void s3_gate_decide(S3GateItem *item, S3Fate fate, int wait, const char *reason);

/*
 * Returns the servers that have deletions which are due, in no particular
 * order, and how many.  These functions need a transaction of queue_txn.h.
 */
extern int64 *s3_gate_servers(int *count);

/* When something is to be done next; DT_NOEND - 1: nothing is queued. */
extern TimestampTz s3_gate_due(void);

/* Reads at most "max" deletions that are due; writes nothing. */
extern void s3_gate_look(S3GateBatch *batch, int64 server, int max);

/* Reads an item's URL, and finds the others that name the same object. */
extern void s3_gate_read_url(S3GateItem *item);

/*
 * Locks the rows of the open items.  What is void is taken off the queue; what
 * somebody else has locked is blocked.
 */
extern void s3_gate_lock(S3GateBatch *batch);

/* How many rows of the last batch somebody else had locked. */
extern int	s3_gate_locked_by_others(void);

/*
 * Writes down what has been decided of locked items; those that are open are
 * being deleted from the commit on.
 */
extern void s3_gate_mark(S3GateBatch *batch);

/* Leaves the open items for later: nothing is written. */
extern void s3_gate_block_open(S3GateBatch *batch);

/* Notes who may know of the objects from before that commit; after it. */
extern void s3_gate_marked(S3GateBatch *batch);

/* Drops the items from the batch of whose rows all is written. */
extern void s3_gate_drop_settled(S3GateBatch *batch);

/*
 * Makes undos wait whose objects have queued deletions that somebody else has
 * locked, since these cannot be met again.
 */
extern void s3_gate_wait_for_met(S3GateBatch *batch);

/*
 * Sees to it that queued deletions of the objects whose puts are undone are met
 * again: what the puts leave under the name is no new object.  Part of the
 * transaction that marks the undo, before the puts are settled.
 */
extern void s3_gate_meet_again(const S3GateBatch *batch);

/*
 * Writes down how it came out.  Where transactions are open that may know of
 * an object from before, its row stays, as gone, until they have ended.
 */
extern void s3_gate_settle(S3GateBatch *batch);

/* Takes off rows of objects that nobody can know of any more. */
extern void s3_gate_forget(void);

/*
 * For whoever takes over a server: deletions that are said to be under way,
 * whose process is gone, are looked at when their requests can be carried out
 * no more.
 */
extern void s3_gate_recover(int64 server);

#endif							/* S3STORE_GATE_H */
