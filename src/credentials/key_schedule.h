/*-------------------------------------------------------------------------
 *
 * key_schedule.h
 *	  When temporary keys are renewed.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_KEY_SCHEDULE_H
#define S3STORE_KEY_SCHEDULE_H

#include "base/base.h"

/* All in seconds since 1970. */
typedef struct S3KeySchedule
{
	int64		expires_at;		/* 0: there are no keys */
	int64		renew_at;		/* a good time to */
	int64		attempted_at;	/* the last time, well or not */
} S3KeySchedule;

/*
 * Notes that keys came; "chance", from 0 to 1, keeps the sessions of a server
 * from renewing theirs all at once.
 */
extern void s3_key_schedule_set(S3KeySchedule *schedule, int64 expires_at, int64 now,
								double chance);

/* Can the keys still be used? */
extern bool s3_key_schedule_is_usable(const S3KeySchedule *schedule, int64 now);

/* Is it time to ask for new ones? */
extern bool s3_key_schedule_is_due(const S3KeySchedule *schedule, int64 now);

#endif							/* S3STORE_KEY_SCHEDULE_H */
