/*
 * Unit tests of the location room: URLs, and keys on the server.
 */
#include "s3/location.h"
#include "tap.h"

typedef struct UrlCase
{
	const char *url;
	const char *scheme;
	const char *bucket;
	const char *key;
} UrlCase;

typedef struct BadUrlCase
{
	const char *url;
	S3ErrorKind kind;
	const char *detail;			/* how the detail (or for EMPTY the message)
								 * begins */
} BadUrlCase;

#define NO_SCHEME	"The URL does not start with a scheme"
#define BAD_SCHEME	"A scheme is a letter"
#define BAD_BUCKET	"A bucket's name has"
#define USER_INFO	"The URL holds user info"
#define PORT		"The URL holds a port"
#define NO_BUCKET	"S3 URL without a bucket"

static const UrlCase good_urls[] = {
	{"s3://bucket/key", "s3", "bucket", "key"},
	{"s3://bucket", "s3", "bucket", ""},
	{"s3://bucket/", "s3", "bucket", ""},
	{"s3://bucket//", "s3", "bucket", "/"},
	{"s3://bucket//key", "s3", "bucket", "/key"},
	{"s3://bucket/a/b/", "s3", "bucket", "a/b/"},
	{"s3://bucket/a//b", "s3", "bucket", "a//b"},
	{"s3://bucket/.", "s3", "bucket", "."},
	{"s3://bucket/..", "s3", "bucket", ".."},
	{"s3://bucket/../other/key", "s3", "bucket", "../other/key"},
	{"s3://bucket/a?b#c", "s3", "bucket", "a?b#c"},
	{"s3://bucket/?", "s3", "bucket", "?"},
	{"s3://bucket/#", "s3", "bucket", "#"},
	{"s3://bucket/a%20b+c", "s3", "bucket", "a%20b+c"},
	{"s3://bucket/%", "s3", "bucket", "%"},
	{"s3://bucket/a:b@c", "s3", "bucket", "a:b@c"},
	{"s3://bucket/s3://other/key", "s3", "bucket", "s3://other/key"},
	{"s3://bucket/ key ", "s3", "bucket", " key "},
	{"s3://bucket/a\nb\tc\x01\x7f", "s3", "bucket", "a\nb\tc\x01\x7f"},
	{"s3://bucket/\xc3\xbc/\xe6\x97\xa5", "s3", "bucket", "\xc3\xbc/\xe6\x97\xa5"},
	{"s3://bucket/\\..\\x", "s3", "bucket", "\\..\\x"},
	{"s3://bucket/-", "s3", "bucket", "-"},
	{"S3://Bucket/Key", "S3", "Bucket", "Key"},
	{"s3-minio://b_u.c-k9/k", "s3-minio", "b_u.c-k9", "k"},
	{"a+b-c.d9://b/k", "a+b-c.d9", "b", "k"},
	{"x://b/k", "x", "b", "k"},
	{"http://b/k", "http", "b", "k"},
	{"s3://-/k", "s3", "-", "k"},
	{"s3://_/k", "s3", "_", "k"},
	{"s3://.../k", "s3", "...", "k"},
	{"s3://.b/k", "s3", ".b", "k"},
	{"s3://192.168.0.1/k", "s3", "192.168.0.1", "k"}
};

