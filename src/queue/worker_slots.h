/*-------------------------------------------------------------------------
 *
 * worker_slots.h
 *	  The workers of the cluster, in shared memory: one slot for each database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_WORKER_SLOTS_H
#define S3STORE_WORKER_SLOTS_H

#include "base/base.h"

#include "datatype/timestamp.h"

#define S3_WORKER_SLOTS_MAX	64	/* databases */

/* Requests the memory; called while the postmaster preloads the library. */
extern void s3_worker_slots_request(void);

/*
 * A transaction that is about to commit, and needs the worker afterwards,
 * calls the first, and one of the others when it has ended.  The worker of the
 * database does not exit in between.  Only the first can throw.  It returns
 * false when there is no free slot: then none of the others follows.  "start"
 * is set when the caller has to start a worker.
 */
extern bool s3_worker_slots_expect(Oid database, bool *start);
extern void s3_worker_slots_commit(Oid database);
extern void s3_worker_slots_abort(Oid database);

/*
 * Wakes the worker of a database, or has the launcher start one, if there is
 * one.  Never throws; does nothing in a process that has not called
 * s3_worker_slots_expect() or s3_worker_slots_attach().  The latter may throw.
 */
extern void s3_worker_slots_nudge(Oid database);
extern void s3_worker_slots_attach(void);

/*
 * Without a launcher: has the database no worker, though one was woken, or none
 * has run since the server was started?  False in a process that has called
 * neither.
 */
extern bool s3_worker_slots_is_wanted(Oid database);

/*
 * Starts the worker of a database, whose slot is marked as starting, without
 * waiting for it.  Returns false when the server has no room for another
 * process (max_worker_processes), which is logged the first time.
 */
extern bool s3_worker_slots_start_worker(Oid database);

/*
 * Starts a process that works for other servers while the worker waits for one
 * of them; its bgw_extra is S3_WORKER_HELPER.  Where there is no room for it,
 * nothing happens.
 */
#define S3_WORKER_HELPER	"helper"
extern void s3_worker_slots_start_helper(Oid database);
extern void s3_worker_slots_enter_helper(void);

/*
 * No more than s3store.max_workers run at a time.  A worker that has had its turn
 * leaves when another database waits; where there is no launcher, it starts the
 * worker of that one then.
 */
extern bool s3_worker_slots_others_wait(Oid database);
extern void s3_worker_slots_pass_on(void);

/*
 * For the worker.  s3_worker_slots_enter() returns false when the database has
 * a worker already.  s3_worker_slots_wakes() counts the commits that need it.
 * s3_worker_slots_leave() returns false, and the worker has to stay, when that
 * count is not "wakes" any more, or a commit is about to come; "due_at" is when
 * a worker is needed next.
 */
extern bool s3_worker_slots_enter(Oid database);
extern uint64 s3_worker_slots_wakes(Oid database);
extern bool s3_worker_slots_leave(Oid database, uint64 wakes, TimestampTz due_at);

/*
 * Notes that the worker of the database logs this: a number, 0 at first.  Returns
 * true when it was the last one that was noted, by an earlier worker, too.
 */
extern bool s3_worker_slots_told(Oid database, int what);

/* Makes this process the launcher, which workers wake when they leave. */
extern void s3_worker_slots_launcher(void);
extern bool s3_worker_slots_has_launcher(void);

/*
 * For the launcher.  s3_worker_slots_add() gives a slot to a database that has
 * none, if need be that of a database whose worker has run and is idle; it
 * returns false when there is none to give.  s3_worker_slots_forget() frees the
 * slot of a dropped database.
 */
extern bool s3_worker_slots_add(Oid database);
extern void s3_worker_slots_forget(Oid database);

/*
 * These fill arrays and return the number of elements: all databases that have
 * slots (S3_WORKER_SLOTS_MAX at most), those that have workers, and those whose
 * worker is due, which are marked as starting; "next" is when the next one is.
 */
extern int	s3_worker_slots_known(Oid *databases);
extern int	s3_worker_slots_running(Oid *databases, int *pids, int max);
extern int	s3_worker_slots_due(TimestampTz now, Oid *databases, int max, TimestampTz *next);

#endif							/* S3STORE_WORKER_SLOTS_H */
