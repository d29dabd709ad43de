/*-------------------------------------------------------------------------
 *
 * lifetime.c
 *	  From when to when a link is good.
 *
 * Guarantees: a link is signed at most a minute before it is handed out, unless
 * s3store.presign_window says otherwise; it is good for at least the lifetime
 * that was asked for, and never longer than S3 allows.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <time.h>

#include "access/xact.h"
#include "base/date.h"
#include "links/lifetime.h"
#include "utils/timestamp.h"

/* A link must not be older than this when it is handed out. */
#define SIGNED_AT_AGE_MAX	(60 * USECS_PER_SEC)

static int	interval_seconds(const Interval *expires);
static int	check_expires(int64 seconds);
static int64 given_time(TimestampTz signed_at);

TimestampTz
s3_lifetime_clock(void)
{
#ifdef CLOCK_REALTIME_COARSE
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0)
		return s3_date_from_unix(now.tv_sec) + now.tv_nsec / 1000;
#endif
	return GetCurrentTimestamp();
}

/*
 * The statement's start, so that all rows of a query agree; but not in a
 * statement that runs so long that its links would expire before they are used.
 */
int64
s3_lifetime_moment(TimestampTz now)
{
	TimestampTz start = GetCurrentStatementStartTimestamp();

	return s3_date_to_unix(now - start > SIGNED_AT_AGE_MAX ? now : start);
}

S3Lifetime
s3_lifetime(const S3Settings *settings, const Interval *expires, const TimestampTz *signed_at)
{
	S3Lifetime	lifetime;

	if (expires != NULL)
		lifetime.expires = interval_seconds(expires);
	else
		lifetime.expires = check_expires(settings->presign_expires >= 0 ?
										 settings->presign_expires : settings->max_age_seconds);
	lifetime.signed_at = signed_at == NULL ? s3_lifetime_moment(s3_lifetime_clock()) : given_time(*signed_at);
	return lifetime;
}

/*
 * The window is added to the lifetime, so that a link made at the end of a
 * window is still good for as long as asked; where that would be longer than S3
 * allows the window is shortened.  A time that is given is taken as it is.
 */
S3Lifetime
s3_lifetime_in_window(const S3Settings *settings, const Interval *expires,
					  const TimestampTz *signed_at)
{
	S3Lifetime	lifetime = s3_lifetime(settings, expires, signed_at);
	int			window = Min(settings->presign_window,
							 S3_PRESIGN_EXPIRES_MAX - lifetime.expires);

	if (signed_at == NULL && window > 0)
	{
		lifetime.signed_at -= lifetime.signed_at % window;
		lifetime.expires += window;
	}
	return lifetime;
}

int64
s3_lifetime_end(const S3Lifetime *lifetime, const S3Endpoint *endpoint,
				const S3Credentials *credentials)
{
	static TimestampTz warned_statement = 0;
	TimestampTz statement = GetCurrentStatementStartTimestamp();
	int64		end = lifetime->signed_at + lifetime->expires;
	char		keys_end[S3_ISO_DATE_SIZE] = "";
	char		link_end[S3_ISO_DATE_SIZE] = "";

	if (credentials->expires_at == 0 || credentials->expires_at >= end)
		return end;
	if (warned_statement != statement)
	{
		warned_statement = statement;
		(void) s3_date_format_iso(credentials->expires_at, keys_end);
		(void) s3_date_format_iso(end, link_end);
		ereport(WARNING,
				(errmsg("link outlives the temporary access keys of endpoint \"%s\"",
						endpoint->scheme),
				 errdetail("The keys expire at %s, and the link with them; it was to live until %s.",
						   keys_end, link_end)));
	}
	return credentials->expires_at;
}

/* Whole seconds; a fraction is cut off. */
static int
interval_seconds(const Interval *expires)
{
	/* A month is longer than any link lives, so its length does not matter. */
	int64		days = (int64) expires->day + (int64) expires->month * DAYS_PER_MONTH;

	return check_expires(days * SECS_PER_DAY + expires->time / USECS_PER_SEC);
}

static int
check_expires(int64 seconds)
{
	if (seconds < S3_PRESIGN_EXPIRES_MIN || seconds > S3_PRESIGN_EXPIRES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("link lifetime out of range"),
				 errdetail("A presigned link lives from 1 second to 7 days, not %lld seconds.",
						   (long long) seconds),
				 errhint("Set \"expires\", s3store.presign_expires or s3store.max_age_seconds to a lifetime in that range.")));
	return (int) seconds;
}

static int64
given_time(TimestampTz signed_at)
{
	if (TIMESTAMP_NOT_FINITE(signed_at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("signing time out of range"),
				 errdetail("A signature's time is finite.")));
	return s3_date_to_unix(signed_at);
}
