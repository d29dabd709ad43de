/*-------------------------------------------------------------------------
 *
 * worker.c
 *	  The background worker that carries out the queued deletions of a
 *	  database.
 *
 * Guarantees: it has no transaction open while it waits for its latch or for a
 * server; it exits when it has nothing to do, and when another session waits to
 * drop, rename or copy the database; errors are logged, and the work is tried
 * again later.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_database.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "storage/lwlock.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "backend/compat.h"
#include "client/call.h"
#include "http/http_wait.h"
#include "queue/queue.h"
#include "queue/worker_slots.h"
#include "queue/writer_lock.h"
#include "queue/writer_token.h"
#include "removal/drain.h"
#include "removal/gate.h"
#include "removal/undo_queue.h"
#include "removal/writer_wait.h"
#include "removal/worker.h"
#include "settings/settings.h"

#define BLOCKED_POLL_MIN	5	/* ms until deletions that are blocked are */
#define BLOCKED_POLL_MAX	500 /* looked at again, first and last */
#define LINGER			3000	/* ms without work until the worker exits:
								 * less than DROP DATABASE waits */
#define STAY			(5 * 60 * 1000) /* without a launcher: ms ahead that
										 * the worker waits for the next
										 * deletion */
#define LEAVE_INTERVAL	1000	/* ms between two checks whether the worker
								 * must leave the database */
#define TURN			5000	/* ms of work until a database leaves its
								 * worker's process to others that wait for
								 * one */
#define HELP_AFTER		2000	/* ms of a round until another process works
								 * for other servers */
#define ERROR_WAIT		5000	/* ms after an error */
#define ABSENT_POLLS	10		/* poll intervals until the next look at a
								 * database without the extension */
#define PUTS_WAIT		5000	/* ms until the next look for puts to undo
								 * where transactions run that have put
								 * something */

PGDLLEXPORT void s3store_worker_main(Datum database);

static bool is_helper;			/* of the database's worker, while that waits */
static TimestampTz round_began_at;
static TimestampTz undone_at;	/* when puts to undo were looked for */

static void read_in_utf8(void);
static bool work(MemoryContext context, TimestampTz *due_at);
static bool work_once(TimestampTz *due_at);
static bool undo_puts(TimestampTz *due_at);
static bool may_work(TimestampTz *due_at);
static bool may_delete(TimestampTz *due_at);
static TimestampTz find_due(void);
static bool wait_or_leave(uint64 wakes, TimestampTz due_at, TimestampTz lingers_until);
static bool has_had_turn(TimestampTz began_at);
static void pass_on(void) pg_attribute_noreturn();
static void look_around(void);
static TimestampTz next_start(TimestampTz due_at);

/*
 * To drop, rename or copy a database, all other sessions have to leave it.
 * Needs no transaction: the lock is a session lock, released at once.
 */
