/*-------------------------------------------------------------------------
 *
 * date.c
 *	  Moments as text: HTTP dates and ISO 8601.
 *
 * Pure.  Neither the locale nor the time zone of the process matters.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include <time.h>

#include "date.h"

#define FIRST_YEAR	1
#define LAST_YEAR	9999

static bool split(int64 seconds, struct tm *tm);
static bool follows(const char *text, const char *layout);
static int	two_digits(const char *text);
static bool parse_zone(const char *text, int64 *offset);

bool
s3_date_format_http(int64 seconds, char text[S3_HTTP_DATE_SIZE])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm	tm;

	if (!split(seconds, &tm))
		return false;
	snprintf(text, S3_HTTP_DATE_SIZE, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
			 days + tm.tm_wday * 3, tm.tm_mday, months + tm.tm_mon * 3, tm.tm_year + 1900,
			 tm.tm_hour, tm.tm_min, tm.tm_sec);
	return true;
}

bool
s3_date_format_iso(int64 seconds, char text[S3_ISO_DATE_SIZE])
{
	struct tm	tm;

	if (!split(seconds, &tm))
		return false;
	snprintf(text, S3_ISO_DATE_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ",
			 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return true;
}

bool
s3_date_parse_iso(const char *text, int64 *seconds)
{
	static const char layout[] = "0000-00-00T00:00:00";
	struct tm	tm = {0};
	int			day;
	int			hour;
	int			minute;
	int			second;
	int64		offset;

	if (!follows(text, layout))
		return false;
	tm.tm_year = two_digits(text) * 100 + two_digits(text + 2) - 1900;
	tm.tm_mon = two_digits(text + 5) - 1;
	tm.tm_mday = day = two_digits(text + 8);
	hour = two_digits(text + 11);
	minute = two_digits(text + 14);
	second = two_digits(text + 17);
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || hour > 23 || minute > 59 ||
		second > 60)			/* 60: a leap second */
		return false;

	text += strlen(layout);
	if (*text == '.')
	{
		size_t		digits = strspn(text + 1, "0123456789");

		if (digits == 0)
			return false;
		text += 1 + digits;
	}
	if (!parse_zone(text, &offset))
		return false;

	/* timegm makes the first of March of the 30th of February. */
	*seconds = (int64) timegm(&tm) + (hour * 60 + minute) * 60 + second - offset;
	return tm.tm_mday == day;
}

static bool
split(int64 seconds, struct tm *tm)
{
	time_t		time = (time_t) seconds;

	return gmtime_r(&time, tm) != NULL &&
		tm->tm_year >= FIRST_YEAR - 1900 && tm->tm_year <= LAST_YEAR - 1900;
}

/* Does "text" begin with the layout?  '0' stands for any digit. */
static bool
follows(const char *text, const char *layout)
{
	for (; *layout != '\0'; text++, layout++)
	{
		if (*layout == '0' ? *text < '0' || *text > '9' : *text != *layout)
			return false;
	}
	return true;
}

static int
two_digits(const char *text)
{
	return (text[0] - '0') * 10 + (text[1] - '0');
}

/* Seconds east of Greenwich. */
static bool
parse_zone(const char *text, int64 *offset)
{
	const char *minutes;
	int			sign = text[0] == '-' ? -1 : 1;

	*offset = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if (text[0] != '+' && text[0] != '-')
		return false;
	text++;
	if (!follows(text, "00"))
		return false;
	minutes = text + 2 + (text[2] == ':');
	if (!follows(minutes, "00") || minutes[2] != '\0' ||
		two_digits(text) > 23 || two_digits(minutes) > 59)
		return false;
	*offset = sign * (two_digits(text) * 60 + two_digits(minutes)) * 60;
	return true;
}
