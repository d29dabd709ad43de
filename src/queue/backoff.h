/*-------------------------------------------------------------------------
 *
 * backoff.h
 *	  How long a deletion waits for its next attempt.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_BACKOFF_H
#define S3STORE_BACKOFF_H

#include "base/base.h"

#define S3_BACKOFF_MIN	1000	/* ms */
#define S3_BACKOFF_MAX	3600000

/*
 * Returns the milliseconds to wait after an attempt has failed, and
 * "attempts" before it: twice as long each time, up to an hour, and half of
 * that or more by chance, so that what failed together does not come back
 * together.
 */
extern int	s3_backoff(int attempts);

#endif							/* S3STORE_BACKOFF_H */
