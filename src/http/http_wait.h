/*-------------------------------------------------------------------------
 *
 * http_wait.h
 *	  The engine of all transfers of a backend, and the wait for it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_HTTP_WAIT_H
#define S3STORE_HTTP_WAIT_H

#include "base/http_message.h"

/*
 * What a process has to do while it waits; called at least once a second.  May
 * throw.  NULL: nothing.
 */
extern void (*s3_http_turn) (void);

/* How many idle connections to keep for later calls; there is a minimum. */
extern void s3_http_keep_connections(int count);

/* Makes the multi handle, once per backend.  Throws when it cannot. */
extern void s3_http_start_engine(void);

/* Starts a transfer; s3_http_wait() moves it on. */
extern void s3_http_attach(S3HttpTransfer *transfer);

/*
 * Takes a transfer out of the engine, in whatever state it is, or leaves its
 * handle there without it.  Never throws.
 */
extern void s3_http_detach(S3HttpTransfer *transfer);

/* Lets a paused transfer go on; the caller has made room.  Never throws. */
extern void s3_http_resume(S3HttpTransfer *transfer);

/*
 * Serves interrupts, then lets libcurl do what is due and marks the transfers
 * that came to an end.  Throws when the query is cancelled.
 */
extern void s3_http_run(void);

/*
 * Waits for something to happen and lets libcurl act on it.  Returns at the
 * deadline (-1: none) at the latest, and after a second in any case.
 */
extern void s3_http_wait(int64 deadline);

/* libcurl's callback: it may start a thread to resolve a name. */
extern int	s3_http_mask_signals(void *resolver, void *reserved, void *arg);

#endif							/* S3STORE_HTTP_WAIT_H */
