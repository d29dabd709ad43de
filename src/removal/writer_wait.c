/*-------------------------------------------------------------------------
 *
 * writer_wait.c
 *	  Queued deletions that wait for transactions which might still name their
 *	  objects in a row.
 *
 * Kept in the memory of the process: after a restart, the writers of that
 * moment are waited for.  Deletions that were looked at together, and are
 * blocked by the same transactions, share one list of these.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "queue/writer_lock.h"
#include "removal/writer_wait.h"

#define KEPT_OVER	10000		/* ms: a deletion that was not met again by
								 * then is not in the queue any more */

struct S3Blockers
{
	List	   *transactions;	/* of char *: those that have not ended yet */
	TimestampTz over_at;		/* since when there are none; 0: there are */
	int			users;			/* deletions */
};

typedef struct Waiting
{
	int64		id;				/* the key */
	S3Blockers *blockers;
} Waiting;

static HTAB *waiting;
static MemoryContext context;
static bool has_lock;			/* s3_writer_lock_claims, of the session */

static void release_lock(void);
static void make_table(void);
static void note_ended(S3Blockers *blockers, const S3TableWriters *writers);
static void release(S3Blockers *blockers);

/*
 * Without the lock, transactions may have begun to write that did not look at what
 * is queued: a rollback releases it.
 */
void
s3_writer_wait_begin(void)
{
	if (has_lock && !s3_writer_lock_claims_is_mine())
		s3_writer_wait_forget_all();
	s3_writer_lock_claims(false);
}

void
s3_writer_wait_note(const S3TableWriters *writers)
{
	HASH_SEQ_STATUS scan;
	Waiting    *entry;

	if (waiting == NULL || hash_get_num_entries(waiting) == 0)
		return;
	hash_seq_init(&scan, waiting);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		note_ended(entry->blockers, writers);
		if (entry->blockers->over_at != 0 &&
			TimestampDifferenceExceeds(entry->blockers->over_at, GetCurrentTimestamp(), KEPT_OVER))
			s3_writer_wait_forget(entry->id);
	}
}

static void
note_ended(S3Blockers *blockers, const S3TableWriters *writers)
{
	List	   *left = NIL;
	ListCell   *cell;

	if (blockers->transactions == NIL)
		return;
	foreach(cell, blockers->transactions)
		if (s3_table_writers_have(writers, lfirst(cell)))
	{
		MemoryContext old_context = MemoryContextSwitchTo(context);

		left = lappend(left, lfirst(cell));
		MemoryContextSwitchTo(old_context);
	}
	else
		pfree(lfirst(cell));
	list_free(blockers->transactions);
	blockers->transactions = left;
	if (left == NIL)
		blockers->over_at = GetCurrentTimestamp();
}

S3WriterWait
s3_writer_wait_state(int64 id)
{
	Waiting    *entry = waiting == NULL ? NULL : hash_search(waiting, &id, HASH_FIND, NULL);

	if (entry == NULL)
		return S3_WRITER_WAIT_NEW;
	return entry->blockers->transactions == NIL ? S3_WRITER_WAIT_OVER : S3_WRITER_WAIT_BLOCKED;
}

S3Blockers *
s3_writer_wait_for(const S3TableWriters *writers, const Bitmapset *which)
{
	MemoryContext old_context;
	S3Blockers *blockers;
	int			i = -1;

	make_table();
	if (!has_lock)
		s3_writer_lock_claims(true);
	has_lock = true;
	old_context = MemoryContextSwitchTo(context);
	blockers = palloc0(sizeof(S3Blockers));
	while ((i = bms_next_member(which, i)) >= 0)
		blockers->transactions = lappend(blockers->transactions,
										 pstrdup(writers->items[i].transaction));
	MemoryContextSwitchTo(old_context);
	return blockers;
}

static void
make_table(void)
{
	HASHCTL		control = {.keysize = sizeof(int64),.entrysize = sizeof(Waiting)};

	if (waiting != NULL)
		return;
	context = AllocSetContextCreate(TopMemoryContext, "s3store waiting deletions",
									ALLOCSET_DEFAULT_SIZES);
	control.hcxt = context;
	waiting = hash_create("s3store waiting deletions", 1024, &control,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void
s3_writer_wait_add(int64 id, S3Blockers *blockers)
{
	bool		found;
	Waiting    *entry = hash_search(waiting, &id, HASH_ENTER, &found);

	if (found)
		release(entry->blockers);
	entry->blockers = blockers;
	blockers->users++;
}

void
s3_writer_wait_forget(int64 id)
{
	Waiting    *entry = waiting == NULL ? NULL : hash_search(waiting, &id, HASH_FIND, NULL);

	if (entry == NULL)
		return;
	release(entry->blockers);
	(void) hash_search(waiting, &id, HASH_REMOVE, NULL);
	if (hash_get_num_entries(waiting) == 0)
		release_lock();
}

void
s3_writer_wait_forget_all(void)
{
	if (waiting == NULL)
		return;
	waiting = NULL;
	MemoryContextDelete(context);
	release_lock();
}

static void
release_lock(void)
{
	if (has_lock && s3_writer_lock_claims_is_mine())
		s3_writer_lock_claims_end();
	has_lock = false;
}

int
s3_writer_wait_count(void)
{
	return waiting == NULL ? 0 : (int) hash_get_num_entries(waiting);
}

static void
release(S3Blockers *blockers)
{
	if (--blockers->users > 0)
		return;
	list_free_deep(blockers->transactions);
	pfree(blockers);
}
