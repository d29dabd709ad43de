/*-------------------------------------------------------------------------
 *
 * schedule.c
 *	  When a queued deletion is due: first, and again after a failure.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "fmgr.h"
#include "utils/fmgrprotos.h"

#include "base/random.h"
#include "queue/schedule.h"
#include "settings/settings.h"

#define BACKOFF_MIN		1000	/* ms */
#define BACKOFF_MAX		3600000

void
s3_schedule_check_delay(const Interval *delay)
{
	Interval	zero = {0};

	if (DatumGetInt32(DirectFunctionCall2(interval_cmp, IntervalPGetDatum(delay),
										  IntervalPGetDatum(&zero))) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"delay\" must not be negative")));
}

TimestampTz
s3_schedule_first(const Interval *delay)
{
	TimestampTz now = GetCurrentTimestamp();

	if (delay == NULL)
		return now + s3_guc_delete_delay * USECS_PER_SEC;
	s3_schedule_check_delay(delay);
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												   TimestampTzGetDatum(now),
												   IntervalPGetDatum(delay)));
}

int
s3_schedule_backoff(int attempts)
{
	int			most = BACKOFF_MIN;

	while (attempts-- > 0 && most < BACKOFF_MAX)
		most *= 2;
	most = Min(most, BACKOFF_MAX);
	return most - (int) (s3_random_fraction() * (most / 2));
}
