/*-------------------------------------------------------------------------
 *
 * test_written_before.c
 *	  Tests of written_before.c.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "removal/written_before.h"
#include "tap.h"

#define SECOND		INT64CONST(1000000)
#define MILLISECOND INT64CONST(1000)

typedef struct Case
{
	const char *name;
	int64		written;
	int64		precision;
	int64		queued;
	int64		met;			/* after that */
	int64		skew;			/* of the server's clock */
	S3WrittenBefore expected;
} Case;

static const Case cases[] = {
	{"long before", 0, SECOND, 100 * SECOND, 0, 0, S3_WRITTEN_BEFORE},
	{"long after", 200 * SECOND, SECOND, 100 * SECOND, 0, 0, S3_WRITTEN_AFTER},
	{"in the second before", 99 * SECOND, SECOND, 100 * SECOND, 0, 0, S3_WRITTEN_BEFORE},
	{"in the same second", 100 * SECOND, SECOND, 100 * SECOND + 500000, 0, 0, S3_WRITTEN_UNCLEAR},
	{"in the second after, or rounded up to it", 101 * SECOND, SECOND, 100 * SECOND + 500000, 0, 0, S3_WRITTEN_UNCLEAR},
	{"two seconds after", 102 * SECOND, SECOND, 100 * SECOND + 500000, 0, 0, S3_WRITTEN_AFTER},
	{"a millisecond before", 100 * SECOND, MILLISECOND, 100 * SECOND + MILLISECOND, 0, 0, S3_WRITTEN_BEFORE},
	{"in the same millisecond", 100 * SECOND, MILLISECOND, 100 * SECOND + 500, 0, 0, S3_WRITTEN_UNCLEAR},
	{"a millisecond after", 100 * SECOND + MILLISECOND, MILLISECOND, 100 * SECOND, 0, 0, S3_WRITTEN_UNCLEAR},
	{"two milliseconds after", 100 * SECOND + 2 * MILLISECOND, MILLISECOND, 100 * SECOND, 0, 0, S3_WRITTEN_AFTER},
	{"two seconds ahead, before", 101 * SECOND, MILLISECOND, 100 * SECOND, 0, 2 * SECOND, S3_WRITTEN_BEFORE},
	{"two seconds ahead, about then", 102 * SECOND, MILLISECOND, 100 * SECOND, 0, 2 * SECOND, S3_WRITTEN_UNCLEAR},
	{"two seconds ahead, after", 104 * SECOND, MILLISECOND, 100 * SECOND, 0, 2 * SECOND, S3_WRITTEN_AFTER},
	{"two seconds behind, before", 97 * SECOND, MILLISECOND, 100 * SECOND, 0, -2 * SECOND, S3_WRITTEN_BEFORE},
	{"two seconds behind, about then", 98 * SECOND, MILLISECOND, 100 * SECOND, 0, -2 * SECOND, S3_WRITTEN_UNCLEAR},
	{"two seconds behind, after", 99 * SECOND + 2 * MILLISECOND, MILLISECOND, 100 * SECOND, 0, -2 * SECOND, S3_WRITTEN_AFTER},
	{"the rest of a second may be the same clock", 100 * SECOND - 2 * MILLISECOND, MILLISECOND, 100 * SECOND, 0, -SECOND, S3_WRITTEN_BEFORE},
	{"nor is a tick more another one", 100 * SECOND - 2 * MILLISECOND, MILLISECOND, 100 * SECOND, 0, -SECOND - 5 * MILLISECOND, S3_WRITTEN_BEFORE},
	{"an hour behind, before", 0, SECOND, 3700 * SECOND, 0, -3600 * SECOND, S3_WRITTEN_BEFORE},
	{"an hour behind, after", 200 * SECOND, SECOND, 3700 * SECOND, 0, -3600 * SECOND, S3_WRITTEN_AFTER},
	{"an hour behind, about then", 100 * SECOND, SECOND, 3700 * SECOND, 0, -3600 * SECOND, S3_WRITTEN_UNCLEAR},
	{"an hour ahead, before", 3600 * SECOND, SECOND, 100 * SECOND, 0, 3600 * SECOND, S3_WRITTEN_BEFORE},
	{"an hour ahead, after", 3800 * SECOND, SECOND, 100 * SECOND, 0, 3600 * SECOND, S3_WRITTEN_AFTER},
	{"before it is met", 105 * SECOND, MILLISECOND, 100 * SECOND, 10 * SECOND, 0, S3_WRITTEN_UNCLEAR},
	{"in the second in which it is met", 110 * SECOND, SECOND, 100 * SECOND, 10 * SECOND, 0, S3_WRITTEN_UNCLEAR},
	{"after it is met", 110 * SECOND + 2 * MILLISECOND, MILLISECOND, 100 * SECOND, 10 * SECOND, 0, S3_WRITTEN_AFTER},
	{"before it is queued and met", 99 * SECOND, SECOND, 100 * SECOND, 10 * SECOND, 0, S3_WRITTEN_BEFORE},
	{"two seconds ahead, before it is met", 111 * SECOND, MILLISECOND, 100 * SECOND, 10 * SECOND, 2 * SECOND, S3_WRITTEN_UNCLEAR},
	{"two seconds behind, after it is met", 109 * SECOND + 2 * MILLISECOND, MILLISECOND, 100 * SECOND, 10 * SECOND, -2 * SECOND, S3_WRITTEN_AFTER},
};

int
main(void)
{
	for (int i = 0; i < lengthof(cases); i++)
	{
		S3WrittenBeforeQuestion question = {
			.written = cases[i].written,
			.precision = cases[i].precision,
			.queued = cases[i].queued,
			.met = cases[i].queued + cases[i].met,
			.asked = 10000 * SECOND,
			.answered = 10000 * SECOND + 200 * MILLISECOND,
			.server_now = 10000 * SECOND + cases[i].skew
		};

		ok(s3_written_before(&question) == cases[i].expected, "%s", cases[i].name);
	}
	return tap_done();
}
