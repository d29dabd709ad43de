/*-------------------------------------------------------------------------
 *
 * backoff.c
 *	  How long a deletion waits for its next attempt.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/random.h"
#include "queue/backoff.h"

int
s3_backoff(int attempts)
{
	int			most = S3_BACKOFF_MIN;

	while (attempts-- > 0 && most < S3_BACKOFF_MAX)
		most *= 2;
	most = Min(most, S3_BACKOFF_MAX);
	return most - (int) (s3_random_fraction() * (most / 2));
}
