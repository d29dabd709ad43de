/*-------------------------------------------------------------------------
 *
 * writer_wait.h
 *	  Queued deletions that wait for transactions which might still name their
 *	  objects in a row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_WRITER_WAIT_H
#define S3STORE_WRITER_WAIT_H

#include "nodes/bitmapset.h"
#include "removal/table_writers.h"

typedef enum S3WriterWait
{
	S3_WRITER_WAIT_NEW,			/* it has not waited yet */
	S3_WRITER_WAIT_BLOCKED,
	S3_WRITER_WAIT_OVER			/* all that it waited for have ended */
} S3WriterWait;

/*
 * Comes before a collection of the writers, and holds s3_writer_lock_claims to the
 * end of the transaction.
 */
extern void s3_writer_wait_begin(void);

/* To be called with every collection of the writers: notes who has ended. */
extern void s3_writer_wait_note(const S3TableWriters *writers);

extern S3WriterWait s3_writer_wait_state(int64 id);

/* Transactions that some deletions wait for together. */
typedef struct S3Blockers S3Blockers;

/*
 * Makes one of the writers with these indexes; it goes with the last that waits.
 * From now on, until nothing waits, the process has s3_writer_lock_claims.
 */
extern S3Blockers *s3_writer_wait_for(const S3TableWriters *writers, const Bitmapset *which);

extern void s3_writer_wait_add(int64 id, S3Blockers *blockers);

/* The deletion waits no longer: it has been dealt with, or is to wait anew. */
extern void s3_writer_wait_forget(int64 id);

/* Nothing waits any longer. */
extern void s3_writer_wait_forget_all(void);

/* How many deletions wait. */
extern int	s3_writer_wait_count(void);

#endif							/* S3STORE_WRITER_WAIT_H */
