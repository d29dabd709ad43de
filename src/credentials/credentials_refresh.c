/*-------------------------------------------------------------------------
 *
 * credentials_refresh.c
 *	  When temporary keys are renewed.
 *
 * Pure.  Renewal starts 15 minutes before keys expire, and they are used
 * until it succeeds; a service that fails is asked again each minute, and in
 * the last ten minutes every few seconds.
 *
 *-------------------------------------------------------------------------
 */
#include "credentials/credentials_refresh.h"

#define RENEW_BEFORE		(15 * 60)	/* seconds before the end */
#define RENEW_JITTER		120
#define HURRY_BEFORE		(10 * 60)
#define RETRY_SECONDS		60
#define HURRY_SECONDS		5

void
s3_credentials_refresh_set(S3CredentialsRefresh *schedule, int64 expires_at, int64 now, double fraction)
{
	schedule->expires_at = expires_at;
	schedule->renew_at = expires_at - RENEW_BEFORE - (int64) (fraction * RENEW_JITTER);
	schedule->attempted_at = now;
}

bool
s3_credentials_refresh_is_usable(const S3CredentialsRefresh *schedule, int64 now)
{
	return now < schedule->expires_at;
}

bool
s3_credentials_refresh_is_due(const S3CredentialsRefresh *schedule, int64 now)
{
	int64		pause = now < schedule->expires_at - HURRY_BEFORE ? RETRY_SECONDS : HURRY_SECONDS;

	if (!s3_credentials_refresh_is_usable(schedule, now))
		return true;
	/* A clock that was set back must not delay the next attempt. */
	return now >= schedule->renew_at &&
		(now >= schedule->attempted_at + pause || now < schedule->attempted_at);
}
