/*
 * Fuzzes ISO dates: one that is read can be written, and read again.
 */
#include "fuzz.h"

#include "base/date.h"

const FuzzSeed fuzz_seeds[] = {
	SEED("1970-01-01T00:00:00Z"),
	SEED("2024-02-29T23:59:59.123456Z"),
	SEED("9999-12-31T23:59:59+00:00"),
	SEED("2016-12-31T23:59:60-0130"),
	SEED("0001-01-01T00:00:00+14:00"),
	{NULL, 0}
};

void
fuzz_one(const uint8 *data, size_t size)
{
	char		again[S3_ISO_DATE_SIZE];
	int64		microseconds;
	int64		seconds;
	int64		same;

	if (!s3_date_parse_iso(s3_slice((const char *) data, size), &microseconds))
		return;
	seconds = microseconds / USECS_PER_SEC - (microseconds % USECS_PER_SEC < 0);
	if (!s3_date_format_iso(seconds, again))
		return;
	MUST(s3_date_parse_iso(s3_slice_cstring(again), &same));
	MUST(same == seconds * USECS_PER_SEC);
}
