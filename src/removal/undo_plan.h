/*-------------------------------------------------------------------------
 *
 * undo_plan.h
 *	  What the journal of puts says about the objects of a batch: which puts
 *	  are to be undone, and which transactions must be waited for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_UNDO_PLAN_H
#define S3STORE_UNDO_PLAN_H

#include "nodes/pg_list.h"
#include "removal/gate.h"
#include "s3/response.h"

/* Why the row of an object is dead. */
#define S3_UNDO_MAY_BE_OURS	\
	"cannot tell whether the object is of a put that was rolled back, so it was kept"

/* What is to be done about one object. */
typedef struct S3UndoPlan
{
	List	   *intents;		/* S3Intent *: the puts to undo */
	List	   *others;			/* S3Intent *: the puts that stay */
	List	   *uploads;		/* S3Intent *: what is never undone, and has
								 * left an upload in parts */
	bool		removes_name;	/* what stands under the name goes, if one of
								 * "intents" has written it */
	bool		keeps_versions; /* it would, but a row names it: only uploads
								 * are removed */
	bool		encrypted;		/* the server encrypts what stands there, so
								 * that its ETag is no MD5 */
	bool		lists;			/* its versions have to be looked through */
	bool		unknown;		/* nobody knows what one of "intents" has
								 * found: when the object stays, that is told */
} S3UndoPlan;

/*
 * Reads the journal.  Open items whose object a running transaction has put wait;
 * so do deletions of objects that have puts to undo.  Undo items get their plans;
 * those of which nothing is to be removed are kept.  To be called when the rows
 * are locked, and before the managed columns are asked.
 */
extern void s3_undo_plan(S3GateBatch *batch);

/*
 * To be called when the columns have been asked: what the puts of an object that
 * a row names have left stays, except uploads that were never completed.
 */
extern void s3_undo_plan_keep_named(S3GateBatch *batch);

/*
 * Notes in the journal, on disk, that the puts of those items are settled that
 * are done or given up.  A put that has committed may be why an object stays: its
 * commit, which was asked for before the rows were marked, is on disk since then.
 */
extern void s3_undo_plan_settle(S3GateBatch *batch);

/*
 * Returns in how many ms the item's object must be looked at again, since a
 * request of its puts that had no answer may yet be carried out; 0: it need not.
 * To be called when the server has answered a look-up.  The first of these is
 * noted in the journal: from then on the time counts.
 */
extern int	s3_undo_plan_wait(S3GateItem *item);

/*
 * Decides an item whose puts are undone as far as that is possible: it is kept,
 * or, where that has to be told, refused.
 */
extern void s3_undo_plan_end(S3GateItem *item);

/* May its puts have written versions whose IDs are not known? */
extern bool s3_undo_plan_has_unknown_versions(const S3UndoPlan *plan);

/* Does a HEAD have to tell what stands there? */
extern bool s3_undo_plan_looks(const S3UndoPlan *plan);

/* Has one of its puts a request that had no answer? */
extern bool s3_undo_plan_is_unsure(const S3UndoPlan *plan);

/*
 * Was what stands under the name written by one of the puts to undo?  The second
 * one: may it have been, though nobody can tell?  What has the content of a put,
 * but is younger than the server's answer to it, may be of somebody else.  Both
 * are false of an object that has a version.
 */
extern bool s3_undo_plan_wrote(const S3UndoPlan *plan, const S3ObjectInfo *info);
extern bool s3_undo_plan_may_have_written(const S3UndoPlan *plan, const S3ObjectInfo *info);

#endif							/* S3STORE_UNDO_PLAN_H */
