/*
 * Unit tests of S3Error: limits, and cleaning of what strangers wrote.
 */
#include "base/error.h"
#include "tap.h"

#define U_UMLAUT	"\xc3\xbc"	/* two bytes */
#define NICHI		"\xe6\x97\xa5"	/* three */
#define SMILE		"\xf0\x9f\x98\x80"	/* four */

static const struct
{
	const char *text;
	size_t		len;
	size_t		size;			/* of the destination */
	const char *want;
}			copy_cases[] =
{
	{"", 0, 10, ""},
	{"abc", 3, 10, "abc"},
	{"abc", 3, 4, "abc"},
	{"abcd", 4, 4, "abc"},
	{"abc", 3, 1, ""},
	{"abc", 2, 10, "ab"},
	{U_UMLAUT NICHI SMILE, 9, 10, U_UMLAUT NICHI SMILE},
	{U_UMLAUT NICHI SMILE, 9, 9, U_UMLAUT NICHI},
	{U_UMLAUT NICHI SMILE, 9, 5, U_UMLAUT},
	{"a" U_UMLAUT, 3, 3, "a"},

	/* Control characters, those of ISO 8859-1's upper half among them */
	{"a\nb\r\tc", 6, 10, "a?b??c"},
	{"a\0b", 3, 10, "a?b"},
	{"\x1b[31m", 5, 10, "?[31m"},
	{"\x7f", 1, 10, "?"},
	{"a\xc2\x80z", 4, 10, "a?z"},
	{"a\xc2\x9b" "31mz", 7, 10, "a?31mz"},
	{"a\xc2\x9fz", 4, 10, "a?z"},
	{"\xc2\xa0", 2, 10, "\xc2\xa0"},

	/* What is not UTF-8 */
	{"a\xff\xfe", 3, 10, "a??"},
	{"\x80", 1, 10, "?"},
	{"\xc3", 1, 10, "?"},
	{"\xc3(", 2, 10, "?("},
	{"\xe6\x97", 2, 10, "??"},
	{"\xf0\x9f\x98", 3, 10, "???"},
	{"\xc0\xaf", 2, 10, "??"},
	{"\xed\xa0\x80", 3, 10, "???"},
	{"\xf4\x90\x80\x80", 4, 10, "????"},
	{"\xf8\x88\x80\x80\x80", 5, 10, "?????"},
	{NICHI, 2, 10, "??"}
};

static void test_copying(void);
static void test_setting(void);
static void test_cutting(void);

int
main(void)
{
	test_copying();
	test_setting();
	test_cutting();
	return tap_done();
}

static void
test_copying(void)
{
	for (int i = 0; i < lengthof(copy_cases); i++)
	{
		/* Exact copies, so that the sanitizers see every byte too far. */
		char	   *src = palloc(Max(copy_cases[i].len, 1));
		char	   *dst = palloc(copy_cases[i].size);

		memcpy(src, copy_cases[i].text, copy_cases[i].len);
		s3_error_copy_text(dst, copy_cases[i].size, s3_slice(src, copy_cases[i].len));
		is_string(dst, copy_cases[i].want, "text %d", i);
	}
}

static void
test_setting(void)
{
	S3Error		err;

	memset(&err, 'x', sizeof(err));
	ok(!s3_error_set(&err, S3_ERROR_DENIED, "no %s for %d", "entry", 7), "an error is set");
	is_int(err.kind, S3_ERROR_DENIED, "... with its kind");
	is_string(err.message, "no entry for 7", "... and message");
	is_int(err.http_status, 0, "... and all else is empty");
	is_string(err.detail, "", "... no detail");
	is_string(err.region, "", "... no region");
	ok(!s3_error_detail(&err, "First."), "a detail is added");
	ok(!s3_error_detail(&err, " Second: %s.", "a\nb"), "... another one");
	is_string(err.detail, "First. Second: a?b.", "... both stand there, clean");
	ok(!s3_error_hint(&err, "Try %s.", U_UMLAUT), "a hint is added");
	is_string(err.hint, "Try " U_UMLAUT ".", "... in UTF-8");
	s3_error_set(&err, S3_ERROR_SERVER, "again");
	is_string(err.detail, "", "a new error has no old detail");
}

/* Whatever the length, a text is cut before a character, not inside of it. */
static void
test_cutting(void)
{
	for (int before = 0; before < 4; before++)
	{
		char		text[2048] = "";
		S3Error		err;

		memset(text, 'a', before);
		while (strlen(text) < sizeof(text) - 5)
			strlcat(text, SMILE, sizeof(text));
		s3_error_set(&err, S3_ERROR_SERVER, "%s", text);
		s3_error_detail(&err, "%s", text);
		s3_error_hint(&err, "%s", text);
		ok(strlen(err.message) > sizeof(err.message) - 5 && strchr(err.message, '?') == NULL,
		   "a long message is cut, %d bytes ahead", before);
		ok(strlen(err.detail) > sizeof(err.detail) - 5 && strchr(err.detail, '?') == NULL,
		   "a long detail is cut, %d bytes ahead", before);
		ok(strlen(err.hint) > sizeof(err.hint) - 5 && strchr(err.hint, '?') == NULL,
		   "a long hint is cut, %d bytes ahead", before);
		s3_error_detail(&err, "more");
		ok(strlen(err.detail) < sizeof(err.detail), "a full detail takes no more");
	}
}
