/*-------------------------------------------------------------------------
 *
 * worker_slots.c
 *	  The workers of the cluster, in shared memory: one slot for each database.
 *
 * Guarantees: when a transaction that has queued something has committed, a
 * worker runs or is being started: none exits between s3_worker_slots_expect()
 * and s3_worker_slots_commit().
 *
 * The memory is a few kilobytes, and holds no pointers.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/spin.h"
#include "utils/timestamp.h"

#include "backend/shared_memory.h"
#include "queue/worker_slots.h"

#define START_TIMEOUT	10000	/* ms from a worker's start until it has
								 * entered its slot */

typedef struct Slot
{
	Oid			database;		/* InvalidOid: free */
	int			pid;			/* of its worker; 0: none */
	int			expected;		/* transactions about to commit */
	uint64		wakes;			/* transactions that have committed */
	TimestampTz started_at;		/* when its worker was started; 0: it was not,
								 * or has entered */
	TimestampTz due_at;			/* when the launcher has to start one */
	bool		served;			/* a worker has run since the slot was
								 * assigned */
} Slot;

typedef struct Slots
{
	slock_t		mutex;
	int			launcher;		/* its pid; 0: none */
	Slot		slots[S3_WORKER_SLOTS_MAX];
} Slots;

static Slots *shared;
static bool leaves_at_exit;

static void attach(void);
static bool start_process(Oid database, const char *extra);
static void note_not_started(Oid database);
static void init_slots(void *slots);
static Slot *find_slot(Oid database);
static Slot *make_slot(Oid database, TimestampTz now);
static Slot *spare_slot(TimestampTz now, bool served);
static void assign_slot(Slot *slot, Oid database);
static bool is_idle(const Slot *slot, TimestampTz now);
static bool is_starting(const Slot *slot, TimestampTz now);
static void wake(int pid);
static void leave_at_exit(int code, Datum database);
static void forget_launcher(int code, Datum arg);

void
s3_worker_slots_request(void)
{
	s3_shared_memory_request(sizeof(Slots));
}

/* May throw. */
static void
attach(void)
{
	if (shared == NULL)
		shared = s3_shared_memory_attach("workers", sizeof(Slots), init_slots, false);
}

static void
init_slots(void *slots)
{
	SpinLockInit(&((Slots *) slots)->mutex);
}

bool
s3_worker_slots_expect(Oid database, bool *start)
{
	TimestampTz now = GetCurrentTimestamp();
	Slot	   *slot;

	*start = false;
	attach();
	SpinLockAcquire(&shared->mutex);
	slot = make_slot(database, now);
	if (slot != NULL)
	{
		slot->expected++;
		*start = slot->pid == 0 && !is_starting(slot, now);
		if (*start)
			slot->started_at = now;
	}
	SpinLockRelease(&shared->mutex);
	return slot != NULL;
}

void
s3_worker_slots_commit(Oid database)
{
	Slot	   *slot;
	int			pid = 0;

	SpinLockAcquire(&shared->mutex);
	slot = find_slot(database);
	if (slot != NULL)
	{
		slot->expected--;
		slot->wakes++;
		slot->due_at = 0;
		pid = slot->pid;
	}
	SpinLockRelease(&shared->mutex);
	wake(pid);
}

void
s3_worker_slots_abort(Oid database)
{
	Slot	   *slot;

	SpinLockAcquire(&shared->mutex);
	slot = find_slot(database);
	if (slot != NULL)
		slot->expected--;
	SpinLockRelease(&shared->mutex);
}

bool
s3_worker_slots_start_worker(Oid database)
{
	if (start_process(database, ""))
		return true;
	note_not_started(database);
	return false;
}

void
s3_worker_slots_start_helper(Oid database)
{
	(void) start_process(database, S3_WORKER_HELPER);
}

