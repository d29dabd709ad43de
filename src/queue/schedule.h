/*-------------------------------------------------------------------------
 *
 * schedule.h
 *	  When a queued deletion is due: first, and again after a failure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SCHEDULE_H
#define S3STORE_SCHEDULE_H

#include "base/base.h"

#include "utils/timestamp.h"

/* Throws 22023 for a negative delay. */
extern void s3_schedule_check_delay(const Interval *delay);

/* Returns the end of a delay that starts now; NULL: of s3store.delete_delay. */
extern TimestampTz s3_schedule_first(const Interval *delay);

/*
 * Returns the milliseconds to wait after a failed attempt, when "attempts"
 * have failed before it: exponential backoff with jitter, up to an hour.
 */
extern int	s3_schedule_backoff(int attempts);

#endif							/* S3STORE_SCHEDULE_H */
