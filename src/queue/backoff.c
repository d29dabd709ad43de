/*-------------------------------------------------------------------------
 *
 * backoff.c
 *	  How long a deletion waits for its next attempt.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "queue/backoff.h"

int
s3_backoff(int attempts)
{
	int			most = S3_BACKOFF_MIN;
	uint32		chance = 0;

	while (attempts-- > 0 && most < S3_BACKOFF_MAX)
		most *= 2;
	most = Min(most, S3_BACKOFF_MAX);
	/* Without entropy there is no jitter, and that is all. */
	(void) pg_strong_random(&chance, sizeof(chance));
	return most - (int) (chance % (uint32) (most / 2));
}
