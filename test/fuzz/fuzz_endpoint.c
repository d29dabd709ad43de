/*
 * Fuzzes endpoint URLs, and buckets on them: "URL bucket".
 */
#include "address.h"
#include "fuzz.h"
#include "location.h"

const FuzzSeed fuzz_seeds[] = {
	SEED("http://minio:9000 bucket"),
	SEED("https://files.example.com/s3/ my.bucket"),
	SEED("http://[::1]:8080 b_1"),
	SEED("HTTP://127.0.0.1:80/ 192.168.0.1"),
	SEED("https://user:password@host:443/?a#b Bucket"),
	SEED("http://under_score.local:65535/a/b-c_d~e.f -"),
	{NULL, 0}
};

static void check_buckets(const S3Endpoint *endpoint, S3Slice bucket);

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	char	   *text = pnstrdup((const char *) data, size);
	char	   *blank = strchr(text, ' ');
	S3Endpoint	endpoint;
	S3Error		err;

	if (blank != NULL)
		*blank = '\0';
	if (!s3_endpoint_parse("endpoint_url", text, &endpoint, &err))
	{
		must_be_error(&err);
		return 0;
	}
	MUST(endpoint.custom && endpoint.host[0] != '\0');
	MUST(strpbrk(endpoint.host, "/@?#%\\ ABCXYZ") == NULL);
	MUST(endpoint.path[0] == '\0' || endpoint.path[0] == '/');
	MUST(endpoint.path[0] == '\0' || endpoint.path[strlen(endpoint.path) - 1] != '/');
	MUST(strpbrk(endpoint.path, "?#%\\@ ") == NULL && strstr(endpoint.path, "//") == NULL);
	for (const char *p = text; *p != '\0'; p++)
		MUST(*p > ' ' && *p < 0x7f);
	if (blank != NULL && s3_check_bucket_name(s3_slice_cstring(blank + 1), &err))
		check_buckets(&endpoint, s3_slice_cstring(blank + 1));
	return 0;
}

/* No bucket makes a host that the endpoint did not name. */
static void
check_buckets(const S3Endpoint *endpoint, S3Slice bucket)
{
	for (int style = S3_ADDRESSING_AUTO; style <= S3_ADDRESSING_VIRTUAL; style++)
	{
		S3Address	address;
		size_t		host = strlen(endpoint->host);

		s3_address_bucket(endpoint, style, bucket, &address);
		MUST(address.tls == endpoint->tls);
		MUST(strlen(address.host) >= host);
		MUST(strcmp(address.host + strlen(address.host) - host, endpoint->host) == 0);
		if (strlen(address.host) == host)
			MUST(strlen(address.path) == strlen(endpoint->path) + 1 + bucket.len);
		else
		{
			MUST(strlen(address.host) == bucket.len + 1 + host);
			MUST(strcmp(address.path, endpoint->path) == 0);
		}
	}
}
