/*-------------------------------------------------------------------------
 *
 * batch.h
 *	  The same work on many URLs, several at a time, with the results in the
 *	  order of the URLs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_BATCH_H
#define S3STORE_BATCH_H

#include "client/pipeline.h"

typedef struct S3BatchItem
{
	int			index;			/* among the URLs, from 0 */
	text	   *url;			/* NULL for NULL */
	MemoryContext context;		/* of all that the item needs */
	void	   *state;			/* the work's */
	size_t		held;			/* bytes that its result holds */
	bool		done;
	bool		failed;
	const S3Call *failed_call;	/* what "err" is about, or NULL */
	S3Error		err;
} S3BatchItem;

typedef struct S3BatchWork
{
	/*
	 * Takes the next step of an item, with how its last call came out (NULL
	 * at first).  Returns the call to perform, or NULL when the item is done
	 * or has failed.  Runs in the item's memory context.
	 */
	S3Call	   *(*step) (S3BatchItem *item, const S3Finished *finished, void *arg);

	/* Takes the result of an item; the items come in order.  Likewise. */
	void		(*emit) (S3BatchItem *item, void *arg);
	void	   *arg;
} S3BatchWork;

/*
 * What is held at a time are the items under way, and those done that wait for
 * one before them: no more than a few for each connection.
 */
extern void s3_batch_run(const S3BatchWork *work, const Datum *urls, const bool *nulls,
						 int count);

/* How many connections a call about these URLs has: by the first one's endpoint. */
extern int	s3_batch_connections(const Datum *urls, const bool *nulls, int count);

/* For a step: the item has failed. */
extern S3Call *s3_batch_fail(S3BatchItem *item, const S3Call *call, const S3Error *err);

#endif							/* S3STORE_BATCH_H */
