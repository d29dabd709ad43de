/*-------------------------------------------------------------------------
 *
 * sweep.h
 *	  Undoes the puts of transactions that did not commit.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SWEEP_H
#define S3STORE_SWEEP_H

#include "base/base.h"

typedef struct S3SweepResult
{
	int64		removed;		/* objects, versions and uploads in parts */
	int64		failed;			/* intents that could not be undone */
	int64		waiting;		/* intents for the next sweep: of running
								 * transactions, of puts without an answer,
								 * and those that have failed */
} S3SweepResult;

/*
 * Goes through the journals of this database, and undoes the puts of aborted
 * transactions.  Failures are reported at "elevel", below ERROR, and left to the
 * next sweep.  Throws when the query is cancelled, and when a journal cannot be
 * read or written.  May be called in a transaction and outside of one.
 * "command" is for messages.
 */
extern void s3_sweep(const char *command, int elevel, S3SweepResult *result);

#endif							/* S3STORE_SWEEP_H */
