/*-------------------------------------------------------------------------
 *
 * sweep.c
 *	  Undoes the puts of transactions that did not commit.
 *
 * An intent is undone under the lock of its object, after the journal was read
 * again: so no other sweep undoes it, and a put of the same object either has
 * noted its intent, which we see, or waits for the lock to do so.  The intent of
 * a put without an answer stays until no server can be executing it any more:
 * the object is looked up again s3store.request_timeout after the first look-up
 * that had an answer.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "backend/encoding.h"
#include "journal/intent_outcome.h"
#include "journal/journal.h"
#include "journal/object_lock.h"
#include "removal/sweep.h"
#include "removal/undo.h"

#define FAILURES_MAX	10		/* of one sweep; then the servers are taken to
								 * be down */

/* What to do about an intent. */
typedef enum Todo
{
	TODO_NOTHING,
	TODO_WAIT,					/* its transaction may commit */
	TODO_SETTLE,				/* the object stays */
	TODO_REMOVE,
	TODO_REMOVE_VERSION			/* the known version; others stay */
} Todo;

typedef struct Sweep
{
	const char *command;
	int			elevel;			/* of what fails */
	S3SweepResult *result;
} Sweep;

/* An intent, and the versions of its object that other puts have written. */
typedef struct Task
{
	S3Intent	intent;
	List	   *others;
} Task;

static void sweep_file(Sweep *sweep, int number);
static int	plan_file(int number, S3Intent **work);
static bool is_work(Todo todo);
static Todo decide(const S3JournalContent *content, const bool *done, int i);
static Todo decide_aborted(const S3JournalContent *content, int i);
static bool are_told_apart(const S3Intent *intent, const S3Intent *other);
static void report_forgotten(const S3Intent *intent);
static void finish_file(Sweep *sweep, int number);
static void sweep_intent(Sweep *sweep, int number, const S3Intent *planned);
static void sweep_locked(Sweep *sweep, int number, uint64 id, int grace);
static TimestampTz after(int ms);
static void note_removing(int number, const S3Intent *intent, TimestampTz until);
static bool may_come_yet(int number, const S3Intent *intent, int grace);
static bool try_open(Sweep *sweep, const S3Intent *intent, S3Call *call);
static bool try_undo(Sweep *sweep, const Task *task, S3Undone *undone, bool *may_come);
static bool fetch_task(int number, uint64 id, Task *task);
static List *find_others(const S3JournalContent *content, const S3Intent *intent);
static void settle_intent(int number, uint64 id);
static void append_records(int number, const StringInfoData *records, bool durable);
static void report_failure(Sweep *sweep, const S3Intent *intent, MemoryContext context);

void
s3_sweep(const char *command, int elevel, S3SweepResult *result)
{
	Sweep		sweep = {command, elevel, result};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store sweep",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);

	memset(result, 0, sizeof(*result));
	if (IsTransactionState())
		s3_journal_remove_dropped();
	for (int number = 0; number < S3_JOURNAL_FILES; number++)
	{
		sweep_file(&sweep, number);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
}

static void
sweep_file(Sweep *sweep, int number)
{
	S3Intent   *work;
	int			count = plan_file(number, &work);

	if (count < 0)
		return;
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (sweep->result->failed < FAILURES_MAX)
			sweep_intent(sweep, number, &work[i]);
	}
	finish_file(sweep, number);
}

/*
 * Settles the intents that need no request, and returns the number of those
 * that do, or -1 when the file does not exist.
 */
static int
plan_file(int number, S3Intent **work)
{
	S3Journal  *journal = s3_journal_open(number, S3_JOURNAL_WRITE);
	StringInfoData settled;
	bool	   *done;
	int			count = 0;

	if (journal == NULL)
		return -1;
	done = s3_intent_find_done(&journal->content);
	*work = palloc(Max(journal->content.count, 1) * sizeof(S3Intent));
	initStringInfo(&settled);
	for (int i = 0; i < journal->content.count; i++)
	{
		const S3Intent *intent = &journal->content.intents[i];
		Todo		todo = decide(&journal->content, done, i);

		if (is_work(todo))
			(*work)[count++] = *intent;
		else if (todo == TODO_SETTLE)
			s3_intent_record_settled(&settled, intent->id);
	}
	if (settled.len > 0)
	{
		s3_journal_append(journal, &settled);
		s3_journal_sync(journal);
	}
	s3_journal_close(journal);
	return count;
}

/* Does it need requests? */
static bool
is_work(Todo todo)
{
	return todo == TODO_REMOVE || todo == TODO_REMOVE_VERSION;
}

