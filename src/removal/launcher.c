/*-------------------------------------------------------------------------
 *
 * launcher.c
 *	  The process that starts the worker of each database where work is due.
 *	  It runs where the library is preloaded.
 *
 * Guarantees: it is connected to no database; it stops a worker that DROP
 * DATABASE and the like wait for, whatever that worker is waiting for.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <signal.h>

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "backend/compat.h"
#include "queue/worker_slots.h"
#include "removal/launcher.h"
#include "removal/worker.h"
#include "settings/settings.h"

#define RESTART_WAIT	5		/* s after it has crashed */
#define HALF_DROPPED	(-2)	/* datconnlimit after an interrupted DROP
								 * DATABASE */
#define LEAVE_INTERVAL	1000	/* ms between two checks whether running
								 * workers must leave their databases */

PGDLLEXPORT void s3store_launcher_main(Datum arg);

static void launch_forever(void);
static void add_databases(void);
static void report_too_many(void);
static void start_due(TimestampTz now, TimestampTz *next);
static int	stop_unwanted(void);

void
s3_launcher_init(void)
{
	BackgroundWorker worker = {0};

	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	s3_worker_slots_request();
	strlcpy(worker.bgw_name, "s3store launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "s3store launcher", BGW_MAXLEN);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = RESTART_WAIT;
	strlcpy(worker.bgw_library_name, "s3store", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "s3store_launcher_main", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}

void
s3store_launcher_main(Datum arg)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	s3_worker_slots_launcher();
	launch_forever();
}

/*
 * Looks for new databases once a poll interval; in between, workers that exit
 * say when they have to be started again.
 */
static void
launch_forever(void)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "s3store launcher",
												  ALLOCSET_DEFAULT_SIZES);
	TimestampTz round_at = 0;

	for (;;)
	{
		TimestampTz now = GetCurrentTimestamp();
		TimestampTz next = round_at;
		long		wait;

		CHECK_FOR_INTERRUPTS();
		(void) s3_worker_reload();
		MemoryContextSwitchTo(context);
		MemoryContextReset(context);
		if (s3_settings_worker_enabled())
		{
			if (now >= round_at)
			{
				add_databases();
				round_at = now + s3_guc_worker_poll_interval * USECS_PER_SEC;
			}
			start_due(now, &next);
			next = Min(next, round_at);
		}
		else
			next = DT_NOEND;
		wait = TimestampDifferenceMilliseconds(now, next) + 1;
		if (stop_unwanted() > 0)
			wait = Min(wait, LEAVE_INTERVAL);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 Min(wait, INT_MAX), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

/*
 * Gives slots to the databases that allow connections, whether they have the
 * extension or not, and frees those of dropped ones.
 */
static void
add_databases(void)
{
	Relation	table;
	TableScanDesc scan;
	HeapTuple	tuple;
	Oid			known[S3_WORKER_SLOTS_MAX];
	int			count = s3_worker_slots_known(known);
	bool		has_room = true;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	table = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(table, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);

		if (database->datconnlimit == HALF_DROPPED)
			continue;
		for (int i = 0; i < count; i++)
			if (known[i] == database->oid)
				known[i] = InvalidOid;
		if (database->datallowconn && !database->datistemplate)
			has_room &= s3_worker_slots_add(database->oid);
	}
	table_endscan(scan);
	table_close(table, AccessShareLock);
	CommitTransactionCommand();

	for (int i = 0; i < count; i++)
		if (OidIsValid(known[i]))
			s3_worker_slots_forget(known[i]);
	if (!has_room)
		report_too_many();
}

static void
report_too_many(void)
{
	static bool reported = false;

	if (!reported)
		ereport(LOG,
				(errmsg("s3store can serve only %d databases at a time", S3_WORKER_SLOTS_MAX),
				 errdetail("There are more. They take turns, and deletions may wait for several times s3store.worker_poll_interval.")));
	reported = true;
}

/* Tries again a second later where the server has no room for a worker. */
static void
start_due(TimestampTz now, TimestampTz *next)
{
	Oid			databases[S3_WORKER_SLOTS_MAX];
	int			count = s3_worker_slots_due(now, databases, lengthof(databases), next);

	for (int i = 0; i < count; i++)
		if (!s3_worker_slots_start_worker(databases[i]))
			*next = now + USECS_PER_SEC;
}

/* Returns how many workers run. */
static int
stop_unwanted(void)
{
	Oid			databases[S3_WORKER_SLOTS_MAX];
	int			pids[S3_WORKER_SLOTS_MAX];
	int			count = s3_worker_slots_running(databases, pids, S3_WORKER_SLOTS_MAX);

	if (count == 0)
		return 0;
	StartTransactionCommand();
	for (int i = 0; i < count; i++)
		if (s3_worker_must_leave(databases[i]))
			(void) kill(pids[i], SIGTERM);
	CommitTransactionCommand();
	return count;
}
