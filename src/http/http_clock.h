/*-------------------------------------------------------------------------
 *
 * http_clock.h
 *	  The clock of deadlines.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_HTTP_CLOCK_H
#define S3STORE_HTTP_CLOCK_H

#include "base/base.h"

#include "portability/instr_time.h"

/* Milliseconds of a clock that never jumps. */
static inline int64
s3_http_now(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return (int64) (INSTR_TIME_GET_MICROSEC(now) / 1000);
}

#endif							/* S3STORE_HTTP_CLOCK_H */
