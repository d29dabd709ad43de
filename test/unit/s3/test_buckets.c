/*
 * Unit tests of the lists of buckets.
 */
#include "s3/buckets.h"
#include "tap.h"

static const struct
{
	const char *list;
	bool		good;
}			list_cases[] =
{
	{"", true},
	{" \t\n", true},
	{"a", true},
	{"a,b", true},
	{" a , b\t", true},
	{"*", true},
	{"A.b-c_d*", true},
	{",", false},
	{"a,", false},
	{",a", false},
	{"a,,b", false},
	{"a, ,b", false},
	{"a b", false},
	{"a/b", false},
	{"a?", false},
	{"[a]", false},
	{"a\x01", false},
	{"\xc3\xbc", false}
};

static const struct
{
	const char *list;
	const char *bucket;
	bool		allowed;
}			match_cases[] =
{
	{"", "a", true},
	{"  ", "a", true},
	{"a", "a", true},
	{"a", "A", false},
	{"a", "ab", false},
	{"ab", "a", false},
	{"x,a", "a", true},
	{"x, a ,y", "a", true},
	{"x,y", "a", false},
	{"*", "a", true},
	{"a*", "a", true},
	{"a*", "abc", true},
	{"a*", "ba", false},
	{"*a", "a", true},
	{"*a", "bca", true},
	{"*a", "ab", false},
	{"*a*", "bab", true},
	{"*a*", "bbb", false},
	{"a*c", "ac", true},
	{"a*c", "abcbc", true},
	{"a*c", "abcb", false},
	{"a*b*c", "a-b-b-c", true},
	{"a*b*c", "a-c-b", false},
	{"a**b", "ab", true},
	{"**", "a", true},
	{"*ab*ab*", "abab", true},
	{"*ab*ab*", "abaab", true},
	{"*ab*ab*", "aba", false},
	{"*aab", "aaab", true},
	{"logs-*,photos", "logs-2024", true},
	{"logs-*,photos", "logs", false},
	{"logs-*,photos", "logs-", true}
};

int
main(void)
{
	S3Error		err;
	char		many[300];

	for (int i = 0; i < lengthof(list_cases); i++)
	{
		memset(&err, 0, sizeof(err));
		is_int(s3_buckets_check(list_cases[i].list, &err), list_cases[i].good, "list %d", i);
		is_int(err.kind, list_cases[i].good ? S3_ERROR_NONE : S3_ERROR_ARGUMENT,
			   "kind of list %d", i);
	}
	for (int i = 0; i < lengthof(match_cases); i++)
		is_int(s3_buckets_allow(match_cases[i].list, s3_slice_cstring(match_cases[i].bucket)),
			   match_cases[i].allowed, "bucket \"%s\" in \"%s\"", match_cases[i].bucket,
			   match_cases[i].list);

	/* A slice ends where it ends. */
	ok(s3_buckets_allow("ab", s3_slice("abc", 2)), "a name before other text");
	ok(!s3_buckets_allow("abc", s3_slice("abc", 2)), "... is no longer than it is");

	memset(many, 'a', sizeof(many));
	many[256] = '\0';
	ok(!s3_buckets_check(many, &err), "a name of 256 characters");
	many[255] = '\0';
	ok(s3_buckets_check(many, &err), "a name of 255 characters");

	/* Would take ages if each star tried every place again. */
	ok(!s3_buckets_allow("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", s3_slice(many, 255)),
	   "a pattern of many stars");
	return tap_done();
}
