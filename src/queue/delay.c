/*-------------------------------------------------------------------------
 *
 * delay.c
 *	  When a deletion that is queued now is due.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "fmgr.h"
#include "utils/fmgrprotos.h"

#include "queue/delay.h"
#include "settings/settings.h"

void
s3_delay_check(const Interval *delay)
{
	Interval	zero = {0};

	if (DatumGetInt32(DirectFunctionCall2(interval_cmp, IntervalPGetDatum(delay),
										  IntervalPGetDatum(&zero))) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"delay\" must not be negative")));
}

TimestampTz
s3_delay_end(const Interval *delay)
{
	TimestampTz now = GetCurrentTimestamp();

	if (delay == NULL)
		return now + s3_guc_delete_delay * USECS_PER_SEC;
	s3_delay_check(delay);
	return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												   TimestampTzGetDatum(now),
												   IntervalPGetDatum(delay)));
}
