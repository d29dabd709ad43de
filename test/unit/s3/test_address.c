/*
 * Unit tests of the address room: endpoints, hosts and paths of buckets.
 */
#include "s3/region.h"
#include "tap.h"

typedef struct EndpointCase
{
	const char *url;
	bool		tls;
	const char *host;			/* NULL: refused */
	const char *path;			/* or how the reason begins */
} EndpointCase;

#define NOT_HTTP	"It must start with"
#define HAS_USER	"It must not hold a user"
#define HAS_QUERY	"It must not hold a query"
#define BAD_PATH	"Its path may hold"
#define BAD_HOST	"Its host must be"
#define BAD_PORT	"Its port must be"

static const EndpointCase endpoint_cases[] = {
	{"http://minio", false, "minio", ""},
	{"https://minio", true, "minio", ""},
	{"HTTPS://Files.Example.COM", true, "files.example.com", ""},
	{"HttP://h", false, "h", ""},
	{"http://minio:9000", false, "minio:9000", ""},
	{"http://minio:9000/", false, "minio:9000", ""},
	{"http://minio:80", false, "minio", ""},
	{"http://minio:0080", false, "minio", ""},
	{"http://minio:443", false, "minio:443", ""},
	{"https://minio:443", true, "minio", ""},
	{"https://minio:80", true, "minio:80", ""},
	{"http://minio:65535", false, "minio:65535", ""},
	{"http://minio:1", false, "minio:1", ""},
	{"http://127.0.0.1:9000", false, "127.0.0.1:9000", ""},
	{"http://[::1]:9000", false, "[::1]:9000", ""},
	{"http://[::1]", false, "[::1]", ""},
	{"https://[2001:DB8::1]/s3", true, "[2001:db8::1]", "/s3"},
	{"http://[::ffff:127.0.0.1]:80", false, "[::ffff:127.0.0.1]", ""},
	{"http://[0000:0:0::0:0001]:9000", false, "[::1]:9000", ""},
	{"http://[2001:0db8:0:0:0:0:0:000a]", false, "[2001:db8::a]", ""},
	{"http://[::ffff:7f00:1]", false, "[::ffff:127.0.0.1]", ""},
	{"http://1.2.3.4.example", false, "1.2.3.4.example", ""},
	{"http://1a.2", false, "1a.2", ""},
	{"http://minio.1", false, "minio.1", ""},
	{"http://0xg", false, "0xg", ""},
	{"https://example.com/s3", true, "example.com", "/s3"},
	{"https://example.com/a/b-c_d~e.f/", true, "example.com", "/a/b-c_d~e.f"},
	{"https://under_score.local", true, "under_score.local", ""},
	{"https://a-b.c0", true, "a-b.c0", ""},

	{"", false, NULL, NOT_HTTP},
	{"minio:9000", false, NULL, NOT_HTTP},
	{"//minio", false, NULL, NOT_HTTP},
	{"ftp://minio", false, NULL, NOT_HTTP},
	{"file:///etc/passwd", false, NULL, NOT_HTTP},
	{"http:/minio", false, NULL, NOT_HTTP},
	{"http:minio", false, NULL, NOT_HTTP},
	{" http://minio", false, NULL, NOT_HTTP},
	{"httpss://minio", false, NULL, NOT_HTTP},
	{"http://user@minio", false, NULL, HAS_USER},
	{"http://user:secret@minio:9000/", false, NULL, HAS_USER},
	{"http://@minio", false, NULL, HAS_USER},
	{"http://minio?x=1", false, NULL, HAS_QUERY},
	{"http://minio/?x=1", false, NULL, HAS_QUERY},
	{"http://minio/s3#f", false, NULL, HAS_QUERY},
	{"http://minio#", false, NULL, HAS_QUERY},
	{"http://minio//", false, NULL, BAD_PATH},
	{"http://minio/a//b", false, NULL, BAD_PATH},
	{"http://minio/../b", false, NULL, BAD_PATH},
	{"http://minio/a/./b", false, NULL, BAD_PATH},
	{"http://minio/.", false, NULL, BAD_PATH},
	{"http://minio/a b", false, NULL, BAD_PATH},
	{"http://minio/a%20b", false, NULL, BAD_PATH},
	{"http://minio/\xc3\xbc", false, NULL, BAD_PATH},
	{"http://minio/a\r\nX: y", false, NULL, BAD_PATH},
	{"http://minio/a@b", false, NULL, BAD_PATH},
	{"http://", false, NULL, BAD_HOST},
	{"http:///s3", false, NULL, BAD_HOST},
	{"http://:9000", false, NULL, BAD_HOST},
	{"http://.", false, NULL, BAD_HOST},
	{"http://a..b", false, NULL, BAD_HOST},
	{"http://minio.", false, NULL, BAD_HOST},
	{"http://-minio", false, NULL, BAD_HOST},
	{"http://minio-.x", false, NULL, BAD_HOST},
	{"http://mi nio", false, NULL, BAD_HOST},
	{"http://min\tio", false, NULL, BAD_HOST},
	{"http://minio\r\nHost: other", false, NULL, BAD_HOST},
	{"http://m\xc3\xbcnio", false, NULL, BAD_HOST},
	{"http://mi%6eio", false, NULL, BAD_HOST},
	{"http://mi\\nio", false, NULL, BAD_HOST},
	{"http://[]", false, NULL, BAD_HOST},
	{"http://[::1", false, NULL, BAD_HOST},
	{"http://[::1%25eth0]", false, NULL, BAD_HOST},
	{"http://[g::1]", false, NULL, BAD_HOST},
	{"http://::1", false, NULL, BAD_HOST},
	{"http://[1::2::3]", false, NULL, BAD_HOST},
	{"http://[12345::]", false, NULL, BAD_HOST},
	{"http://[1:2:3:4:5:6:7:8:9]", false, NULL, BAD_HOST},
	{"http://[...]", false, NULL, BAD_HOST},
	{"http://[127.0.0.1]", false, NULL, BAD_HOST},
	{"http://256.0.0.1", false, NULL, BAD_HOST},
	{"http://127.0.0.01", false, NULL, BAD_HOST},
	{"http://127.1:9000", false, NULL, BAD_HOST},
	{"http://2130706433", false, NULL, BAD_HOST},
	{"http://1.2.3.4.5", false, NULL, BAD_HOST},
	{"http://0x7f000001", false, NULL, BAD_HOST},
	{"http://0X7F.0.0.1", false, NULL, BAD_HOST},
	{"http://minio:", false, NULL, BAD_PORT},
	{"http://minio:0", false, NULL, BAD_PORT},
	{"http://minio:65536", false, NULL, BAD_PORT},
	{"http://minio:999999", false, NULL, BAD_PORT},
	{"http://minio:-1", false, NULL, BAD_PORT},
	{"http://minio:+80", false, NULL, BAD_PORT},
	{"http://minio:80a", false, NULL, BAD_PORT},
	{"http://minio: 80", false, NULL, BAD_PORT},
	{"http://minio:80:80", false, NULL, BAD_PORT},
	{"http://[::1]80", false, NULL, BAD_PORT},
	{"http://[::1]:", false, NULL, BAD_PORT}
};

