/*-------------------------------------------------------------------------
 *
 * date.h
 *	  Moments as text: HTTP dates and ISO 8601.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_DATE_H
#define S3STORE_DATE_H

#include "base/base.h"

#include "datatype/timestamp.h"

#define S3_HTTP_DATE_SIZE	sizeof("Sun, 06 Nov 1994 08:49:37 GMT")
#define S3_ISO_DATE_SIZE	sizeof("1994-11-06T08:49:37Z")

/*
 * Both write a moment (seconds since 1970) of the years 1 to 9999, and return
 * false for any other.  Names in HTTP dates (RFC 9110, IMF-fixdate) are
 * English in every locale.
 */
extern bool s3_date_format_http(int64 seconds, char text[S3_HTTP_DATE_SIZE]);
extern bool s3_date_format_iso(int64 seconds, char text[S3_ISO_DATE_SIZE]);

/* Reads an HTTP date into seconds since 1970; its day of the week is not looked at. */
extern bool s3_date_parse_http(const char *text, int64 *seconds);

/*
 * Reads YYYY-MM-DDThh:mm:ss, with a fraction or without, and Z or an offset
 * (+hh:mm, +hhmm) behind it, into microseconds since 1970.  A finer fraction
 * is cut off.
 */
extern bool s3_date_parse_iso(S3Slice text, int64 *microseconds);

#define S3_EPOCH_SECONDS \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* Seconds since 1970; a fraction is cut off, before 2000 too. */
static inline int64
s3_date_to_unix(TimestampTz timestamp)
{
	int64		fraction = (timestamp % USECS_PER_SEC + USECS_PER_SEC) % USECS_PER_SEC;

	return (timestamp - fraction) / USECS_PER_SEC + S3_EPOCH_SECONDS;
}

static inline TimestampTz
s3_date_from_unix(int64 seconds)
{
	return (seconds - S3_EPOCH_SECONDS) * USECS_PER_SEC;
}

#endif							/* S3STORE_DATE_H */
