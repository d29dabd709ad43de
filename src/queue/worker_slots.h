/*-------------------------------------------------------------------------
 *
 * worker_slots.h
 *	  The workers of the cluster, in shared memory: one slot a database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_WORKER_SLOTS_H
#define S3STORE_WORKER_SLOTS_H

#include "base/base.h"

#include "datatype/timestamp.h"

/* To be called while the postmaster loads the library; not needed otherwise. */
extern void s3_worker_slots_request(void);

/*
 * A transaction that is about to commit, and wants the worker afterwards,
 * calls the first; whichever way it ends, one of the others.  The worker of a
 * database does not leave while there is such a transaction.  Only the first
 * can throw.  It returns false when there is no slot: then none of the others
 * follows.  "start": a worker has to be started.
 */
extern bool s3_worker_slots_expect(Oid database, bool *start);
extern void s3_worker_slots_commit(Oid database);
extern void s3_worker_slots_abort(Oid database);

/* The worker could not be started. */
extern void s3_worker_slots_not_started(Oid database);

/*
 * The worker's side.  The first returns false when the database has a worker
 * already.  s3_worker_slots_wakes counts commits, for s3_worker_slots_leave to see whether
 * there were more: then the worker has to stay, and false is returned.
 * "due_at" is when a worker is needed next.
 */
extern bool s3_worker_slots_enter(Oid database);
extern uint64 s3_worker_slots_wakes(Oid database);
extern bool s3_worker_slots_leave(Oid database, uint64 wakes, TimestampTz due_at);

/*
 * The launcher's side.  s3_worker_slots_launcher makes this process the one that
 * workers wake when they leave.  s3_worker_slots_next_due returns the databases
 * whose worker is due, and when the next one will be; each has its worker
 * "starting" then.  s3_worker_slots_add lets a worker look at a database that has no
 * slot, in place of one where a worker has been, and returns false when it has to
 * wait for its turn; s3_worker_slots_forget takes the slot of one that is gone; s3_worker_slots_known has
 * room for S3_WORKER_SLOTS_MAX of them; s3_worker_slots_running tells the process of a database's worker, 0: none.
 */
extern void s3_worker_slots_launcher(void);
extern bool s3_worker_slots_has_launcher(void);
extern bool s3_worker_slots_add(Oid database);
extern int	s3_worker_slots_known(Oid *databases);
extern void s3_worker_slots_forget(Oid database);
extern int	s3_worker_slots_due(TimestampTz now, Oid *databases, int max, TimestampTz *next);
extern int	s3_worker_slots_running(Oid *databases, int *pids, int max);

#define S3_WORKER_SLOTS_MAX	64	/* databases */

#endif							/* S3STORE_WORKER_SLOTS_H */
