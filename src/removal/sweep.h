/*-------------------------------------------------------------------------
 *
 * sweep.h
 *	  Removes what transactions have put that did not commit.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SWEEP_H
#define S3STORE_SWEEP_H

#include "base/base.h"

typedef struct S3SweepResult
{
	int64		removed;		/* objects, versions and uploads in parts */
	int64		failed;			/* intents whose server did not do it */
	int64		waiting;		/* intents that are to be looked at again: of
								 * transactions in progress, of puts without
								 * an answer, and those that have failed */
} S3SweepResult;

/*
 * Goes through this database's journals, and removes from the servers what
 * they say and no commit has confirmed.  What fails is reported at "elevel",
 * which is no error, and stays to be tried again; throws when the query is cancelled, and when a journal
 * cannot be read or written.  May be called in a transaction and outside of
 * one.  "command" is for messages.
 */
extern void s3_sweep(const char *command, int elevel, S3SweepResult *result);

#endif							/* S3STORE_SWEEP_H */