static bool
start_process(Oid database, const char *extra)
{
	BackgroundWorker worker = {0};

	snprintf(worker.bgw_name, BGW_MAXLEN, "s3store worker for database %u", database);
	strlcpy(worker.bgw_type, "s3store worker", BGW_MAXLEN);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "s3store", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "s3store_worker_main", BGW_MAXLEN);
	strlcpy(worker.bgw_extra, extra, BGW_EXTRALEN);
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	return RegisterDynamicBackgroundWorker(&worker, NULL);
}

static void
note_not_started(Oid database)
{
	Slot	   *slot;

	SpinLockAcquire(&shared->mutex);
	slot = find_slot(database);
	if (slot != NULL)
		slot->started_at = 0;
	SpinLockRelease(&shared->mutex);
}

bool
s3_worker_slots_enter(Oid database)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		entered = false;
	Slot	   *slot;

	attach();
	SpinLockAcquire(&shared->mutex);
	slot = make_slot(database, now);
	if (slot != NULL && slot->pid == 0)
	{
		slot->pid = MyProcPid;
		slot->started_at = 0;
		entered = true;
	}
	SpinLockRelease(&shared->mutex);
	if (entered && !leaves_at_exit)
	{
		before_shmem_exit(leave_at_exit, ObjectIdGetDatum(database));
		leaves_at_exit = true;
	}
	return entered;
}

uint64
s3_worker_slots_wakes(Oid database)
{
	uint64		wakes = 0;
	Slot	   *slot;

	SpinLockAcquire(&shared->mutex);
	slot = find_slot(database);
	if (slot != NULL)
		wakes = slot->wakes;
	SpinLockRelease(&shared->mutex);
	return wakes;
}

bool
s3_worker_slots_leave(Oid database, uint64 wakes, TimestampTz due_at)
{
	bool		leaves = true;
	int			launcher;
	Slot	   *slot;

	SpinLockAcquire(&shared->mutex);
	slot = find_slot(database);
	if (slot != NULL && slot->pid == MyProcPid)
	{
		leaves = slot->expected == 0 && slot->wakes == wakes;
		if (leaves)
		{
			slot->pid = 0;
			slot->due_at = due_at;
			slot->served = true;
		}
	}
	launcher = shared->launcher;
	SpinLockRelease(&shared->mutex);
	if (leaves)
		wake(launcher);
	return leaves;
}

void
s3_worker_slots_launcher(void)
{
	attach();
	SpinLockAcquire(&shared->mutex);
	shared->launcher = MyProcPid;
	SpinLockRelease(&shared->mutex);
	before_shmem_exit(forget_launcher, (Datum) 0);
}

bool
s3_worker_slots_has_launcher(void)
{
	bool		has_launcher;

	SpinLockAcquire(&shared->mutex);
	has_launcher = shared->launcher != 0;
	SpinLockRelease(&shared->mutex);
	return has_launcher;
}

bool
s3_worker_slots_add(Oid database)
{
	TimestampTz now = GetCurrentTimestamp();
	Slot	   *slot;

	SpinLockAcquire(&shared->mutex);
	slot = find_slot(database);
	if (slot == NULL)
	{
		slot = spare_slot(now, true);
		if (slot != NULL)
			assign_slot(slot, database);
	}
	SpinLockRelease(&shared->mutex);
	return slot != NULL;
}

int
s3_worker_slots_known(Oid *databases)
{
	int			count = 0;

	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < S3_WORKER_SLOTS_MAX; i++)
		if (OidIsValid(shared->slots[i].database))
			databases[count++] = shared->slots[i].database;
	SpinLockRelease(&shared->mutex);
	return count;
}

void
s3_worker_slots_forget(Oid database)
{
	TimestampTz now = GetCurrentTimestamp();
	Slot	   *slot;

	SpinLockAcquire(&shared->mutex);
	slot = find_slot(database);
	if (slot != NULL && is_idle(slot, now))
		memset(slot, 0, sizeof(Slot));
	SpinLockRelease(&shared->mutex);
}

