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
#include "settings/settings.h"

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
	bool		waits;			/* for a worker, since too many run */
	TimestampTz left_at;		/* when its worker has left; 0: never */
	int			told;			/* what its worker has logged last, by its own
								 * numbers */
} Slot;

typedef struct Slots
{
	slock_t		mutex;
	int			launcher;		/* its pid; 0: none */
	int			helpers;		/* that run beside the workers */
	bool		full_told;		/* that the server has no room for a worker */
	Slot		slots[S3_WORKER_SLOTS_MAX];
} Slots;

static Slots *shared;
static bool leaves_at_exit;

static void attach(void);
static bool start_process(Oid database, const char *extra);
static void note_not_started(Oid database);
static void note_start(Slot *slot, TimestampTz now);
static bool is_waiting(const Slot *slot, TimestampTz now);
static Slot *first_waiting(TimestampTz now);
static bool has_room(TimestampTz now);
static int	workers_max(void);
static void leave_helper(int code, Datum arg);
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

void
s3_worker_slots_attach(void)
{
	attach();
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
		slot->waits = slot->pid == 0 && !is_starting(slot, now);
		*start = slot->waits && has_room(now);
		if (*start)
			note_start(slot, now);
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

void
s3_worker_slots_nudge(Oid database)
{
	Slot	   *slot;
	int			pid = 0;

	if (shared == NULL)
		return;
	SpinLockAcquire(&shared->mutex);
	slot = find_slot(database);
	if (slot != NULL)
	{
		slot->wakes++;
		slot->due_at = 0;
		pid = slot->pid != 0 ? slot->pid : shared->launcher;
	}
	SpinLockRelease(&shared->mutex);
	wake(pid);
}

bool
s3_worker_slots_is_wanted(Oid database)
{
	TimestampTz now;
	bool		wanted = false;

	if (shared == NULL)
		return false;
	now = GetCurrentTimestamp();
	SpinLockAcquire(&shared->mutex);
	if (shared->launcher == 0)
	{
		const Slot *slot = find_slot(database);

		wanted = slot == NULL || (is_idle(slot, now) && slot->due_at == 0);
	}
	SpinLockRelease(&shared->mutex);
	return wanted;
}

bool
s3_worker_slots_start_worker(Oid database)
{
	bool		started = start_process(database, "");
	bool		tell;

	SpinLockAcquire(&shared->mutex);
	if (!started)
		note_not_started(database);
	tell = !started && !shared->full_told;
	shared->full_told = !started;
	SpinLockRelease(&shared->mutex);
	if (tell)
		ereport(LOG,
				(errmsg("no background worker slot is free for s3store"),
				 errdetail("Queued deletions wait for one."),
				 errhint("You might need to increase max_worker_processes, or decrease s3store.max_workers.")));
	return started;
}

void
s3_worker_slots_start_helper(Oid database)
{
	bool		room;

	SpinLockAcquire(&shared->mutex);
	room = has_room(GetCurrentTimestamp());
	SpinLockRelease(&shared->mutex);
	if (room)
		(void) start_process(database, S3_WORKER_HELPER);
}

void
s3_worker_slots_enter_helper(void)
{
	attach();
	SpinLockAcquire(&shared->mutex);
	shared->helpers++;
	SpinLockRelease(&shared->mutex);
	before_shmem_exit(leave_helper, (Datum) 0);
}

static void
leave_helper(int code, Datum arg)
{
	int			launcher;

	SpinLockAcquire(&shared->mutex);
	shared->helpers--;
	launcher = shared->launcher;
	SpinLockRelease(&shared->mutex);
	wake(launcher);
}

bool
s3_worker_slots_others_wait(Oid database)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		wait = false;

	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < S3_WORKER_SLOTS_MAX && !wait; i++)
		wait = shared->slots[i].database != database && is_waiting(&shared->slots[i], now);
	wait = wait && !has_room(now);
	SpinLockRelease(&shared->mutex);
	return wait;
}

void
s3_worker_slots_pass_on(void)
{
	TimestampTz now = GetCurrentTimestamp();
	Oid			database = InvalidOid;
	Slot	   *next;

	SpinLockAcquire(&shared->mutex);
	next = first_waiting(now);
	if (next != NULL && shared->launcher == 0 && has_room(now))
	{
		database = next->database;
		note_start(next, now);
	}
	SpinLockRelease(&shared->mutex);
	if (OidIsValid(database))
		(void) s3_worker_slots_start_worker(database);
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

/* The callers of this and the following functions hold the spinlock. */
static void
note_not_started(Oid database)
{
	Slot	   *slot = find_slot(database);

	if (slot != NULL)
		slot->started_at = 0;
}

static void
note_start(Slot *slot, TimestampTz now)
{
	slot->started_at = now;
	slot->waits = false;
}

static bool
is_waiting(const Slot *slot, TimestampTz now)
{
	return OidIsValid(slot->database) && slot->waits && slot->pid == 0 && !is_starting(slot, now);
}

/* Returns the one that has had its turn longest ago, or NULL. */
static Slot *
first_waiting(TimestampTz now)
{
	Slot	   *first = NULL;

	for (int i = 0; i < S3_WORKER_SLOTS_MAX; i++)
	{
		Slot	   *slot = &shared->slots[i];

		if (is_waiting(slot, now) && (first == NULL || slot->left_at < first->left_at))
			first = slot;
	}
	return first;
}

/* May another worker run? */
static bool
has_room(TimestampTz now)
{
	int			count = shared->helpers;

	for (int i = 0; i < S3_WORKER_SLOTS_MAX; i++)
	{
		const Slot *slot = &shared->slots[i];

		count += OidIsValid(slot->database) && (slot->pid != 0 || is_starting(slot, now));
	}
	return count < workers_max();
}

/* Parallel queries and other extensions need processes, too. */
static int
workers_max(void)
{
	return s3_guc_max_workers > 0 ? s3_guc_max_workers : Max(1, max_worker_processes / 2);
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
		slot->waits = false;
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
s3_worker_slots_told(Oid database, int what)
{
	bool		told = false;
	Slot	   *slot;

	SpinLockAcquire(&shared->mutex);
	slot = find_slot(database);
	if (slot != NULL)
	{
		told = slot->told == what;
		slot->told = what;
	}
	SpinLockRelease(&shared->mutex);
	return told;
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
			slot->left_at = GetCurrentTimestamp();
			slot->waits = due_at <= slot->left_at;
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

/* First those whose workers have left longest ago. */
int
s3_worker_slots_due(TimestampTz now, Oid *databases, int max, TimestampTz *next)
{
	int			count = 0;
	Slot	   *first;

	*next = DT_NOEND;
	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < S3_WORKER_SLOTS_MAX; i++)
	{
		Slot	   *slot = &shared->slots[i];

		if (!OidIsValid(slot->database) || slot->pid != 0 || is_starting(slot, now))
			continue;
		slot->waits = slot->due_at <= now;
		if (!slot->waits)
			*next = Min(*next, slot->due_at);
	}
	while (count < max && (first = first_waiting(now)) != NULL && has_room(now))
	{
		note_start(first, now);
		databases[count++] = first->database;
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
		slot->left_at = GetCurrentTimestamp();
		slot->due_at = slot->left_at + USECS_PER_MINUTE;
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
