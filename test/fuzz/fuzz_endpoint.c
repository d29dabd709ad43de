/*
 * Fuzzes endpoint URLs and regions of AWS, and buckets on them: "URL bucket",
 * "region bucket".
 */
#include "fuzz.h"
#include "s3/location.h"
#include "s3/region.h"

const FuzzSeed fuzz_seeds[] = {
	SEED("http://minio:9000 bucket"),
	SEED("https://files.example.com/s3/ my.bucket"),
	SEED("http://[::1]:8080 b_1"),
	SEED("HTTP://127.0.0.1:80/ 192.168.0.1"),
	SEED("https://user:password@host:443/?a#b Bucket"),
	SEED("http://under_score.local:65535/a/b-c_d~e.f -"),
	SEED("http://[2001:0db8::0.0.0.1] x"),
	SEED("http://0x7f.1 x"),
	SEED("us-gov-west-1 bucket--x-s3"),
	SEED("fips-cn-north-1 my.bucket.mrap"),
	SEED("aws-global a-b"),
	SEED("us-iso-east-1-fips abc"),
	{NULL, 0}
};

static void fuzz_url(const char *url, S3Slice bucket);
static void fuzz_region(const char *region, S3Slice bucket);
static void check_buckets(const S3EndpointUrl *base, S3Slice bucket);
static void check_address(const S3EndpointUrl *base, S3Slice bucket, const S3Address *address);

void
fuzz_one(const uint8 *data, size_t size)
{
	char	   *text = pnstrdup((const char *) data, size);
	char	   *blank = strchr(text, ' ');
	S3Slice		bucket = s3_slice_cstring(blank != NULL ? blank + 1 : "bucket");
	S3Error		err;

	if (blank != NULL)
		*blank = '\0';
	if (!s3_check_bucket_name(bucket, &err))
		bucket = s3_slice_cstring("bucket");
	fuzz_url(text, bucket);
	fuzz_region(text, bucket);
}

static void
fuzz_url(const char *url, S3Slice bucket)
{
	S3EndpointUrl base;
	S3Error		err;

	if (!s3_endpoint_url_parse("endpoint_url", url, &base, &err))
	{
		must_be_error(&err);
		return;
	}
	MUST(base.custom && base.host[0] != '\0');
	MUST(strpbrk(base.host, "/@?#%\\ ABCXYZ") == NULL);
	MUST(base.path[0] == '\0' || base.path[0] == '/');
	MUST(base.path[0] == '\0' || base.path[strlen(base.path) - 1] != '/');
	MUST(strpbrk(base.path, "?#%\\@ ") == NULL && strstr(base.path, "//") == NULL);
	for (const char *p = url; *p != '\0'; p++)
		MUST(*p > ' ' && *p < 0x7f);
	check_buckets(&base, bucket);
}

static void
fuzz_region(const char *region, S3Slice bucket)
{
	S3EndpointUrl base;
	S3Error		err;

	if (!s3_check_region(region, &err))
	{
		must_be_error(&err);
		return;
	}
	MUST(s3_check_region(s3_region_for_signing(region), &err));
	for (int flags = 0; flags < 8; flags++)
	{
		S3HostVariant variant = {(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};

		if (!s3_region_endpoint_url(region, &variant, S3_ADDRESSING_AUTO, &base, &err))
		{
			must_be_error(&err);
			continue;
		}
		MUST(!base.custom && base.tls && base.path[0] == '\0');
		MUST(strncmp(base.host, "s3", 2) == 0);
		MUST(strspn(base.host, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(base.host));
		check_buckets(&base, bucket);
	}
}

static void
check_buckets(const S3EndpointUrl *base, S3Slice bucket)
{
	for (int style = S3_ADDRESSING_AUTO; style <= S3_ADDRESSING_VIRTUAL; style++)
	{
		S3Address	address;
		S3Error		err;

		if (s3_address_bucket(base, style, bucket, &address, &err))
			check_address(base, bucket, &address);
		else
		{
			MUST(!base->custom);
			must_be_error(&err);
		}
	}
}

/* No bucket makes a host that the endpoint did not name. */
static void
check_address(const S3EndpointUrl *base, S3Slice bucket, const S3Address *address)
{
	size_t		host = strlen(base->host);

	MUST(address->tls == base->tls);
	MUST(strlen(address->host) >= host);
	MUST(strcmp(address->host + strlen(address->host) - host, base->host) == 0);
	if (strlen(address->host) == host)
	{
		MUST(base->virtual_only == NULL);
		MUST(strlen(address->path) == strlen(base->path) + 1 + bucket.len);
	}
	else
	{
		MUST(strlen(address->host) == bucket.len + 1 + host);
		MUST(strcmp(address->path, base->path) == 0);
	}
}