int
s3_worker_slots_due(TimestampTz now, Oid *databases, int max, TimestampTz *next)
{
	int			count = 0;

	*next = DT_NOEND;
	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < S3_WORKER_SLOTS_MAX; i++)
	{
		Slot	   *slot = &shared->slots[i];

		if (!OidIsValid(slot->database) || slot->pid != 0 || is_starting(slot, now))
			continue;
		if (slot->due_at > now)
			*next = Min(*next, slot->due_at);
		else if (count < max)
		{
			slot->started_at = now;
			databases[count++] = slot->database;
		}
	}
	SpinLockRelease(&shared->mutex);
	return count;
}

int
s3_worker_slots_running(Oid *databases, int *pids, int max)
{
	int			count = 0;

	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < S3_WORKER_SLOTS_MAX && count < max; i++)
	{
		const Slot *slot = &shared->slots[i];

		if (slot->pid == 0)
			continue;
		databases[count] = slot->database;
		pids[count++] = slot->pid;
	}
	SpinLockRelease(&shared->mutex);
	return count;
}

/* The callers of this and the following functions hold the spinlock. */
static Slot *
find_slot(Oid database)
{
	for (int i = 0; i < S3_WORKER_SLOTS_MAX; i++)
		if (shared->slots[i].database == database)
			return &shared->slots[i];
	return NULL;
}

/* Takes the slot of an idle database, if need be; NULL when none is idle. */
static Slot *
make_slot(Oid database, TimestampTz now)
{
	Slot	   *slot = find_slot(database);

	if (slot != NULL)
		return slot;
	slot = spare_slot(now, true);
	if (slot == NULL)
		slot = spare_slot(now, false);
	if (slot != NULL)
		assign_slot(slot, database);
	return slot;
}

/*
 * Returns a free slot, or of the idle ones the one that is due last, or NULL.
 * With "served", only idle slots whose worker has run count.
 */
static Slot *
spare_slot(TimestampTz now, bool served)
{
	Slot	   *spare = NULL;

	for (int i = 0; i < S3_WORKER_SLOTS_MAX; i++)
	{
		Slot	   *slot = &shared->slots[i];

		if (!OidIsValid(slot->database))
			return slot;
		if (is_idle(slot, now) && (slot->served || !served) &&
			(spare == NULL || slot->due_at > spare->due_at))
			spare = slot;
	}
	return spare;
}

static void
assign_slot(Slot *slot, Oid database)
{
	memset(slot, 0, sizeof(Slot));
	slot->database = database;
}

static bool
is_idle(const Slot *slot, TimestampTz now)
{
	return slot->pid == 0 && slot->expected == 0 && !is_starting(slot, now);
}

/* A worker that does not enter in time is taken to have failed to start. */
static bool
is_starting(const Slot *slot, TimestampTz now)
{
	return slot->started_at != 0 &&
		now - slot->started_at < START_TIMEOUT * INT64CONST(1000);
}

/* Does not throw; does nothing when the process has exited meanwhile. */
static void
wake(int pid)
{
	PGPROC	   *proc = pid == 0 ? NULL : BackendPidGetProc(pid);

	if (proc != NULL)
		SetLatch(&proc->procLatch);
}

/* When the worker exits by an error, the launcher starts it again in a minute. */
static void
leave_at_exit(int code, Datum database)
{
	Slot	   *slot;

	SpinLockAcquire(&shared->mutex);
	slot = find_slot(DatumGetObjectId(database));
	if (slot != NULL && slot->pid == MyProcPid)
	{
		slot->pid = 0;
		slot->due_at = GetCurrentTimestamp() + USECS_PER_MINUTE;
		slot->served = true;
	}
	SpinLockRelease(&shared->mutex);
}

static void
forget_launcher(int code, Datum arg)
{
	SpinLockAcquire(&shared->mutex);
	if (shared->launcher == MyProcPid)
		shared->launcher = 0;
	SpinLockRelease(&shared->mutex);
}
