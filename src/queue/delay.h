/*-------------------------------------------------------------------------
 *
 * delay.h
 *	  When a deletion that is queued now is due.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_DELAY_H
#define S3STORE_DELAY_H

#include "base/base.h"

#include "utils/timestamp.h"

/* Throws 22023 for a negative delay. */
extern void s3_delay_check(const Interval *delay);

/* Returns the end of a delay that starts now; NULL: of s3store.delete_delay. */
extern TimestampTz s3_delay_end(const Interval *delay);

#endif							/* S3STORE_DELAY_H */
