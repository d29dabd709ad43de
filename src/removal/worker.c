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
#include "http/http_wait.h"
#include "queue/queue.h"
#include "queue/worker_slots.h"
#include "queue/writer_lock.h"
#include "removal/drain.h"
#include "removal/gate.h"
#include "removal/sweep.h"
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
#define HELP_AFTER		2000	/* ms of a round until another process works
								 * for other servers */
#define ERROR_WAIT		5000	/* ms after an error */
#define ABSENT_POLLS	10		/* poll intervals until the next look at a
								 * database without the extension */
#define SWEEP_WAIT		5000	/* ms until the next sweep where puts may have
								 * to be undone, */
#define SWEEP_FAILED_WAIT	30000	/* or where undoing one has failed */

PGDLLEXPORT void s3store_worker_main(Datum database);

static bool is_helper;			/* of the database's worker, while that waits */
static TimestampTz round_began_at;

static void read_in_utf8(void);
static bool work(MemoryContext context, TimestampTz *due_at);
static bool work_once(TimestampTz *due_at);
static TimestampTz sweep(void);
static bool may_work(TimestampTz *due_at);
static TimestampTz find_due(void);
static bool wait_or_leave(uint64 wakes, TimestampTz due_at, TimestampTz lingers_until);
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
	s3_http_turn = look_around;
	read_in_utf8();

	context = AllocSetContextCreate(TopMemoryContext, "s3store worker", ALLOCSET_DEFAULT_SIZES);
	while (is_helper)
	{
		CHECK_FOR_INTERRUPTS();
		if (!work(context, &due_at))
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
		}
	} while (wait_or_leave(wakes, due_at, worked_at + LINGER * INT64CONST(1000)));
	proc_exit(0);
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
	if (!may_work(due_at))
		return false;
	if (s3_drain_round(S3_QUEUE_TXN_WORKER, S3_DRAIN_BATCH, &counts))
		return true;
	if (!is_helper)
		*due_at = Min(sweep(), find_due());
	return false;
}

/*
 * Undoes puts that did not commit, and returns when to sweep again: running
 * transactions may still be rolled back, and requests without an answer may
 * still be executed.
 */
static TimestampTz
sweep(void)
{
	S3SweepResult result;
	int			wait;

	s3_sweep("s3store worker", LOG, &result);
	if (result.waiting == 0)
		return DT_NOEND - 1;
	wait = result.failed > 0 ? SWEEP_FAILED_WAIT : SWEEP_WAIT;
	return GetCurrentTimestamp() + wait * INT64CONST(1000);
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
 * When there is something to do next; DT_NOEND - 1: nothing is queued.  What is
 * blocked by transactions that write rows is looked at again soon, and the less
 * often the longer that takes.
 */
static TimestampTz
find_due(void)
{
	static int	poll = 0;		/* ms */
	TimestampTz due_at;

	s3_queue_txn_begin(S3_QUEUE_TXN_WORKER, false);
	due_at = s3_gate_due();
	s3_queue_txn_end(S3_QUEUE_TXN_WORKER);
	if (s3_writer_wait_count() == 0 || due_at > GetCurrentTimestamp())
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
		if ((s3_worker_must_leave(MyDatabaseId) || !(now < lingers_until || stays)) &&
			s3_worker_slots_leave(MyDatabaseId, wakes, next_start(due_at)))
			return false;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, wait,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
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
