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
	bool		parked;			/* set by a step that returns NULL, and goes
								 * on after "flush" */
	bool		ready;			/* "flush" was called: to go on */
	bool		done;
	bool		failed;
	const S3Call *failed_call;	/* what "err" is about, or NULL */
	S3Error		err;
} S3BatchItem;

/*
 * Takes the next step of an item; "finished" is its last call, NULL at first.
 * Returns the call to perform, or NULL when the item is done or has failed.
 * Runs in the item's memory context.
 */
typedef S3Call *(*S3BatchStep) (S3BatchItem *item, const S3Finished *finished, void *arg);

typedef struct S3BatchWork
{
	S3BatchStep step;

	/* Takes the result of an item, in the order of the URLs.  Likewise. */
	void		(*emit) (S3BatchItem *item, void *arg);
	void	   *arg;

	/*
	 * Does for all parked items at once what each has to wait for; then they
	 * take their next steps.  NULL: none is ever parked.
	 */
	void		(*flush) (void *arg);
} S3BatchWork;

/*
 * Items are in memory while they are under way, and while an item before them
 * is: no more than a few for each connection.  The endpoint of the first URL
 * says how many connections there are.
 */
extern void s3_batch_run(const S3BatchWork *work, const Datum *urls, const bool *nulls,
						 int count);

/*
 * The same for one URL: takes all steps, in the current memory context, which
 * is the item's, and throws what the item fails with.
 */
extern void s3_batch_run_one(S3BatchItem *item, text *url, S3BatchStep step, void *arg);

/* Returns how many connections the endpoint of a URL allows; 0: there is none. */
extern int	s3_batch_connections(text *url);

/*
 * For a first step: opens a call for the item's URL.  Returns NULL when the URL
 * names no object, or the item has failed for what it names.  Throws 25006.
 */
extern S3Call *s3_batch_open(S3BatchItem *item, S3Call *call, S3OperationId operation,
							 const char *command);

/*
 * For a step: the item has failed.  "call" is the call that "err" is about, or
 * NULL.  Returns NULL.
 */
extern S3Call *s3_batch_fail(S3BatchItem *item, const S3Call *call, const S3Error *err);

#endif							/* S3STORE_BATCH_H */