bool
s3_worker_must_leave(Oid database)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, database, 0);
	if (LockAcquire(&tag, RowExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	(void) LockRelease(&tag, RowExclusiveLock, true);
	return false;
}

bool
s3_worker_reload(void)
{
	if (!ConfigReloadPending)
		return false;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	return true;
}

void
s3store_worker_main(Datum database)
{
	MemoryContext context;
	TimestampTz began_at = GetCurrentTimestamp();
	TimestampTz worked_at = 0;
	TimestampTz due_at;
	uint64		wakes;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
	is_helper = strcmp(MyBgworkerEntry->bgw_extra, S3_WORKER_HELPER) == 0;
	if (is_helper ? !s3_writer_lock_helper() : !s3_worker_slots_enter(MyDatabaseId))
		proc_exit(0);
	if (is_helper)
		s3_worker_slots_enter_helper();
	s3_http_turn = look_around;
	read_in_utf8();

	context = AllocSetContextCreate(TopMemoryContext, "s3store worker", ALLOCSET_DEFAULT_SIZES);
	while (is_helper)
	{
		CHECK_FOR_INTERRUPTS();
		if (!work(context, &due_at) || s3_worker_slots_others_wait(MyDatabaseId))
			proc_exit(0);
	}
	do
	{
		CHECK_FOR_INTERRUPTS();
		(void) s3_worker_reload();
		wakes = s3_worker_slots_wakes(MyDatabaseId);
		while (work(context, &due_at))
		{
			CHECK_FOR_INTERRUPTS();
			(void) s3_worker_reload();
			worked_at = GetCurrentTimestamp();
			if (has_had_turn(began_at))
				pass_on();
		}
	} while (wait_or_leave(wakes, due_at, worked_at + LINGER * INT64CONST(1000)));
	pass_on();
}

/*
 * Requests are sent outside of transactions, where encoding conversions cannot
 * be looked up; that to the client's encoding is looked up in advance.
 */
static void
read_in_utf8(void)
{
	StartTransactionCommand();
	(void) set_config_option("client_encoding", "UTF8", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SET, true, LOG, false);
	CommitTransactionCommand();
}

/*
 * Does one round.  Returns false when there is nothing to do until "due_at".
 * An error does not end the process, which would be started again without a
 * pause.
 */
static bool
work(MemoryContext context, TimestampTz *due_at)
{
	volatile bool worked = false;

	MemoryContextSwitchTo(context);
	pgstat_report_activity(STATE_RUNNING, "s3store: deleting queued objects");
	PG_TRY();
	{
		worked = work_once(due_at);
	}
	PG_CATCH();
	{
		HOLD_INTERRUPTS();
		EmitErrorReport();
		LWLockReleaseAll();
		pgstat_report_wait_end();
		AbortOutOfAnyTransaction();
		FlushErrorState();
		RESUME_INTERRUPTS();
		*due_at = GetCurrentTimestamp() + ERROR_WAIT * INT64CONST(1000);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	MemoryContextReset(context);
	pgstat_report_activity(STATE_IDLE, NULL);
	return worked;
}

static bool
work_once(TimestampTz *due_at)
{
	S3DrainCounts counts = {0};

	round_began_at = GetCurrentTimestamp();
	(void) s3_call_limit_time(s3_guc_delete_timeout);
	if (!may_work(due_at))
		return false;
	/* However much there is to delete, puts are undone in between. */
	if (!is_helper && !DefaultXactReadOnly &&
		TimestampDifferenceExceeds(undone_at, round_began_at, PUTS_WAIT))
		(void) undo_puts(due_at);
	if (!may_delete(due_at))
		return false;
	if (s3_drain_round(S3_QUEUE_TXN_WORKER, S3_DRAIN_BATCH, &counts))
		return true;
	if (is_helper)
		return false;
	if (undo_puts(due_at))
		return true;
	*due_at = Min(*due_at, find_due());
	return false;
}

/*
 * Queues the undoing of puts that did not commit; returns false when there are
 * none, with the time of the next look.  A transaction that is rolled back wakes
 * us, but not where its session has crashed.
 */
static bool
undo_puts(TimestampTz *due_at)
{
	bool		waits;

	undone_at = GetCurrentTimestamp();
	if (s3_undo_queue(S3_QUEUE_TXN_WORKER, &waits) > 0)
		return true;
	if (waits)
		*due_at = Min(*due_at, GetCurrentTimestamp() + PUTS_WAIT * INT64CONST(1000));
	return false;
}

/*
 * Without the extension there is no need to look again soon: the first queued
 * deletion wakes a worker.
 */
static bool
may_work(TimestampTz *due_at)
{
	MemoryContext context = CurrentMemoryContext;
	bool		is_installed;
	bool		is_wanted_by_others;

	StartTransactionCommand();
	is_installed = OidIsValid(s3_queue_table());
	is_wanted_by_others = s3_worker_must_leave(MyDatabaseId);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);

	*due_at = is_installed ? DT_NOEND - 1 : DT_NOEND;
	return is_installed && !is_wanted_by_others && s3_settings_worker_enabled();
}

/*
 * A copy, and a read-only database, does nothing.  That is logged when something
 * waits for it, and once: also when the next worker finds it so.
 */
static bool
may_delete(TimestampTz *due_at)
{
	MemoryContext context = CurrentMemoryContext;
	S3WriterRefusal refusal;
	bool		waits = false;

	s3_queue_txn_begin(S3_QUEUE_TXN_WORKER, false);
	refusal = DefaultXactReadOnly ? S3_WRITER_READ_ONLY : s3_writer_token_refusal();
	if (refusal != S3_WRITER_ALLOWED)
		waits = s3_gate_due() <= GetCurrentTimestamp();
	if ((waits || refusal == S3_WRITER_ALLOWED) && !is_helper &&
		!s3_worker_slots_told(MyDatabaseId, refusal))
		s3_writer_token_log(refusal);
	s3_queue_txn_end(S3_QUEUE_TXN_WORKER);
	MemoryContextSwitchTo(context);

	if (refusal == S3_WRITER_ALLOWED)
		return true;
	if (waits)
		*due_at = GetCurrentTimestamp() + s3_guc_worker_poll_interval * USECS_PER_SEC;
	return false;
}

/*
 * When there is something to do next; DT_NOEND - 1: nothing is queued.  What is
 * due and could not be done waits for a transaction, and is looked at again soon,
 * and the less often the longer that takes.
 */
static TimestampTz
find_due(void)
{
	static int	poll = 0;		/* ms */
	TimestampTz due_at;

	s3_queue_txn_begin(S3_QUEUE_TXN_WORKER, false);
	due_at = s3_gate_due();
	s3_queue_txn_end(S3_QUEUE_TXN_WORKER);
	if (due_at > GetCurrentTimestamp())
	{
		poll = 0;
		return due_at;
	}
	poll = Min(Max(poll * 2, BLOCKED_POLL_MIN), BLOCKED_POLL_MAX);
	return GetCurrentTimestamp() + poll * INT64CONST(1000);
}

/*
 * Waits until there is something to do.  Returns false when the worker has to
 * exit: after LINGER without work, or at once when it must leave the database.
 */
static bool
wait_or_leave(uint64 wakes, TimestampTz due_at, TimestampTz lingers_until)
{
	for (;;)
	{
		TimestampTz now = GetCurrentTimestamp();
		long		wait = Min(LEAVE_INTERVAL, TimestampDifferenceMilliseconds(now, due_at) + 1);
		bool		stays = !s3_worker_slots_has_launcher() && due_at - now < STAY * INT64CONST(1000);

		CHECK_FOR_INTERRUPTS();
		if (s3_worker_reload() || due_at <= now || s3_worker_slots_wakes(MyDatabaseId) != wakes)
			return true;
		if ((s3_worker_must_leave(MyDatabaseId) || !(now < lingers_until || stays) ||
			 s3_worker_slots_others_wait(MyDatabaseId)) &&
			s3_worker_slots_leave(MyDatabaseId, wakes, next_start(due_at)))
			return false;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, wait,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

/* Is it the turn of another database?  Then this one has left its slot. */
static bool
has_had_turn(TimestampTz began_at)
{
	TimestampTz now = GetCurrentTimestamp();

	return TimestampDifferenceExceeds(began_at, now, TURN) &&
		s3_worker_slots_others_wait(MyDatabaseId) &&
		s3_worker_slots_leave(MyDatabaseId, s3_worker_slots_wakes(MyDatabaseId), now);
}

/* Ends the process, which has left its slot. */
static void
pass_on(void)
{
	s3_worker_slots_pass_on();
	proc_exit(0);
}

/*
 * Called while a request waits for its answer, which may never come: ends the
 * process as the launcher would, and has another one work for other servers.
 */
static void
look_around(void)
{
	static TimestampTz looked_at = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (!TimestampDifferenceExceeds(looked_at, now, LEAVE_INTERVAL))
		return;
	looked_at = now;
	if (s3_worker_must_leave(MyDatabaseId))
		(void) kill(MyProcPid, SIGTERM);
	else if (TimestampDifferenceExceeds(round_began_at, now, HELP_AFTER) &&
			 s3_writer_lock_helper_is_free())
		s3_worker_slots_start_helper(MyDatabaseId);
	CHECK_FOR_INTERRUPTS();
}

/*
 * When the launcher has to start the worker again.  COMMIT PREPARED and CREATE
 * EXTENSION wake no worker, so every database has one from time to time, less
 * often where the extension is not installed.
 */
static TimestampTz
next_start(TimestampTz due_at)
{
	int64		poll = s3_guc_worker_poll_interval * USECS_PER_SEC;

	if (due_at == DT_NOEND)
		poll *= ABSENT_POLLS;
	return Min(due_at, GetCurrentTimestamp() + poll);
}