/* The endpoints that the buckets below are tried on. */
enum
{
	AWS,
	AWS_FIPS,
	AWS_GOV_FIPS,
	AWS_ACCELERATED,
	HTTP_NAME,
	HTTPS_NAME,
	HTTP_IPV4,
	HTTP_IPV6,
	HTTP_LOCALHOST,
	HTTPS_PATH
};

static const char *const endpoint_urls[] = {
	NULL,
	NULL,
	NULL,
	NULL,
	"http://minio.local:9000",
	"https://minio.local",
	"http://127.0.0.1:9000",
	"http://[::1]:9000",
	"http://localhost",
	"https://minio.local/s3"
};

#define L63 "a2345678901234567890123456789012345678901234567890123456789012z"

static const struct
{
	int			base;
	S3AddressingStyle style;
	const char *bucket;
	const char *host;			/* NULL: refused */
	const char *path;			/* or how the message begins */
}			bucket_cases[] =
{
	{AWS, S3_ADDRESSING_AUTO, "bucket", "bucket.s3.eu-west-1.amazonaws.com", ""},
	{AWS, S3_ADDRESSING_VIRTUAL, "bucket", "bucket.s3.eu-west-1.amazonaws.com", ""},
	{AWS, S3_ADDRESSING_PATH, "bucket", "s3.eu-west-1.amazonaws.com", "/bucket"},
	{AWS, S3_ADDRESSING_AUTO, "b-1", "b-1.s3.eu-west-1.amazonaws.com", ""},
	{AWS, S3_ADDRESSING_AUTO, "123", "123.s3.eu-west-1.amazonaws.com", ""},
	{AWS, S3_ADDRESSING_AUTO, L63, L63 ".s3.eu-west-1.amazonaws.com", ""},
	{AWS, S3_ADDRESSING_AUTO, L63 "0", "s3.eu-west-1.amazonaws.com", "/" L63 "0"},
	{AWS, S3_ADDRESSING_AUTO, "ab", "s3.eu-west-1.amazonaws.com", "/ab"},
	{AWS, S3_ADDRESSING_AUTO, "a", "s3.eu-west-1.amazonaws.com", "/a"},
	{AWS, S3_ADDRESSING_AUTO, "my.bucket", "s3.eu-west-1.amazonaws.com", "/my.bucket"},
	{AWS, S3_ADDRESSING_VIRTUAL, "my.bucket", "s3.eu-west-1.amazonaws.com", "/my.bucket"},
	{AWS, S3_ADDRESSING_VIRTUAL, "My-Bucket", "s3.eu-west-1.amazonaws.com", "/My-Bucket"},
	{AWS, S3_ADDRESSING_VIRTUAL, "my_bucket", "s3.eu-west-1.amazonaws.com", "/my_bucket"},
	{AWS, S3_ADDRESSING_VIRTUAL, "-bucket", "s3.eu-west-1.amazonaws.com", "/-bucket"},
	{AWS, S3_ADDRESSING_VIRTUAL, "bucket-", "s3.eu-west-1.amazonaws.com", "/bucket-"},

	{AWS, S3_ADDRESSING_AUTO, "192.168.0.1", "s3.eu-west-1.amazonaws.com", "/192.168.0.1"},
	{AWS, S3_ADDRESSING_AUTO, "x-s3alias", "x-s3alias.s3.eu-west-1.amazonaws.com", ""},
	{AWS, S3_ADDRESSING_AUTO, "--x-s3x", "s3.eu-west-1.amazonaws.com", "/--x-s3x"},
	{AWS, S3_ADDRESSING_AUTO, "b--x-s3x", "b--x-s3x.s3.eu-west-1.amazonaws.com", ""},
	{AWS, S3_ADDRESSING_AUTO, "b-x-s3", "b-x-s3.s3.eu-west-1.amazonaws.com", ""},
	{AWS, S3_ADDRESSING_AUTO, "mrap", "mrap.s3.eu-west-1.amazonaws.com", ""},
	{AWS, S3_ADDRESSING_AUTO, "b--usw2-az1--x-s3", NULL, "directory buckets"},
	{AWS, S3_ADDRESSING_PATH, "b--usw2-az1--x-s3", NULL, "directory buckets"},
	{AWS, S3_ADDRESSING_AUTO, "--x-s3", NULL, "directory buckets"},
	{AWS, S3_ADDRESSING_AUTO, "b--usw2-az1--xa-s3", NULL, "access points of directory"},
	{AWS, S3_ADDRESSING_AUTO, "mfzwi23gnjvgw.mrap", NULL, "multi-Region"},
	{AWS, S3_ADDRESSING_AUTO, ".mrap", NULL, "multi-Region"},
	{AWS, S3_ADDRESSING_AUTO, "b--op-s3", NULL, "buckets and access points of S3 on Outposts"},
	{AWS, S3_ADDRESSING_VIRTUAL, "b--ol-s3", NULL, "S3 Object Lambda"},

	{AWS_FIPS, S3_ADDRESSING_AUTO, "bucket", "bucket.s3-fips.us-west-2.amazonaws.com", ""},
	{AWS_FIPS, S3_ADDRESSING_VIRTUAL, L63, L63 ".s3-fips.us-west-2.amazonaws.com", ""},
	{AWS_FIPS, S3_ADDRESSING_AUTO, "my.bucket", NULL, "\"use_fips\" cannot be used with bucket \"my.bucket\""},
	{AWS_FIPS, S3_ADDRESSING_VIRTUAL, "UPPER", NULL, "\"use_fips\" cannot be used with bucket \"UPPER\""},
	{AWS_FIPS, S3_ADDRESSING_PATH, "bucket", NULL, "\"use_fips\" cannot be used"},
	{AWS_GOV_FIPS, S3_ADDRESSING_AUTO, "bucket", "bucket.s3-fips.us-gov-west-1.amazonaws.com", ""},
	{AWS_GOV_FIPS, S3_ADDRESSING_AUTO, "my.bucket", "s3-fips.us-gov-west-1.amazonaws.com", "/my.bucket"},
	{AWS_GOV_FIPS, S3_ADDRESSING_VIRTUAL, "UPPER", "s3-fips.us-gov-west-1.amazonaws.com", "/UPPER"},
	{AWS_GOV_FIPS, S3_ADDRESSING_PATH, "bucket", "s3-fips.us-gov-west-1.amazonaws.com", "/bucket"},
	{AWS_FIPS, S3_ADDRESSING_AUTO, "b--x-s3", NULL, "directory buckets"},
	{AWS_ACCELERATED, S3_ADDRESSING_AUTO, "bucket", "bucket.s3-accelerate.amazonaws.com", ""},
	{AWS_ACCELERATED, S3_ADDRESSING_AUTO, "my_bucket", NULL, "\"use_accelerate\" cannot be used with bucket \"my_bucket\""},
	{AWS_ACCELERATED, S3_ADDRESSING_AUTO, "ab", NULL, "\"use_accelerate\" cannot"},
	{AWS_ACCELERATED, S3_ADDRESSING_AUTO, L63 "0", NULL, "\"use_accelerate\" cannot"},
	{AWS_ACCELERATED, S3_ADDRESSING_AUTO, "192.168.0.1", NULL, "\"use_accelerate\" cannot"},

	{HTTP_NAME, S3_ADDRESSING_AUTO, "b--x-s3", "minio.local:9000", "/b--x-s3"},
	{HTTP_NAME, S3_ADDRESSING_VIRTUAL, "b.mrap", "b.mrap.minio.local:9000", ""},
	{HTTPS_NAME, S3_ADDRESSING_VIRTUAL, "b--ol-s3", "b--ol-s3.minio.local", ""},
	{HTTP_NAME, S3_ADDRESSING_AUTO, "bucket", "minio.local:9000", "/bucket"},
	{HTTP_NAME, S3_ADDRESSING_PATH, "bucket", "minio.local:9000", "/bucket"},
	{HTTP_NAME, S3_ADDRESSING_VIRTUAL, "bucket", "bucket.minio.local:9000", ""},
	{HTTP_NAME, S3_ADDRESSING_VIRTUAL, "my.bucket", "my.bucket.minio.local:9000", ""},
	{HTTP_NAME, S3_ADDRESSING_VIRTUAL, "my..bucket", "minio.local:9000", "/my..bucket"},
	{HTTP_NAME, S3_ADDRESSING_VIRTUAL, ".bucket", "minio.local:9000", "/.bucket"},
	{HTTP_NAME, S3_ADDRESSING_VIRTUAL, "bucket.", "minio.local:9000", "/bucket."},
	{HTTP_NAME, S3_ADDRESSING_VIRTUAL, "my-.bucket", "minio.local:9000", "/my-.bucket"},
	{HTTP_NAME, S3_ADDRESSING_VIRTUAL, "my.-bucket", "minio.local:9000", "/my.-bucket"},
	{HTTP_NAME, S3_ADDRESSING_VIRTUAL, "192.168.0.1", "minio.local:9000", "/192.168.0.1"},
	{HTTP_NAME, S3_ADDRESSING_VIRTUAL, "1.2.3", "minio.local:9000", "/1.2.3"},
	{HTTP_NAME, S3_ADDRESSING_VIRTUAL, "1.2.3a", "1.2.3a.minio.local:9000", ""},
	{HTTP_NAME, S3_ADDRESSING_VIRTUAL, "UPPER", "minio.local:9000", "/UPPER"},
	{HTTP_NAME, S3_ADDRESSING_AUTO, "UPPER", "minio.local:9000", "/UPPER"},

	{HTTPS_NAME, S3_ADDRESSING_AUTO, "bucket", "minio.local", "/bucket"},
	{HTTPS_NAME, S3_ADDRESSING_VIRTUAL, "bucket", "bucket.minio.local", ""},
	{HTTPS_NAME, S3_ADDRESSING_VIRTUAL, "my.bucket", "minio.local", "/my.bucket"},

	{HTTP_IPV4, S3_ADDRESSING_AUTO, "bucket", "127.0.0.1:9000", "/bucket"},
	{HTTP_IPV4, S3_ADDRESSING_VIRTUAL, "bucket", "127.0.0.1:9000", "/bucket"},
	{HTTP_IPV6, S3_ADDRESSING_VIRTUAL, "bucket", "[::1]:9000", "/bucket"},
	{HTTP_LOCALHOST, S3_ADDRESSING_VIRTUAL, "bucket", "bucket.localhost", ""},

	{HTTPS_PATH, S3_ADDRESSING_AUTO, "bucket", "minio.local", "/s3/bucket"},
	{HTTPS_PATH, S3_ADDRESSING_PATH, "bucket", "minio.local", "/s3/bucket"},
	{HTTPS_PATH, S3_ADDRESSING_VIRTUAL, "bucket", "bucket.minio.local", "/s3"},
	{HTTPS_PATH, S3_ADDRESSING_VIRTUAL, "my.bucket", "minio.local", "/s3/my.bucket"}
};

