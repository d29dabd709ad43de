/*-------------------------------------------------------------------------
 *
 * attempt.h
 *	  One attempt to perform a call of S3's API.  Only pipeline.c uses it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ATTEMPT_H
#define S3STORE_ATTEMPT_H

#include "lib/ilist.h"

#include "client/call.h"
#include "s3/integrity.h"
#include "s3/retry.h"

typedef struct S3Attempt
{
	dlist_node	node;
	S3Finished	finished;
	MemoryContext result_context;
	MemoryContext context;		/* of what one attempt needs */
	S3Fields	headers;		/* as they were before the signature */
	S3HttpRequest http;
	bool		verify_etag;	/* the setting, when it was sent */
	S3Integrity *integrity;		/* of the content; NULL: not started */
	size_t		checked;		/* bytes of the content that it has seen */
	MemoryContextCallback release;
	int			attempts;		/* sent so far */
	int			attempts_max;
	int64		due;			/* s3_http_now(); when to send it */
	int64		deadline;		/* likewise; 0: none */
	int			tokens;			/* taken from the server's budget */
	int			lost;			/* answers that were lost: the server may have
								 * carried the request out */
	int64		signed_at;		/* seconds since 1970, by the server's clock
								 * as far as it is known */
	bool		clock_tried;
	bool		region_tried;
	bool		explains;		/* it asks why the last one has failed */
	bool		explained;		/* that was asked */
	S3Error		unexplained;	/* what the last one has failed with */
	bool		accepts_gzip;	/* it asks for what is stored gzipped as it is */
	bool		was_transcoded; /* what came is not as it is stored */
	bool		afresh;			/* over a connection of its own */
} S3Attempt;

/*
 * Hashes the body of a call that is about to be started, if that is large.
 * Can be cancelled.
 */
extern void s3_attempt_hash_body(S3Call *call);

/* Makes the request, in the current memory context; false: "err" says why not. */
extern bool s3_attempt_prepare(S3Attempt *attempt);

/* Is the answer what was asked for?  Sets "err" where not. */
extern bool s3_attempt_check_answer(S3Attempt *attempt);

/*
 * Ends an attempt that asks why the call has failed: takes the reason from the
 * answer, if one has "come".  Returns false, since the call has failed.
 */
extern bool s3_attempt_take_reason(S3Attempt *attempt, bool come);

/*
 * Returns whether another attempt follows a failure; then its time is in "due",
 * and the answer is forgotten.
 */
extern bool s3_attempt_again(S3Attempt *attempt, S3RetryReason reason);

/* After a success: gives back what its retries took from the server's budget. */
extern void s3_attempt_return_tokens(const S3Attempt *attempt);

#endif							/* S3STORE_ATTEMPT_H */
