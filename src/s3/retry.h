/*-------------------------------------------------------------------------
 *
 * retry.h
 *	  Whether and when a request that failed is sent again, as the standard
 *	  retry mode of AWS's SDKs has it.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_RETRY_H
#define S3STORE_RETRY_H

#include "base/error.h"
#include "base/http_message.h"

#define S3_RETRY_TOKENS_MAX		500 /* of the budget of one server */

typedef enum S3RetryReason
{
	S3_RETRY_NEVER,
	S3_RETRY_LOST,				/* no answer came: connection or timeout */
	S3_RETRY_FAILED,			/* the server says that it failed */
	S3_RETRY_THROTTLED,			/* the server asks for fewer requests */
	S3_RETRY_CLOCK,				/* signed for a time that is not the server's */
	S3_RETRY_REGION				/* signed for another region; "err" has the
								 * one */
} S3RetryReason;

/*
 * Why the request may be sent again.  A request that is not "repeatable" may
 * only where the server cannot have served it.
 */
extern S3RetryReason s3_retry_reason(const S3Error *err, bool repeatable);

/*
 * Milliseconds to wait before the n-th retry (from 1): "fraction" (0 to 1, at
 * random) of a span that doubles each time, or what the answer's Retry-After
 * asks for, if that is more; 20 seconds at most.
 */
extern int	s3_retry_delay(int retry, double fraction, const char *retry_after);

/* What such a retry takes from a server's budget. */
extern int	s3_retry_cost(S3RetryReason reason);

#endif							/* S3STORE_RETRY_H */