static void test_endpoints(void);
static void test_equal_endpoints(void);
static void test_long_hosts(void);
static void test_buckets(void);
static void make_endpoint(int which, S3EndpointUrl *base);
static void check_refusal(int i, const S3Error *err);

static void
test_loopback(void)
{
	static const struct
	{
		const char *url;
		bool		loopback;
	}			cases[] = {
		{"http://localhost", true},
		{"http://LOCALHOST:9000/s3", true},
		{"http://127.0.0.1:9000", true},
		{"http://127.255.3.4", true},
		{"http://[::1]", true},
		{"https://[::1]:9000", true},
		{"http://126.0.0.1", false},
		{"http://128.0.0.1", false},
		{"http://[::2]", false},
		{"http://[2001:db8::1]:9000", false},
		{"http://127.0.0.1.example.com", false},
		{"http://127.example.com", false},
		{"http://localhost.example.com", false},
		{"http://store:9000", false}
	};

	for (int i = 0; i < lengthof(cases); i++)
	{
		S3EndpointUrl base;
		S3Error		err;

		ok(s3_endpoint_url_parse("url", cases[i].url, &base, &err) &&
		   s3_endpoint_url_is_loopback(&base) == cases[i].loopback, "loopback: %s", cases[i].url);
	}
}

int
main(void)
{
	test_endpoints();
	test_equal_endpoints();
	test_loopback();
	test_long_hosts();
	test_buckets();
	return tap_done();
}

