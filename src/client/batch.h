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
	int			index;			/* of the URL, from 0 */
	text	   *url;			/* NULL for NULL */
	MemoryContext context;		/* of all that the item needs */
	void	   *state;			/* the work's */
	size_t		result_size;	/* bytes; 0 where it is small */
	bool		done;
	bool		failed;
	const S3Call *failed_call;	/* what "err" is about, or NULL */
	S3Error		err;
} S3BatchItem;

typedef struct S3BatchWork
{
	/*
	 * Takes the next step of an item; "finished" is its last call, NULL at
	 * first.  Returns the call to perform, or NULL when the item is done or
	 * has failed.  Runs in the item's memory context.
	 */
	S3Call	   *(*step) (S3BatchItem *item, const S3Finished *finished, void *arg);

	/* Takes the result of an item, in the order of the URLs.  Likewise. */
	void		(*emit) (S3BatchItem *item, void *arg);
	void	   *arg;
} S3BatchWork;

/*
 * Items are in memory while they are under way, and while an item before them
 * is: no more than a few for each connection.  The endpoint of the first URL
 * says how many connections there are.
 */
extern void s3_batch_run(const S3BatchWork *work, const Datum *urls, const bool *nulls,
						 int count);

/* Returns how many connections the endpoint of a URL allows; 0: there is none. */
extern int	s3_batch_connections(text *url);

/*
 * For a step: the item has failed.  "call" is the call that "err" is about, or
 * NULL.  Returns NULL.
 */
extern S3Call *s3_batch_fail(S3BatchItem *item, const S3Call *call, const S3Error *err);

#endif							/* S3STORE_BATCH_H */
