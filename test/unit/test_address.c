/*
 * Unit tests of the address room: endpoints, regions, hosts and paths.
 */
#include "address.h"
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

static const struct
{
	const char *region;
	const char *host;			/* NULL: not a region */
}			region_cases[] =
{
	{"us-east-1", "s3.us-east-1.amazonaws.com"},
	{"eu-central-1", "s3.eu-central-1.amazonaws.com"},
	{"us-gov-west-1", "s3.us-gov-west-1.amazonaws.com"},
	{"cn-north-1", "s3.cn-north-1.amazonaws.com.cn"},
	{"cn-northwest-1", "s3.cn-northwest-1.amazonaws.com.cn"},
	{"us-iso-east-1", "s3.us-iso-east-1.c2s.ic.gov"},
	{"us-isob-east-1", "s3.us-isob-east-1.sc2s.sgov.gov"},
	{"eu-isoe-west-1", "s3.eu-isoe-west-1.cloud.adc-e.uk"},
	{"us-isof-south-1", "s3.us-isof-south-1.csp.hci.ic.gov"},
	{"eusc-de-east-1", "s3.eusc-de-east-1.amazonaws.eu"},
	{"x", "s3.x.amazonaws.com"},
	{"12345678901234567890123456789012", "s3.12345678901234567890123456789012.amazonaws.com"},
	{"", NULL},
	{"123456789012345678901234567890123", NULL},
	{"EU-CENTRAL-1", NULL},
	{"eu_central_1", NULL},
	{"eu central", NULL},
	{"eu.central", NULL},
	{"-eu", NULL},
	{"eu-", NULL},
	{"-", NULL},
	{"eu/../x", NULL},
	{"eu\n", NULL},
	{"\xc3\xbc", NULL}
};

/* The endpoints that the buckets below are tried on. */
enum
{
	AWS,
	HTTP_NAME,
	HTTPS_NAME,
	HTTP_IPV4,
	HTTP_IPV6,
	HTTP_LOCALHOST,
	HTTPS_PATH
};

static const char *const endpoint_urls[] = {
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
	int			endpoint;
	S3AddressingStyle style;
	const char *bucket;
	const char *host;
	const char *path;
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
static void test_long_hosts(void);
static void test_regions(void);
static void test_buckets(void);

int
main(void)
{
	test_endpoints();
	test_long_hosts();
	test_regions();
	test_buckets();
	return tap_done();
}

static void
test_endpoints(void)
{
	for (int i = 0; i < lengthof(endpoint_cases); i++)
	{
		const EndpointCase *want = &endpoint_cases[i];
		S3Endpoint	endpoint;
		S3Error		err = {0};
		bool		good = s3_endpoint_parse("endpoint_url", want->url, &endpoint, &err);

		if (!is_int(good, want->host != NULL, "endpoint %d is %s", i,
					want->host != NULL ? "taken" : "refused"))
			continue;
		if (good)
		{
			ok(endpoint.custom && endpoint.tls == want->tls, "scheme of endpoint %d", i);
			is_string(endpoint.host, want->host, "host of endpoint %d", i);
			is_string(endpoint.path, want->path, "path of endpoint %d", i);
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
test_long_hosts(void)
{
	S3Endpoint	endpoint;
	S3Error		err = {0};
	char	   *longest = psprintf("http://%s.%s.%s.%.61s", L63, L63, L63, L63);

	is_int(strlen(longest), 7 + 253, "a host of 253 bytes");
	ok(s3_endpoint_parse("x", longest, &endpoint, &err), "... is taken");
	ok(!s3_endpoint_parse("x", psprintf("%sa", longest), &endpoint, &err), "one of 254 is not");
	ok(!s3_endpoint_parse("x", "http://" L63 "0.local", &endpoint, &err),
	   "nor a label of 64");
}

static void
test_regions(void)
{
	for (int i = 0; i < lengthof(region_cases); i++)
	{
		const char *region = region_cases[i].region;
		S3Endpoint	endpoint;
		S3Error		err = {0};

		is_int(s3_check_region(region, &err), region_cases[i].host != NULL, "region %d", i);
		if (region_cases[i].host == NULL)
		{
			is_int(err.kind, S3_ERROR_ARGUMENT, "kind of region %d", i);
			continue;
		}
		s3_endpoint_for_region(region, &endpoint);
		ok(endpoint.tls && !endpoint.custom, "%s has TLS and is AWS's own", region);
		is_string(endpoint.host, region_cases[i].host, "host of %s", region);
		is_string(endpoint.path, "", "path of %s", region);
	}
}

static void
test_buckets(void)
{
	for (int i = 0; i < lengthof(bucket_cases); i++)
	{
		const char *url = endpoint_urls[bucket_cases[i].endpoint];
		const char *bucket = bucket_cases[i].bucket;
		S3Endpoint	endpoint;
		S3Address	address;
		S3Error		err = {0};

		if (url == NULL)
			s3_endpoint_for_region("eu-west-1", &endpoint);
		else
			ok(s3_endpoint_parse("x", url, &endpoint, &err), "endpoint \"%s\"", url);

		/* Behind the slice stands what is no part of the bucket. */
		s3_address_bucket(&endpoint, bucket_cases[i].style,
						  s3_slice(psprintf("%s.A/", bucket), strlen(bucket)), &address);
		is_int(address.tls, endpoint.tls, "scheme for bucket %d, \"%s\"", i, bucket);
		is_string(address.host, bucket_cases[i].host, "host for bucket %d, \"%s\"", i, bucket);
		is_string(address.path, bucket_cases[i].path, "path for bucket %d, \"%s\"", i, bucket);
	}
}
