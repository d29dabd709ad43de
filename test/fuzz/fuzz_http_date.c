/*
 * Fuzzes HTTP dates: one that is read can be written again.
 */
#include "fuzz.h"

#include <time.h>

#include "base/date.h"

const FuzzSeed fuzz_seeds[] = {
	SEED("Thu, 01 Jan 1970 00:00:00 GMT"),
	SEED("Thu, 29 Feb 2024 23:59:59 GMT"),
	SEED("Fri, 31 Dec 9999 23:59:59 GMT"),
	SEED("Mon, 28 Mar 2016 19:47:60 GMT"),
	SEED("Wed, 31 Jul 0001 10:20:30 GMT"),
	SEED("Sun, 06-Nov-94 08:49:37 GMT"),
	SEED("Sun Nov  6 08:49:37 1994"),
	{NULL, 0}
};

void
fuzz_one(const uint8 *data, size_t size)
{
	char	   *text = pnstrdup((const char *) data, size);
	char	   *again;
	int64		seconds;
	time_t		time;
	struct tm	tm;
	char		month[4] = "";

	if (!s3_date_parse_http(text, &seconds) || strncmp(text + 23, "60", 2) == 0)
		return;
	time = (time_t) seconds;
	MUST(gmtime_r(&time, &tm) != NULL);
	strftime(month, sizeof(month), "%b", &tm);
	again = psprintf("%.3s, %02d %s %04d %02d:%02d:%02d GMT", text, tm.tm_mday, month,
					 tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	MUST(strcmp(again, text) == 0);
}