static const BadUrlCase bad_urls[] = {
	{"bucket/key", S3_ERROR_SYNTAX, NO_SCHEME},
	{"/bucket/key", S3_ERROR_SYNTAX, NO_SCHEME},
	{"//bucket/key", S3_ERROR_SYNTAX, NO_SCHEME},
	{"key.txt", S3_ERROR_SYNTAX, NO_SCHEME},
	{"--", S3_ERROR_SYNTAX, NO_SCHEME},
	{" ", S3_ERROR_SYNTAX, NO_SCHEME},
	{":", S3_ERROR_SYNTAX, NO_SCHEME},
	{"s3", S3_ERROR_SYNTAX, NO_SCHEME},
	{"s3:", S3_ERROR_SYNTAX, NO_SCHEME},
	{"s3:/", S3_ERROR_SYNTAX, NO_SCHEME},
	{"s3:/bucket/key", S3_ERROR_SYNTAX, NO_SCHEME},
	{"s3:bucket/key", S3_ERROR_SYNTAX, NO_SCHEME},
	{"s3:?/bucket", S3_ERROR_SYNTAX, NO_SCHEME},
	{"s3;//bucket/key", S3_ERROR_SYNTAX, NO_SCHEME},
	{"s3:\\\\bucket\\key", S3_ERROR_SYNTAX, NO_SCHEME},
	{"://bucket/key", S3_ERROR_SYNTAX, BAD_SCHEME},
	{" s3://bucket/key", S3_ERROR_SYNTAX, BAD_SCHEME},
	{"s3 ://bucket/key", S3_ERROR_SYNTAX, BAD_SCHEME},
	{"3s://bucket/key", S3_ERROR_SYNTAX, BAD_SCHEME},
	{"-s3://bucket/key", S3_ERROR_SYNTAX, BAD_SCHEME},
	{"+://bucket/key", S3_ERROR_SYNTAX, BAD_SCHEME},
	{"s_3://bucket/key", S3_ERROR_SYNTAX, BAD_SCHEME},
	{"s%33://bucket/key", S3_ERROR_SYNTAX, BAD_SCHEME},
	{"\xc3\xa9://bucket/key", S3_ERROR_SYNTAX, BAD_SCHEME},
	{"a/b://bucket/key", S3_ERROR_SYNTAX, BAD_SCHEME},
	{"s3\n://bucket/key", S3_ERROR_SYNTAX, BAD_SCHEME},
	{"s3://", S3_ERROR_EMPTY, NO_BUCKET},
	{"s3:///", S3_ERROR_EMPTY, NO_BUCKET},
	{"s3:///key", S3_ERROR_EMPTY, NO_BUCKET},
	{"s3://./key", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://../key", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://..", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://buc ket/key", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://bucket?/key", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://bucket#/key", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://bucket?versionId=1", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://buc%6bet/key", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://b\xc3\xbc/key", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://bucket\n/key", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://buck\x01" "et/key", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://bucket\x7f/key", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://bucket\\key", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://{bucket}/key", S3_ERROR_SYNTAX, BAD_BUCKET},
	{"s3://[::1]/key", S3_ERROR_SYNTAX, PORT},
	{"s3://bucket:9000/key", S3_ERROR_SYNTAX, PORT},
	{"s3://bucket:/key", S3_ERROR_SYNTAX, PORT},
	{"s3://:9000/key", S3_ERROR_SYNTAX, PORT},
	{"s3://user@bucket/key", S3_ERROR_SYNTAX, USER_INFO},
	{"s3://user:password@bucket/key", S3_ERROR_SYNTAX, USER_INFO},
	{"s3://@bucket/key", S3_ERROR_SYNTAX, USER_INFO},
	{"s3://@/key", S3_ERROR_SYNTAX, USER_INFO}
};

/* What key a URL's key becomes; NULL: the error */
typedef struct KeyCase
{
	const char *key;
	const char *prefix;
	bool		normalize;
	const char *want;
	S3ErrorKind kind;
} KeyCase;

static const KeyCase key_cases[] = {
	{"a/b", "", false, "a/b"},
	{"../a//./b/", "", false, "../a//./b/"},
	{"/a", "", false, "/a"},
	{"a?b#c", "", false, "a?b#c"},
	{"", "", false, NULL, S3_ERROR_EMPTY},
	{"", "", true, NULL, S3_ERROR_EMPTY},
	{"/", "", true, NULL, S3_ERROR_EMPTY},
	{".", "", true, NULL, S3_ERROR_EMPTY},
	{"..", "", true, NULL, S3_ERROR_EMPTY},
	{"a/..", "", true, NULL, S3_ERROR_EMPTY},
	{"?a", "", true, NULL, S3_ERROR_EMPTY},
	{"#a", "", true, NULL, S3_ERROR_EMPTY},

	{"a", "media", false, "media/a"},
	{"a", "media/", false, "media/a"},
	{"/a", "media/", false, "media//a"},
	{"a/", "media", false, "media/a/"},
	{"a", "/media", false, "/media/a"},
	{"a", "m/n//", false, "m/n//a"},
	{"a", "/", false, "/a"},
	{"", "media", false, NULL, S3_ERROR_EMPTY},
	{"a/../b", "media", false, "media/a/../b"},
	{"a/..", "media", false, "media/a/.."},
	{"..", "media", false, NULL, S3_ERROR_ARGUMENT},
	{"../b", "media", false, NULL, S3_ERROR_ARGUMENT},
	{"a/../../b", "media", false, NULL, S3_ERROR_ARGUMENT},
	{"./../b", "media", false, NULL, S3_ERROR_ARGUMENT},
	{"//../b", "media", false, NULL, S3_ERROR_ARGUMENT},
	{"a/../../media/b", "media", false, NULL, S3_ERROR_ARGUMENT},
	{".../b", "media", false, "media/.../b"},
	{"..b", "media", false, "media/..b"},
	{"a?b/../c", "media", false, "media/a?b/../c"},
	{"a?/../../b", "media", false, NULL, S3_ERROR_ARGUMENT},
	{"a#/../../b", "media", false, NULL, S3_ERROR_ARGUMENT},
	{"?/../..", "media", false, NULL, S3_ERROR_ARGUMENT},
	{"..?", "media", false, "media/..?"},

	{"a//b/", "media", true, "media/a/b"},
	{"a/../b", "media/", true, "media/b"},
	{"a?/../../b", "media", true, "media/a"},
	{"..?", "media", true, NULL, S3_ERROR_ARGUMENT},
	{"../b", "media", true, NULL, S3_ERROR_ARGUMENT},
	{"a/../../b", "media", true, NULL, S3_ERROR_ARGUMENT},
	{"a/..", "media", true, NULL, S3_ERROR_EMPTY},
	{"?x", "media", true, NULL, S3_ERROR_EMPTY},
	{"", "media", true, NULL, S3_ERROR_EMPTY}
};

typedef struct KeyVector
{
	const char *key;
	const char *want;			/* "": an error */
} KeyVector;

#include "key_vectors.h"

static void test_none(void);
static void test_good_urls(void);
static void test_bad_urls(void);
static void test_limits(void);
static void test_url_of(size_t scheme_len, size_t bucket_len, size_t key_len,
						bool good, S3ErrorKind kind);
static char *repeat(char c, size_t count);
static void test_keys(void);
static void test_key(const char *key, const char *prefix, bool normalize,
					 const char *want, S3ErrorKind kind);
static void test_key_limits(void);
static void test_appending(void);
static void test_list_prefixes(void);

int
main(void)
{
	test_none();
	test_good_urls();
	test_bad_urls();
	test_limits();
	test_keys();
	test_key_limits();
	test_appending();
	test_list_prefixes();
	return tap_done();
}

static void
test_none(void)
{
	ok(s3_location_is_none(s3_slice_cstring("")), "'' is no file");
	ok(s3_location_is_none(s3_slice_cstring("-")), "'-' is no file");
	ok(!s3_location_is_none(s3_slice_cstring("--")), "'--' is not \"no file\"");
	ok(!s3_location_is_none(s3_slice_cstring("_")), "'_' is not \"no file\"");
	ok(!s3_location_is_none(s3_slice_cstring(" ")), "a blank is not \"no file\"");
	ok(!s3_location_is_none(s3_slice_cstring("s3://b/k")), "a URL is not \"no file\"");
}

static void
test_good_urls(void)
{
	for (int i = 0; i < lengthof(good_urls); i++)
	{
		const UrlCase *url = &good_urls[i];
		S3Location	loc;
		S3Error		err = {0};

		if (!ok(s3_location_parse(s3_slice_cstring(url->url), &loc, &err), "good URL %d", i))
			continue;
		is_bytes(loc.scheme, s3_slice_cstring(url->scheme), "scheme of URL %d", i);
		is_bytes(loc.bucket, s3_slice_cstring(url->bucket), "bucket of URL %d", i);
		is_bytes(loc.key, s3_slice_cstring(url->key), "key of URL %d", i);
	}
}

static void
test_bad_urls(void)
{
	for (int i = 0; i < lengthof(bad_urls); i++)
	{
		const BadUrlCase *url = &bad_urls[i];
		S3Location	loc;
		S3Error		err = {0};
		const char *text;

		ok(!s3_location_parse(s3_slice_cstring(url->url), &loc, &err), "bad URL %d", i);
		is_int(err.kind, url->kind, "kind of bad URL %d", i);
		text = url->kind == S3_ERROR_EMPTY ? err.message : err.detail;
		ok(strncmp(text, url->detail, strlen(url->detail)) == 0, "reason of bad URL %d", i);
		ok(strstr(err.message, "password") == NULL && strstr(err.detail, "password") == NULL,
		   "bad URL %d is not repeated", i);
	}
}

static void
test_limits(void)
{
	test_url_of(S3_SCHEME_MAX, S3_BUCKET_MAX, S3_KEY_MAX, true, S3_ERROR_NONE);
	test_url_of(S3_SCHEME_MAX + 1, 3, 1, false, S3_ERROR_SYNTAX);
	test_url_of(1, S3_BUCKET_MAX + 1, 1, false, S3_ERROR_SYNTAX);
	test_url_of(1, 3, S3_KEY_MAX + 1, false, S3_ERROR_TOO_LARGE);
	test_url_of(1, 3, 1 << 20, false, S3_ERROR_TOO_LARGE);
}

static void
test_url_of(size_t scheme_len, size_t bucket_len, size_t key_len, bool good, S3ErrorKind kind)
{
	char	   *url = psprintf("%s://%s/%s", repeat('s', scheme_len),
							   repeat('b', bucket_len), repeat('k', key_len));
	S3Location	loc;
	S3Error		err = {0};

	is_int(s3_location_parse(s3_slice_cstring(url), &loc, &err), good,
		   "scheme of %zu, bucket of %zu, key of %zu bytes", scheme_len, bucket_len, key_len);
	is_int(err.kind, kind, "... and the kind of error");
}

static char *
repeat(char c, size_t count)
{
	char	   *text = palloc(count + 1);

	memset(text, c, count);
	text[count] = '\0';
	return text;
}

static void
test_keys(void)
{
	for (int i = 0; i < lengthof(key_cases); i++)
		test_key(key_cases[i].key, key_cases[i].prefix, key_cases[i].normalize,
				 key_cases[i].want, key_cases[i].kind);
	for (int i = 0; i < lengthof(key_vectors); i++)
	{
		const char *want = key_vectors[i].want;

		if (want[0] == '\0')
			test_key(key_vectors[i].key, "", true, NULL, S3_ERROR_EMPTY);
		else
			test_key(key_vectors[i].key, "", true, want, S3_ERROR_NONE);
	}
}

static void
test_key(const char *key, const char *prefix, bool normalize,
		 const char *want, S3ErrorKind kind)
{
	S3Location	loc = {{"s3", 2}, {"bucket", 6}, s3_slice_cstring(key)};
	S3Error		err = {0};
	StringInfoData text;
	bool		good;

	initStringInfo(&text);
	good = s3_location_object_key(&loc, prefix, normalize, &text, &err);
	if (want != NULL)
		is_string(good ? text.data : NULL, want, "key \"%s\", prefix \"%s\"%s", key, prefix,
				  normalize ? ", normalized" : "");
	else
		is_int(good ? -1 : (int) err.kind, kind, "key \"%s\", prefix \"%s\"%s is refused",
			   key, prefix, normalize ? ", normalized," : "");
}

static void
test_key_limits(void)
{
	char	   *prefix = repeat('p', 23);

	test_key(repeat('k', 1000), prefix, false,
			 psprintf("%s/%s", prefix, repeat('k', 1000)), S3_ERROR_NONE);
	test_key(repeat('k', 1001), prefix, false, NULL, S3_ERROR_TOO_LARGE);
	test_key(repeat('k', 1001), prefix, true, NULL, S3_ERROR_TOO_LARGE);
	test_key(psprintf("%s/./a", repeat('/', 1020)), "", true, "a", S3_ERROR_NONE);
}

/* What stands in the buffer already stays, and is no part of the key. */
static void
test_appending(void)
{
	S3Location	loc = {{"s3", 2}, {"bucket", 6}, {"a/../..", 7}};
	S3Error		err = {0};
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "/bucket/");
	ok(!s3_location_object_key(&loc, "", true, &text, &err), "nothing left of a key");
	is_int(err.kind, S3_ERROR_EMPTY, "... is an empty key");

	loc.key = s3_slice_cstring("../../x");
	resetStringInfo(&text);
	appendStringInfoString(&text, "/bucket/");
	ok(s3_location_object_key(&loc, "", true, &text, &err), "a key behind other text");
	is_string(text.data, "/bucket/x", "... leaves that text alone");
}

