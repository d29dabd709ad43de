/*-------------------------------------------------------------------------
 *
 * credentials_refresh.h
 *	  When temporary keys are renewed.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_REFRESH_H
#define S3STORE_CREDENTIALS_REFRESH_H

#include "base/base.h"

/* All in seconds since 1970. */
typedef struct S3CredentialsRefresh
{
	int64		expires_at;		/* 0: there are no keys */
	int64		renew_at;		/* earlier than that */
	int64		attempted_at;	/* last, with success or without */
} S3CredentialsRefresh;

/*
 * Notes that keys were fetched; "fraction", a random number, keeps the
 * sessions of a server from renewing theirs all at once.
 */
extern void s3_credentials_refresh_set(S3CredentialsRefresh *schedule, int64 expires_at, int64 now,
									   double fraction);

/* Can the keys still be used? */
extern bool s3_credentials_refresh_is_usable(const S3CredentialsRefresh *schedule, int64 now);

/* Is it time to ask for new ones? */
extern bool s3_credentials_refresh_is_due(const S3CredentialsRefresh *schedule, int64 now);

#endif							/* S3STORE_CREDENTIALS_REFRESH_H */