static Todo
decide(const S3JournalContent *content, const bool *done, int i)
{
	const S3Intent *intent = &content->intents[i];

	if (done[i])
		return TODO_NOTHING;
	switch (s3_intent_outcome(intent))
	{
		case S3_OUTCOME_IN_PROGRESS:
			return TODO_WAIT;
		case S3_OUTCOME_COMMITTED:
			return TODO_NOTHING;
		case S3_OUTCOME_FORGOTTEN:
			report_forgotten(intent);
			return TODO_SETTLE;
		case S3_OUTCOME_ABORTED:
			break;
	}
	return decide_aborted(content, i);
}

/* Has another put of the object committed, or may one yet? */
static Todo
decide_aborted(const S3JournalContent *content, int i)
{
	const S3Intent *intent = &content->intents[i];
	bool		has_version = intent->version[0] != '\0';
	Todo		todo = TODO_REMOVE;

	/* No other put has the same version ID or upload ID. */
	if (intent->kind == S3_INTENT_PARTS || (has_version && intent->unsure_since == 0))
		return TODO_REMOVE;
	for (int j = 0; j < content->count; j++)
	{
		const S3Intent *other = &content->intents[j];
		S3Outcome	outcome;

		/*
		 * A settled put has left nothing.  An earlier put that was answered
		 * wrote its object before this one did.
		 */
		if (j == i || other->settled || (j < i && other->answered) ||
			!s3_intent_same_object(intent, other) || are_told_apart(intent, other))
			continue;
		outcome = s3_intent_outcome(other);
		if (outcome == S3_OUTCOME_COMMITTED && (j > i || has_version))
			return has_version ? TODO_REMOVE_VERSION : TODO_SETTLE;
		if (outcome == S3_OUTCOME_IN_PROGRESS)
			todo = TODO_WAIT;
	}
	/* The object that was replaced cannot be restored. */
	if (todo == TODO_REMOVE && intent->kind == S3_INTENT_REPLACE &&
		intent->answered && intent->unsure_since == 0)
		return TODO_SETTLE;
	return todo;
}

/*
 * Can what the two puts have written be told apart?  By versions; or by size,
 * since the ETag of a put without an answer is a guess.
 */
static bool
are_told_apart(const S3Intent *intent, const S3Intent *other)
{
	if (other->version[0] != '\0')
		return true;
	return intent->version[0] != '\0' && (other->answered || intent->size != other->size);
}

static void
report_forgotten(const S3Intent *intent)
{
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("kept object \"%s\": cannot tell whether its transaction committed", intent->url),
			 errdetail("Its transaction ID, %llu, is too old to be looked up, or was never assigned.",
					   (unsigned long long) intent->xid)));
}

/* Clears the file when nothing in it remains to be done. */
static void
finish_file(Sweep *sweep, int number)
{
	S3Journal  *journal = s3_journal_open(number, S3_JOURNAL_WRITE);
	bool	   *done;
	int			open = 0;

	if (journal == NULL)
		return;
	done = s3_intent_find_done(&journal->content);
	for (int i = 0; i < journal->content.count; i++)
		open += !done[i];
	sweep->result->waiting += open;
	if (open == 0)
		s3_journal_clear(journal);
	else
		s3_journal_close(journal);
}

/* Undoes one intent, unless another session has locked its object. */
static void
sweep_intent(Sweep *sweep, int number, const S3Intent *planned)
{
	S3Call		call;

	if (!try_open(sweep, planned, &call) || !s3_object_try_lock(&call))
		return;
	PG_TRY();
	{
		sweep_locked(sweep, number, planned->id, call.endpoint->settings.request_timeout);
	}
	PG_CATCH();
	{
		/* Outside of a transaction, an error does not release the lock. */
		s3_object_unlock(&call);
		PG_RE_THROW();
	}
	PG_END_TRY();
	s3_object_unlock(&call);
}

static void
sweep_locked(Sweep *sweep, int number, uint64 id, int grace)
{
	Task		task;
	S3Intent   *intent = &task.intent;
	S3Undone	undone;
	bool		may_come = false;
	bool		good;

	if (!fetch_task(number, id, &task))
		return;
	note_removing(number, intent, after(grace));
	good = try_undo(sweep, &task, &undone, &may_come);
	if (may_come)
		intent->removing_until = after(grace);
	note_removing(number, intent, intent->removing_until);
	if (!good)
		return;
	if (undone == S3_UNDONE_REMOVED)
		sweep->result->removed++;
	if (intent->removing_until > GetCurrentTimestamp() || may_come_yet(number, intent, grace))
		return;
	if (undone == S3_UNDONE_UNDECIDED)
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("kept object \"%s\": it may be of a put that was rolled back", intent->url),
				 errdetail("A request of the put had no answer, and the object may also have been written by another client.")));
	settle_intent(number, id);
}

static TimestampTz
after(int ms)
{
	return GetCurrentTimestamp() + ms * INT64CONST(1000);
}

/*
 * Puts of the object wait for our lock, and until that time when this session
 * ends earlier: a DELETE that was sent cannot be taken back.
 */
