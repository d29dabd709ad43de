/*-------------------------------------------------------------------------
 *
 * worker.h
 *	  The background worker that carries out the queued deletions of a
 *	  database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_WORKER_H
#define S3STORE_WORKER_H

#include "base/base.h"

/* Does another session wait to drop, rename or copy the database? */
extern bool s3_worker_must_leave(Oid database);

/* Rereads the configuration after SIGHUP; returns whether it did. */
extern bool s3_worker_reload(void);

#endif							/* S3STORE_WORKER_H */