static void
test_endpoints(void)
{
	for (int i = 0; i < lengthof(endpoint_cases); i++)
	{
		const EndpointCase *want = &endpoint_cases[i];
		S3EndpointUrl base;
		S3Error		err = {0};
		bool		good = s3_endpoint_url_parse("endpoint_url", want->url, &base, &err);

		if (!is_int(good, want->host != NULL, "endpoint %d is %s", i,
					want->host != NULL ? "taken" : "refused"))
			continue;
		if (good)
		{
			ok(base.custom && base.tls == want->tls, "scheme of endpoint %d", i);
			is_string(base.host, want->host, "host of endpoint %d", i);
			is_string(base.path, want->path, "path of endpoint %d", i);
			continue;
		}
		is_int(err.kind, S3_ERROR_ARGUMENT, "kind of endpoint %d", i);
		is_string(err.message, "invalid URL in \"endpoint_url\"", "message of endpoint %d", i);
		ok(strncmp(err.detail, want->path, strlen(want->path)) == 0, "reason of endpoint %d", i);
		ok(strstr(err.detail, "secret") == NULL && strstr(err.hint, "secret") == NULL,
		   "endpoint %d is not repeated", i);
	}
}

static void
test_equal_endpoints(void)
{
	static const char *const different[] = {
		"https://a:80/x", "http://a:81/x", "http://b/x", "http://a", "http://a/X"
	};
	S3EndpointUrl a;
	S3EndpointUrl b;
	S3Error		err = {0};

	ok(s3_endpoint_url_parse("x", "http://a/x", &a, &err) &&
	   s3_endpoint_url_parse("x", "HTTP://A:80/x/", &b, &err) &&
	   s3_endpoint_url_equal(&a, &b), "two spellings of one address");
	for (int i = 0; i < lengthof(different); i++)
		ok(s3_endpoint_url_parse("x", different[i], &b, &err) &&
		   !s3_endpoint_url_equal(&a, &b), "address %d is another", i);
}

