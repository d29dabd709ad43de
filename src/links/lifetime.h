/*-------------------------------------------------------------------------
 *
 * lifetime.h
 *	  From when to when a link is good.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_LIFETIME_H
#define S3STORE_LIFETIME_H

#include "datatype/timestamp.h"
#include "settings/settings.h"

typedef struct S3Lifetime
{
	int64		signed_at;		/* seconds since 1970 */
	int			expires;		/* seconds later */
} S3Lifetime;

/*
 * Returns the time, to a few milliseconds: cheaper than GetCurrentTimestamp(),
 * since it is needed for every link.
 */
extern TimestampTz s3_lifetime_clock(void);

/* Returns the time that a link is signed with at "now", unless one is given. */
extern int64 s3_lifetime_moment(TimestampTz now);

/*
 * Without "expires" (may be NULL) a link lives as long as the settings say,
 * without "signed_at" (may be NULL) it is signed now.  Throws 22023 for a
 * lifetime that S3 does not allow.
 */
extern S3Lifetime s3_lifetime(const S3Settings *settings, const Interval *expires,
							  const TimestampTz *signed_at);

/* The same, with the time floored to s3store.presign_window. */
extern S3Lifetime s3_lifetime_in_window(const S3Settings *settings, const Interval *expires,
										const TimestampTz *signed_at);

/*
 * Returns when a link is no longer good, which may be when the keys that have
 * signed it expire; then there is a warning, once in a statement.
 */
extern int64 s3_lifetime_end(const S3Lifetime *lifetime, const S3Endpoint *endpoint,
							 const S3Credentials *credentials);

#endif							/* S3STORE_LIFETIME_H */
