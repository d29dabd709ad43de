/*-------------------------------------------------------------------------
 *
 * date.c
 *	  Moments as text: HTTP dates and ISO 8601.
 *
 * Pure.  Neither the locale nor the time zone of the process matters.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <time.h>

#include "base/date.h"

#define FIRST_YEAR	1
#define LAST_YEAR	9999

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static bool add_time(struct tm *tm, int day, const char *text, int64 *seconds);
static bool split(int64 seconds, struct tm *tm);
static bool follows(S3Slice text, const char *layout);
static bool is_digit(char c);
static bool is_letter(char c);
static int	two_digits(const char *text);
static bool take_fraction(S3Slice *text, int64 *microseconds);
static bool parse_zone(S3Slice text, int64 *offset);

bool
s3_date_format_http(int64 seconds, char text[S3_HTTP_DATE_SIZE])
{
	static const char days[] = "SunMonTueWedThuFriSat";
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
s3_date_parse_http(const char *text, int64 *seconds)
{
	static const char layout[] = "aaa, 00 aaa 0000 00:00:00 GMT";
	struct tm	tm = {0};
	char		month[4] = "";
	const char *found;
	int			day;

	if (strlen(text) != strlen(layout) || !follows(s3_slice_cstring(text), layout))
		return false;
	memcpy(month, text + 8, 3);
	found = strstr(months, month);
	if (found == NULL || (found - months) % 3 != 0)
		return false;
	tm.tm_year = two_digits(text + 12) * 100 + two_digits(text + 14) - 1900;
	tm.tm_mon = (int) (found - months) / 3;
	tm.tm_mday = day = two_digits(text + 5);
	return add_time(&tm, day, text + 17, seconds);
}

bool
s3_date_parse_iso(S3Slice text, int64 *microseconds)
{
	static const char layout[] = "0000-00-00T00:00:00";
	struct tm	tm = {0};
	int			day;
	int64		seconds;
	int64		offset;

	if (!follows(text, layout))
		return false;
	tm.tm_year = two_digits(text.data) * 100 + two_digits(text.data + 2) - 1900;
	tm.tm_mon = two_digits(text.data + 5) - 1;
	tm.tm_mday = day = two_digits(text.data + 8);
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || !add_time(&tm, day, text.data + 11, &seconds))
		return false;

	text = s3_slice(text.data + strlen(layout), text.len - strlen(layout));
	if (!take_fraction(&text, microseconds) || !parse_zone(text, &offset))
		return false;
	*microseconds += (seconds - offset) * USECS_PER_SEC;
	return true;
}

/* Reads hh:mm:ss, on that day of the month. */
static bool
add_time(struct tm *tm, int day, const char *text, int64 *seconds)
{
	int			hour = two_digits(text);
	int			minute = two_digits(text + 3);
	int			second = two_digits(text + 6);

	if (hour > 23 || minute > 59 || second > 60)	/* 60: a leap second */
		return false;

	/* timegm makes the first of March of the 30th of February. */
	*seconds = (int64) timegm(tm) + (hour * 60 + minute) * 60 + second;
	return tm->tm_mday == day;
}

static bool
split(int64 seconds, struct tm *tm)
{
	time_t		time = (time_t) seconds;

	return gmtime_r(&time, tm) != NULL &&
		tm->tm_year >= FIRST_YEAR - 1900 && tm->tm_year <= LAST_YEAR - 1900;
}

/* Does "text" begin with the layout?  '0' stands for any digit, 'a' for any letter. */
static bool
follows(S3Slice text, const char *layout)
{
	for (size_t i = 0; layout[i] != '\0'; i++)
	{
		char		c = i < text.len ? text.data[i] : '\0';

		if (layout[i] == '0' ? !is_digit(c) : layout[i] == 'a' ? !is_letter(c) : c != layout[i])
			return false;
	}
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int
two_digits(const char *text)
{
	return (text[0] - '0') * 10 + (text[1] - '0');
}

/* Cuts the fraction of a second off the start; there may be none. */
static bool
take_fraction(S3Slice *text, int64 *microseconds)
{
	int64		scale = USECS_PER_SEC;
	size_t		digits = 0;

	*microseconds = 0;
	if (text->len == 0 || text->data[0] != '.')
		return true;
	text->data++;
	text->len--;
	for (; digits < text->len && is_digit(text->data[digits]); digits++)
	{
		scale /= 10;			/* 0: finer than we can tell */
		*microseconds += (text->data[digits] - '0') * scale;
	}
	text->data += digits;
	text->len -= digits;
	return digits > 0;
}

/* Seconds east of Greenwich. */
static bool
parse_zone(S3Slice text, int64 *offset)
{
	static const char *const layouts[] = {"+00:00", "+0000", "-00:00", "-0000"};
	int			hours;
	int			minutes;

	*offset = 0;
	if (s3_slice_equal(text, s3_slice_cstring("Z")))
		return true;
	for (int i = 0; i < lengthof(layouts); i++)
	{
		if (text.len != strlen(layouts[i]) || !follows(text, layouts[i]))
			continue;
		hours = two_digits(text.data + 1);
		minutes = two_digits(text.data + text.len - 2);
		*offset = (text.data[0] == '-' ? -1 : 1) * (hours * 60 + minutes) * 60;
		return hours <= 23 && minutes <= 59;
	}
	return false;
}