static void
note_removing(int number, const S3Intent *intent, TimestampTz until)
{
	StringInfoData records;

	if (!s3_undo_removes_name(intent))
		return;
	initStringInfo(&records);
	s3_intent_record_removing(&records, intent->id, Max(until, intent->removing_until));
	append_records(number, &records, false);
}

/*
 * May a request that had no answer still be executed?  A server that was down
 * may do so when it is up again, so the time counts from the first look-up that
 * had an answer.
 */
static bool
may_come_yet(int number, const S3Intent *intent, int grace)
{
	StringInfoData records;

	if (intent->unsure_since == 0)
		return false;
	if (intent->unsure_since != S3_INTENT_NOT_LOOKED)
		return !TimestampDifferenceExceeds(intent->unsure_since, GetCurrentTimestamp(), grace);
	initStringInfo(&records);
	s3_intent_record_unsure(&records, intent->id, GetCurrentTimestamp());
	append_records(number, &records, false);
	return true;
}

/*
 * This and the next function go on after an error, and report it.  They open no
 * file and take no lock that only the end of a transaction would release.
 */
static bool
try_open(Sweep *sweep, const S3Intent *intent, S3Call *call)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool good = true;

	PG_TRY();
	{
		s3_undo_open(call, S3_DELETE_OBJECT, sweep->command, intent);
	}
	PG_CATCH();
	{
		report_failure(sweep, intent, context);
		good = false;
	}
	PG_END_TRY();
	return good;
}

static bool
try_undo(Sweep *sweep, const Task *task, S3Undone *undone, bool *may_come)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool good = true;

	PG_TRY();
	{
		*undone = s3_undo_intent(sweep->command, &task->intent, task->others, may_come);
	}
	PG_CATCH();
	{
		report_failure(sweep, &task->intent, context);
		good = false;
	}
	PG_END_TRY();
	return good;
}

/*
 * Reads an intent again, and the versions that other puts have written.  Returns
 * false when there is nothing to remove any more.
 */
static bool
fetch_task(int number, uint64 id, Task *task)
{
	S3Journal  *journal = s3_journal_open(number, S3_JOURNAL_READ);
	S3Intent   *found;
	Todo		todo = TODO_NOTHING;

	if (journal == NULL)
		return false;
	found = s3_intent_find(&journal->content, id);
	if (found != NULL && !found->settled)
		todo = decide_aborted(&journal->content, found - journal->content.intents);
	if (is_work(todo))
	{
		S3Intent   *intent = &task->intent;

		*intent = *found;
		task->others = find_others(&journal->content, found);
		/* The session crashed before it noted whether it had an answer. */
		if (!intent->answered && intent->unsure_since == 0)
			intent->unsure_since = S3_INTENT_NOT_LOOKED;
		if (todo == TODO_REMOVE_VERSION)
			intent->unsure_since = 0;
	}
	s3_journal_close(journal);
	return is_work(todo);
}

static List *
find_others(const S3JournalContent *content, const S3Intent *intent)
{
	List	   *others = NIL;

	for (int i = 0; i < content->count; i++)
	{
		const S3Intent *other = &content->intents[i];

		if (other != intent && other->version[0] != '\0' && s3_intent_same_object(intent, other))
			others = lappend(others, pstrdup(other->version));
	}
	return others;
}

static void
settle_intent(int number, uint64 id)
{
	StringInfoData records;

	initStringInfo(&records);
	s3_intent_record_settled(&records, id);
	append_records(number, &records, true);
}

static void
append_records(int number, const StringInfoData *records, bool durable)
{
	S3Journal  *journal = s3_journal_open(number, S3_JOURNAL_WRITE);

	if (journal == NULL)
		return;
	s3_journal_append(journal, records);
	s3_journal_unlock(journal);
	if (durable)
		s3_journal_sync(journal);
	s3_journal_close(journal);
}

/* Throws the error again when it does not concern this object alone. */
static void
report_failure(Sweep *sweep, const S3Intent *intent, MemoryContext context)
{
	ErrorData  *error;
	int			class;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	class = ERRCODE_TO_CATEGORY(error->sqlerrcode);
	if (class == ERRCODE_OPERATOR_INTERVENTION || class == ERRCODE_INSUFFICIENT_RESOURCES ||
		error->sqlerrcode == ERRCODE_INTERNAL_ERROR)
		PG_RE_THROW();
	FlushErrorState();
	sweep->result->failed++;
	ereport(sweep->elevel,
			(errcode(error->sqlerrcode),
			 errmsg("could not undo the put of object \"%s\": %s", intent->url, error->message),
			 error->detail != NULL ? errdetail_internal("%s", error->detail) : 0,
			 error->hint != NULL ? errhint("%s", error->hint) : 0));
}