/* What the keys below a URL start with. */
static void
test_list_prefixes(void)
{
	static const struct
	{
		const char *key;
		const char *prefix;
		bool		normalize;
		const char *want;
		int			own_len;	/* -1: refused */
	}			cases[] =
	{
		{"", "", false, "", 0},
		{"a", "", false, "a", 0},
		{"a//b/", "", false, "a//b/", 0},
		{"..", "", false, "..", 0},
		{"a?b#c/", "", false, "a?b#c/", 0},
		{"", "p", false, "p/", 2},
		{"", "p/", false, "p/", 2},
		{"a/", "p", false, "p/a/", 2},
		{"/a", "p", false, "p//a", 2},
		{"a/../b", "p", false, "p/a/../b", 2},
		{"..", "p", false, NULL, -1},
		{"a/../..", "p", false, NULL, -1},
		{"", "", true, "", 0},
		{"/", "", true, "", 0},
		{"a//b/", "", true, "a/b/", 0},
		{"a/./b", "", true, "a/b", 0},
		{"a/?b", "", true, "a/", 0},
		{"a/../", "", true, "", 0},
		{"a/../b/", "p", true, "p/b/", 2},
		{"/", "p", true, "p/", 2},
		{"../a", "p", true, NULL, -1}
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		S3Location	loc = {s3_slice("s3", 2), s3_slice("b", 1), s3_slice_cstring(cases[i].key)};
		StringInfoData key;
		S3Error		err = {0};
		size_t		own_len = 0;
		bool		good;

		initStringInfo(&key);
		good = s3_location_list_prefix(&loc, cases[i].prefix, cases[i].normalize, &key, &own_len, &err);
		is_string(good ? key.data : NULL, cases[i].want, "prefix of a list %d", i);
		is_int(good ? (int) own_len : -1, cases[i].own_len, "... and what of it is the endpoint's");
	}
}
