/*-------------------------------------------------------------------------
 *
 * worker.c
 *	  The background worker that carries out the queued deletions of a
 *	  database.
 *
 * Guarantees: it holds no transaction while it waits, for its latch or for a
 * server; it leaves the database when it has nothing to do, and when another
 * session wants that for itself; what fails is logged, and tried again later.
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
#include "removal/drain.h"
#include "removal/sweep.h"
#include "removal/worker.h"
#include "settings/settings.h"

#define LIBRARY			"s3store"
#define LINGER			3000	/* ms without work until a worker leaves: less
								 * than DROP DATABASE waits */
#define STAY			(5 * 60 * 1000) /* ms ahead that a worker waits for a
										 * deletion which nobody else will
										 * start one for */
#define LOOK_AROUND		1000	/* ms between two looks at who wants the
								 * database */
#define ERROR_WAIT		5000	/* ms after an error */
#define ABSENT_POLLS	10		/* poll intervals between two looks where the
								 * extension is not installed */
#define SWEEP_WAIT		5000	/* ms until puts are looked at again that may
								 * have to be undone, */
#define SWEEP_FAILED_WAIT	30000	/* or whose server did not do it */

PGDLLEXPORT void s3store_worker_main(Datum database);

static void read_in_utf8(void);
static bool work(MemoryContext context, TimestampTz *due_at);
static bool work_once(TimestampTz *due_at);
static TimestampTz sweep(void);
static bool may_work(TimestampTz *due_at);
static TimestampTz find_due(void);
static bool wait_or_leave(uint64 wakes, TimestampTz due_at, TimestampTz lingers_until);
static void leave_when_wanted(void);

bool
s3_worker_is_enabled(void)
{
	return s3_guc_worker && !IsBinaryUpgrade;
}

bool
s3_worker_start(Oid database)
{
	BackgroundWorker worker = {0};

	snprintf(worker.bgw_name, BGW_MAXLEN, "s3store worker for database %u", database);
	strlcpy(worker.bgw_type, "s3store worker", BGW_MAXLEN);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, LIBRARY, sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "s3store_worker_main", BGW_MAXLEN);
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	if (RegisterDynamicBackgroundWorker(&worker, NULL))
		return true;
	s3_worker_slots_not_started(database);
	return false;
}

/*
 * To drop, rename or copy a database, all others have to leave it.  Needs no
 * transaction: the lock is the session's, for a moment.
 */
bool
s3_worker_is_in_the_way(Oid database)
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
	if (!s3_worker_slots_enter(MyDatabaseId))
		proc_exit(0);
	s3_http_turn = leave_when_wanted;
	read_in_utf8();

	context = AllocSetContextCreate(TopMemoryContext, "s3store worker", ALLOCSET_DEFAULT_SIZES);
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
 * S3 is asked outside of transactions, where conversions cannot be looked up;
 * that to the client's encoding has been.
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
 * An error must not end the process: whoever starts it anew would not wait.
 */
static bool
work(MemoryContext context, TimestampTz *due_at)
{
	volatile bool worked = false;

	MemoryContextSwitchTo(context);
	pgstat_report_activity(STATE_RUNNING, "s3store: deletes queued objects");
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

	if (!may_work(due_at))
		return false;
	if (s3_drain_round(S3_QUEUE_TXN_WORKER, S3_DRAIN_BATCH, &counts))
		return true;
	*due_at = Min(sweep(), find_due());
	return false;
}

/*
 * Removes what was put and not committed, and returns when to look again:
 * transactions under way may still be rolled back, and requests without an
 * answer be carried out.
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
 * Without the extension nobody need look again soon: it wakes a worker when it
 * queues something.
 * Where the worker is switched off, or the database is a copy, that can end
 * with the next change of the configuration.
 */
static bool
may_work(TimestampTz *due_at)
{
	MemoryContext context = CurrentMemoryContext;
	bool		is_installed;
	bool		is_wanted_by_others;

	StartTransactionCommand();
	is_installed = OidIsValid(s3_queue_table());
	is_wanted_by_others = s3_worker_is_in_the_way(MyDatabaseId);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);

	*due_at = is_installed ? DT_NOEND - 1 : DT_NOEND;
	return is_installed && !is_wanted_by_others && s3_worker_is_enabled();
}

/*
 * When the next deletion is due; DT_NOEND - 1: none is pending.  What somebody
 * has claimed counts, too: he may die over it.
 */
static TimestampTz
find_due(void)
{
	const char *table;
	TimestampTz due_at = DT_NOEND - 1;
	bool		is_null;
	Datum		found;

	s3_queue_txn_begin(S3_QUEUE_TXN_WORKER, false);
	table = s3_queue_name("s3_deletion");
	s3_queue_execute(psprintf("SELECT LEAST((SELECT next_at FROM %s WHERE claim IS NULL AND NOT dead"
							  " ORDER BY next_at, id LIMIT 1),"
							  " (SELECT GREATEST(min(next_at) + %d * interval '1 ms',"
							  " clock_timestamp() + interval '1 s')"
							  " FROM %s WHERE claim IS NOT NULL HAVING count(*) > 0))",
							  table, s3_guc_delete_grace, table),
					 SPI_OK_SELECT, 0, NULL, NULL, NULL);
	found = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
	if (!is_null)
		due_at = Min(due_at, DatumGetTimestampTz(found));
	s3_queue_txn_end(S3_QUEUE_TXN_WORKER);
	return due_at;
}

/*
 * Waits until there is something to do.  Returns false when the worker is to
 * go: when it has lingered, or at once where it is in the way.
 */
static bool
wait_or_leave(uint64 wakes, TimestampTz due_at, TimestampTz lingers_until)
{
	for (;;)
	{
		TimestampTz now = GetCurrentTimestamp();
		long		wait = Min(LOOK_AROUND, TimestampDifferenceMilliseconds(now, due_at) + 1);
		bool		stays = !s3_worker_slots_has_launcher() && due_at - now < STAY * INT64CONST(1000);

		CHECK_FOR_INTERRUPTS();
		if (s3_worker_reload() || due_at <= now || s3_worker_slots_wakes(MyDatabaseId) != wakes)
			return true;
		if ((s3_worker_is_in_the_way(MyDatabaseId) || !(now < lingers_until || stays)) &&
			s3_worker_slots_leave(MyDatabaseId, wakes, s3_worker_next_look(due_at)))
			return false;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, wait,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

/*
 * In the middle of a request, which may be one that nobody answers: ends as if
 * the launcher had sent us away.
 */
static void
leave_when_wanted(void)
{
	static TimestampTz looked_at = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (!TimestampDifferenceExceeds(looked_at, now, LOOK_AROUND))
		return;
	looked_at = now;
	if (s3_worker_is_in_the_way(MyDatabaseId))
		(void) kill(MyProcPid, SIGTERM);
	CHECK_FOR_INTERRUPTS();
}

/*
 * A prepared transaction that commits wakes nobody, nor does CREATE EXTENSION:
 * the launcher looks now and then into every database, less often where there
 * is no extension.
 */
TimestampTz
s3_worker_next_look(TimestampTz due_at)
{
	int64		poll = s3_guc_worker_poll_interval * USECS_PER_SEC;

	if (due_at == DT_NOEND)
		poll *= ABSENT_POLLS;
	return Min(due_at, GetCurrentTimestamp() + poll);
}
