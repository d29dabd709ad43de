/*-------------------------------------------------------------------------
 *
 * random.c
 *	  Random numbers that spread retries over time.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/random.h"

double
s3_random_fraction(void)
{
	uint32		number;

	if (!pg_strong_random(&number, sizeof(number)))
		return 0;
	return number / (PG_UINT32_MAX + 1.0);
}
