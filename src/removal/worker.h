/*-------------------------------------------------------------------------
 *
 * worker.h
 *	  The background worker that carries out the queued deletions of a
 *	  database, and the launcher that starts one where it is due.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_WORKER_H
#define S3STORE_WORKER_H

#include "base/base.h"

#include "datatype/timestamp.h"

/* Registers the launcher, where the postmaster is loading the library. */
extern void s3_worker_init(void);

/*
 * Starts the worker of a database, without waiting for it.  Returns false when
 * the server has no room for another one (max_worker_processes).
 */
extern bool s3_worker_start(Oid database);

/* Are there workers at all? */
extern bool s3_worker_is_enabled(void);

/* Does another session want the database for itself, to drop or to copy it? */
extern bool s3_worker_is_in_the_way(Oid database);

/* Returns when the launcher has to start the worker, whose work is then due. */
extern TimestampTz s3_worker_next_look(TimestampTz due_at);

/* Reads the configuration again when that is asked for; returns whether it was. */
extern bool s3_worker_reload(void);

#endif							/* S3STORE_WORKER_H */
