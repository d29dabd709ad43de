/*
 * Unit tests of dates as text, against what Python's datetime says.
 */
#include "base/date.h"
#include "tap.h"

static const struct
{
	int64		seconds;
	const char *http;
	const char *iso;
}			date_cases[] =
{
	{INT64CONST(0), "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"},
	{INT64CONST(-1), "Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59Z"},
	{INT64CONST(-62135596800), "Mon, 01 Jan 0001 00:00:00 GMT", "0001-01-01T00:00:00Z"},
	{INT64CONST(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z"},
	{INT64CONST(951825600), "Tue, 29 Feb 2000 12:00:00 GMT", "2000-02-29T12:00:00Z"},
	{INT64CONST(-2203891200), "Thu, 01 Mar 1900 00:00:00 GMT", "1900-03-01T00:00:00Z"},
	{INT64CONST(1709251199), "Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59Z"},
	{INT64CONST(2147483648), "Tue, 19 Jan 2038 03:14:08 GMT", "2038-01-19T03:14:08Z"},
	{INT64CONST(-12219292800), "Fri, 15 Oct 1582 00:00:00 GMT", "1582-10-15T00:00:00Z"},
	{INT64CONST(-28502722800), "Sun, 14 Oct 1066 09:00:00 GMT", "1066-10-14T09:00:00Z"},
	{INT64CONST(-21931663911), "Sat, 05 Jan 1275 07:08:09 GMT", "1275-01-05T07:08:09Z"},
	{INT64CONST(31151804889), "Mon, 28 Feb 2957 07:08:09 GMT", "2957-02-28T07:08:09Z"},
	{INT64CONST(-15236268711), "Tue, 08 Mar 1487 07:08:09 GMT", "1487-03-08T07:08:09Z"},
	{INT64CONST(-15359820711), "Sun, 08 Apr 1483 07:08:09 GMT", "1483-04-08T07:08:09Z"},
	{INT64CONST(9636908889), "Thu, 20 May 2275 07:08:09 GMT", "2275-05-20T07:08:09Z"},
	{INT64CONST(20653513689), "Sat, 26 Jun 2624 07:08:09 GMT", "2624-06-26T07:08:09Z"},
	{INT64CONST(-9671417511), "Wed, 11 Jul 1663 07:08:09 GMT", "1663-07-11T07:08:09Z"},
	{INT64CONST(-15948809511), "Mon, 08 Aug 1464 07:08:09 GMT", "1464-08-08T07:08:09Z"},
	{INT64CONST(-671993511), "Wed, 15 Sep 1948 07:08:09 GMT", "1948-09-15T07:08:09Z"},
	{INT64CONST(6336601689), "Fri, 19 Oct 2170 07:08:09 GMT", "2170-10-19T07:08:09Z"},
	{INT64CONST(-1361033511), "Mon, 15 Nov 1926 07:08:09 GMT", "1926-11-15T07:08:09Z"},
	{INT64CONST(61715289), "Thu, 16 Dec 1971 07:08:09 GMT", "1971-12-16T07:08:09Z"}
};

static const int64 other_years[] = {
	INT64CONST(-62135596801), INT64CONST(253402300800), PG_INT64_MAX, PG_INT64_MIN
};

static const struct
{
	const char *text;
	int64		microseconds;
}			iso_cases[] =
{
	{"1970-01-01T00:00:00Z", 0},
	{"1970-01-01T00:00:00.999999999Z", 999999},
	{"2024-02-29T23:59:60Z", INT64CONST(1709251200000000)},
	{"2024-01-02T03:04:05+00:00", INT64CONST(1704164645000000)},
	{"2024-01-02T03:04:05-00:00", INT64CONST(1704164645000000)},
	{"2024-01-02T03:04:05+0530", INT64CONST(1704144845000000)},
	{"2024-01-02T03:04:05+05:30", INT64CONST(1704144845000000)},
	{"2024-01-02T03:04:05.5-23:59", INT64CONST(1704250985500000)},
	{"0001-01-01T00:00:00Z", INT64CONST(-62135596800000000)},
	{"9999-12-31T23:59:59Z", INT64CONST(253402300799000000)}
};

static const char *const no_iso_dates[] = {
	"", "Z", "2024", "2024-01-02", "2024-01-02T03:04Z", "2024-01-02T03:04:05", "2024-01-02 03:04:05Z",
	"2024-01-02t03:04:05Z", "2024-01-02T03:04:05z", "2024-01-02T03:04:05.Z", "2024-01-02T03:04:05,5Z",
	"2024-01-02T03:04:05ZZ", "2024-01-02T03:04:05Z ", " 2024-01-02T03:04:05Z", "2024-1-2T03:04:05Z",
	"2024-00-02T03:04:05Z", "2024-13-02T03:04:05Z", "2024-01-00T03:04:05Z", "2024-01-32T03:04:05Z",
	"2023-02-29T03:04:05Z", "2024-04-31T03:04:05Z", "2024-01-02T24:04:05Z", "2024-01-02T03:60:05Z",
	"2024-01-02T03:04:61Z", "2024-01-02T03:04:05+", "2024-01-02T03:04:05+05", "2024-01-02T03:04:05+05:3",
	"2024-01-02T03:04:05+05:300", "2024-01-02T03:04:05+24:00", "2024-01-02T03:04:05+05:60",
	"2024-01-02T03:04:05+a5:30", "2024-01-02T03:04:05+05::30", "2024-01-02T03:04:05+-5:30",
	"-024-01-02T03:04:05Z", "20240102T030405Z", "Tue, 02 Jan 2024 03:04:05 GMT"
};

static const struct
{
	const char *date;
	int64		want;
}			http_cases[] =
{
	{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	{"Wed, 31 Dec 1969 23:59:59 GMT", -1},
	{"Tue, 02 Jan 2024 03:04:05 GMT", 1704164645},
	{"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
	{"Tue, 29 Feb 2000 12:00:00 GMT", 951825600},
	{"Tue, 19 Jan 2038 03:14:08 GMT", INT64CONST(2147483648)},
	{"Fri, 31 Dec 9999 23:59:59 GMT", INT64CONST(253402300799)},
	{"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
	{"Wed, 31 Jan 2024 00:00:00 GMT", 1706659200},
	{"Fri, 31 May 2024 00:00:00 GMT", 1717113600},
	{"Mon, 30 Sep 2024 00:00:00 GMT", 1727654400},

	{"", PG_INT64_MIN},
	{"now", PG_INT64_MIN},
	{"Tue, 02 Jan 2024 03:04:05", PG_INT64_MIN},
	{"Tue, 02 Jan 2024 03:04:05 UTC", PG_INT64_MIN},
	{"Tue, 02 Jan 2024 03:04:05 gmt", PG_INT64_MIN},
	{"Tue, 02 Jan 2024 03:04:05 GMT ", PG_INT64_MIN},
	{" Tue, 02 Jan 2024 03:04:05 GMT", PG_INT64_MIN},
	{"Tue, 2 Jan 2024 03:04:05 GMT", PG_INT64_MIN},
	{"Tue, 02 jan 2024 03:04:05 GMT", PG_INT64_MIN},
	{"Tue, 02 anF 2024 03:04:05 GMT", PG_INT64_MIN},
	{"Tue, 02 Xyz 2024 03:04:05 GMT", PG_INT64_MIN},
	{"Tue, 02 Ja\xc3 2024 03:04:05 GMT", PG_INT64_MIN},
	{"Tue, 00 Jan 2024 03:04:05 GMT", PG_INT64_MIN},
	{"Tue, 32 Jan 2024 03:04:05 GMT", PG_INT64_MIN},
	{"Thu, 30 Feb 2024 03:04:05 GMT", PG_INT64_MIN},
	{"Wed, 29 Feb 2023 03:04:05 GMT", PG_INT64_MIN},
	{"Mon, 29 Feb 2100 03:04:05 GMT", PG_INT64_MIN},
	{"Wed, 31 Apr 2024 03:04:05 GMT", PG_INT64_MIN},
	{"Tue, 02 Jan 2024 24:00:00 GMT", PG_INT64_MIN},
	{"Tue, 02 Jan 2024 03:60:05 GMT", PG_INT64_MIN},
	{"Tue, 02 Jan 2024 03:04:61 GMT", PG_INT64_MIN},
	{"Tue, 02 Jan 2024 03.04.05 GMT", PG_INT64_MIN},
	{"Tue, -2 Jan 2024 03:04:05 GMT", PG_INT64_MIN},
	{"Tue, 02 Jan +024 03:04:05 GMT", PG_INT64_MIN},
	{"Tuesday, 02-Jan-24 03:04:05 GMT", PG_INT64_MIN},
	{"Tue Jan  2 03:04:05 2024", PG_INT64_MIN},
	{"2024-01-02T03:04:05Z", PG_INT64_MIN}
};

static void test_formats(void);
static void test_parse_http(void);
static void test_parse(void);
static void test_timestamps(void);

int
main(void)
{
	test_formats();
	test_parse_http();
	test_parse();
	test_timestamps();
	return tap_done();
}

static void
test_formats(void)
{
	char		http[S3_HTTP_DATE_SIZE];
	char		iso[S3_ISO_DATE_SIZE];
	int64		again;

	for (int i = 0; i < lengthof(date_cases); i++)
	{
		ok(s3_date_format_http(date_cases[i].seconds, http), "HTTP date %d", i);
		is_string(http, date_cases[i].http, "... is right");
		ok(s3_date_format_iso(date_cases[i].seconds, iso), "ISO date %d", i);
		is_string(iso, date_cases[i].iso, "... is right");
		ok(s3_date_parse_iso(s3_slice_cstring(iso), &again), "... can be read");
		is_int(again, date_cases[i].seconds * USECS_PER_SEC, "... and means the same");
	}
	for (int i = 0; i < lengthof(other_years); i++)
	{
		ok(!s3_date_format_http(other_years[i], http), "no HTTP date for year %d", i);
		ok(!s3_date_format_iso(other_years[i], iso), "no ISO date for year %d", i);
	}
}

static void
test_parse_http(void)
{
	for (int i = 0; i < lengthof(http_cases); i++)
	{
		int64		seconds;
		bool		good = s3_date_parse_http(http_cases[i].date, &seconds);

		is_int(good ? seconds : PG_INT64_MIN, http_cases[i].want, "date %d", i);
	}
}

static void
test_parse(void)
{
	int64		microseconds;

	for (int i = 0; i < lengthof(iso_cases); i++)
	{
		ok(s3_date_parse_iso(s3_slice_cstring(iso_cases[i].text), &microseconds), "\"%s\"", iso_cases[i].text);
		is_int(microseconds, iso_cases[i].microseconds, "... is right");
	}
	for (int i = 0; i < lengthof(no_iso_dates); i++)
		ok(!s3_date_parse_iso(s3_slice_cstring(no_iso_dates[i]), &microseconds), "\"%s\" is refused", no_iso_dates[i]);
}

/* PostgreSQL counts from 2000, in microseconds. */
static void
test_timestamps(void)
{
	is_int(s3_date_to_unix(0), 946684800, "the start of 2000");
	is_int(s3_date_to_unix(999999), 946684800, "... and its first second");
	is_int(s3_date_to_unix(-1), 946684799, "the last second before it");
	is_int(s3_date_to_unix(-1000000), 946684799, "... and its start");
	is_int(s3_date_to_unix(-1000001), 946684798, "... and the one before");
	is_int(s3_date_from_unix(946684800), 0, "the start of 2000 back");
	is_int(s3_date_from_unix(0), INT64CONST(-946684800000000), "1970 back");
}