static void
test_long_hosts(void)
{
	S3EndpointUrl base;
	S3Error		err = {0};
	char	   *longest = psprintf("http://%s.%s.%s.%.61s", L63, L63, L63, L63);

	is_int(strlen(longest), 7 + 253, "a host of 253 bytes");
	ok(s3_endpoint_url_parse("x", longest, &base, &err), "... is taken");
	ok(!s3_endpoint_url_parse("x", psprintf("%sa", longest), &base, &err), "one of 254 is not");
	ok(!s3_endpoint_url_parse("x", "http://" L63 "0.local", &base, &err),
	   "nor a label of 64");
}

static void
test_buckets(void)
{
	for (int i = 0; i < lengthof(bucket_cases); i++)
	{
		const char *bucket = bucket_cases[i].bucket;
		S3EndpointUrl base;
		S3Address	address;
		S3Error		err = {0};
		bool		good;

		make_endpoint(bucket_cases[i].base, &base);
		/* Behind the slice stands what is no part of the bucket. */
		good = s3_address_bucket(&base, bucket_cases[i].style,
								 s3_slice(psprintf("%s.A/", bucket), strlen(bucket)),
								 &address, &err);
		if (!is_int(good, bucket_cases[i].host != NULL, "bucket %d, \"%s\"", i, bucket))
			continue;
		if (!good)
		{
			check_refusal(i, &err);
			continue;
		}
		is_int(address.tls, base.tls, "scheme for bucket %d, \"%s\"", i, bucket);
		is_string(address.host, bucket_cases[i].host, "host for bucket %d, \"%s\"", i, bucket);
		is_string(address.path, bucket_cases[i].path, "path for bucket %d, \"%s\"", i, bucket);
	}
}

static void
make_endpoint(int which, S3EndpointUrl *base)
{
	const char *url = endpoint_urls[which];
	S3HostVariant variant = {.fips = which == AWS_FIPS || which == AWS_GOV_FIPS,.accelerate = which == AWS_ACCELERATED};
	S3Error		err = {0};

	if (url != NULL)
		ok(s3_endpoint_url_parse("x", url, base, &err), "endpoint \"%s\"", url);
	else
		ok(s3_region_endpoint_url(which == AWS_FIPS ? "us-west-2" :
								  which == AWS_GOV_FIPS ? "us-gov-west-1" : "eu-west-1", &variant,
								  S3_ADDRESSING_AUTO, base, &err), "endpoint %d", which);
}

static void
check_refusal(int i, const S3Error *err)
{
	const char *begin = bucket_cases[i].path;

	is_int(err->kind, begin[0] == '"' ? S3_ERROR_ARGUMENT : S3_ERROR_UNSUPPORTED,
		   "kind for bucket %d", i);
	ok(strncmp(err->message, begin, strlen(begin)) == 0, "message for bucket %d: %s", i, err->message);
	ok(err->detail[0] != '\0', "detail for bucket %d", i);
}
