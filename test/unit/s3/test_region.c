/*
 * Unit tests of the region room: AWS's regions, and the hosts of S3 in them.
 */
#include "s3/region.h"
#include "tap.h"

static const struct
{
	const char *region;
	const char *suffix;			/* of its hosts, behind "s3."; NULL: no region */
	const char *signs;			/* NULL: the region itself */
}			region_cases[] =
{
	{"us-east-1", "us-east-1.amazonaws.com"},
	{"eu-central-1", "eu-central-1.amazonaws.com"},
	{"ap-southeast-5", "ap-southeast-5.amazonaws.com"},
	{"il-central-1", "il-central-1.amazonaws.com"},
	{"mx-central-1", "mx-central-1.amazonaws.com"},
	{"us-gov-west-1", "us-gov-west-1.amazonaws.com"},
	{"us-gov-east-1", "us-gov-east-1.amazonaws.com"},
	{"cn-north-1", "cn-north-1.amazonaws.com.cn"},
	{"cn-northwest-1", "cn-northwest-1.amazonaws.com.cn"},
	{"us-iso-east-1", "us-iso-east-1.c2s.ic.gov"},
	{"us-isob-east-1", "us-isob-east-1.sc2s.sgov.gov"},
	{"eu-isoe-west-1", "eu-isoe-west-1.cloud.adc-e.uk"},
	{"us-isof-south-1", "us-isof-south-1.csp.hci.ic.gov"},
	{"eusc-de-east-1", "eusc-de-east-1.amazonaws.eu"},
	{"x", "x.amazonaws.com"},
	{"cn", "cn.amazonaws.com"},
	{"us-isox-1", "us-isox-1.amazonaws.com"},
	{"eu-north-7", "eu-north-7.amazonaws.com"},
	{"cn-south-7", "cn-south-7.amazonaws.com.cn"},
	{"12345678901234567890123456789012", "12345678901234567890123456789012.amazonaws.com"},
	{"aws-global", "amazonaws.com", "us-east-1"},
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

#define PLAIN		0
#define DUALSTACK	1
#define FIPS		2
#define ACCELERATE	4

#define PATH_STYLE	"cannot be combined with the addressing style \"path\""
#define ACCEL_FIPS	"\"use_accelerate\" cannot be combined with \"use_fips\""
#define NOT_THERE	"cannot be used in this region"
#define NO_GLOBAL	"S3 has no global endpoint in this partition of AWS"
#define OLD_NAME	"the region is the name of an old endpoint"

static const struct
{
	const char *region;
	int			variant;
	S3AddressingStyle style;
	const char *host;			/* NULL: refused */
	const char *message;		/* how the reason ends */
}			variant_cases[] =
{
	{"eu-west-1", PLAIN, S3_ADDRESSING_PATH, "s3.eu-west-1.amazonaws.com"},
	{"eu-west-1", DUALSTACK, S3_ADDRESSING_AUTO, "s3.dualstack.eu-west-1.amazonaws.com"},
	{"eu-west-1", DUALSTACK, S3_ADDRESSING_PATH, "s3.dualstack.eu-west-1.amazonaws.com"},
	{"ca-west-1", FIPS, S3_ADDRESSING_VIRTUAL, "s3-fips.ca-west-1.amazonaws.com"},
	{"us-east-2", FIPS | DUALSTACK, S3_ADDRESSING_AUTO, "s3-fips.dualstack.us-east-2.amazonaws.com"},
	{"us-gov-west-1", FIPS, S3_ADDRESSING_AUTO, "s3-fips.us-gov-west-1.amazonaws.com"},
	{"us-iso-east-1", FIPS | DUALSTACK, S3_ADDRESSING_AUTO, "s3-fips.dualstack.us-iso-east-1.c2s.ic.gov"},
	{"eusc-de-east-1", FIPS, S3_ADDRESSING_AUTO, "s3-fips.eusc-de-east-1.amazonaws.eu"},
	{"eu-west-1", ACCELERATE, S3_ADDRESSING_AUTO, "s3-accelerate.amazonaws.com"},
	{"eu-west-1", ACCELERATE | DUALSTACK, S3_ADDRESSING_VIRTUAL, "s3-accelerate.dualstack.amazonaws.com"},
	{"cn-north-1", DUALSTACK, S3_ADDRESSING_AUTO, "s3.dualstack.cn-north-1.amazonaws.com.cn"},

	{"aws-global", DUALSTACK, S3_ADDRESSING_AUTO, "s3.dualstack.us-east-1.amazonaws.com"},
	{"aws-global", FIPS, S3_ADDRESSING_AUTO, "s3-fips.us-east-1.amazonaws.com"},
	{"aws-global", FIPS | DUALSTACK, S3_ADDRESSING_AUTO, "s3-fips.dualstack.us-east-1.amazonaws.com"},
	{"aws-global", ACCELERATE, S3_ADDRESSING_AUTO, "s3-accelerate.amazonaws.com"},
	{"aws-global", ACCELERATE | DUALSTACK, S3_ADDRESSING_AUTO, "s3-accelerate.dualstack.amazonaws.com"},

	{"fips-us-gov-west-1", PLAIN, S3_ADDRESSING_AUTO, "s3-fips.us-gov-west-1.amazonaws.com"},
	{"us-gov-west-1-fips", FIPS, S3_ADDRESSING_AUTO, "s3-fips.us-gov-west-1.amazonaws.com"},
	{"fips-us-east-1", DUALSTACK, S3_ADDRESSING_AUTO, "s3-fips.dualstack.us-east-1.amazonaws.com"},
	{"fips-aws-global", PLAIN, S3_ADDRESSING_AUTO, "s3-fips.us-east-1.amazonaws.com"},
	{"fips-1", PLAIN, S3_ADDRESSING_AUTO, "s3-fips.1.amazonaws.com"},
	{"fips--1", PLAIN, S3_ADDRESSING_AUTO, "s3.fips--1.amazonaws.com"},
	{"fips", PLAIN, S3_ADDRESSING_AUTO, "s3.fips.amazonaws.com"},
	{"fips-us-east-1", PLAIN, S3_ADDRESSING_PATH, NULL, PATH_STYLE},
	{"fips-us-east-1", ACCELERATE, S3_ADDRESSING_AUTO, NULL, ACCEL_FIPS},
	{"fips-cn-north-1", PLAIN, S3_ADDRESSING_AUTO, NULL, NOT_THERE},

	{"us-gov-west-1", FIPS, S3_ADDRESSING_PATH, "s3-fips.us-gov-west-1.amazonaws.com"},
	{"us-gov-east-1", FIPS | DUALSTACK, S3_ADDRESSING_PATH, "s3-fips.dualstack.us-gov-east-1.amazonaws.com"},
	{"fips-us-gov-west-1", PLAIN, S3_ADDRESSING_PATH, "s3-fips.us-gov-west-1.amazonaws.com"},
	{"us-gov-west-1", ACCELERATE, S3_ADDRESSING_PATH, NULL, "\"use_accelerate\" " PATH_STYLE},
	{"us-east-1", FIPS, S3_ADDRESSING_PATH, NULL, "\"use_fips\" " PATH_STYLE},
	{"us-east-1", FIPS | DUALSTACK, S3_ADDRESSING_PATH, NULL, "\"use_fips\" " PATH_STYLE},
	{"us-east-1", ACCELERATE, S3_ADDRESSING_PATH, NULL, "\"use_accelerate\" " PATH_STYLE},
	{"us-east-1", ACCELERATE | FIPS, S3_ADDRESSING_AUTO, NULL, ACCEL_FIPS},
	{"cn-north-1", ACCELERATE | FIPS, S3_ADDRESSING_PATH, NULL, ACCEL_FIPS},
	{"cn-north-1", FIPS, S3_ADDRESSING_AUTO, NULL, "\"use_fips\" " NOT_THERE},
	{"cn-northwest-1", FIPS | DUALSTACK, S3_ADDRESSING_AUTO, NULL, "\"use_fips\" " NOT_THERE},
	{"cn-north-1", ACCELERATE, S3_ADDRESSING_AUTO, NULL, "\"use_accelerate\" " NOT_THERE},
	{"aws-cn-global", PLAIN, S3_ADDRESSING_AUTO, NULL, NO_GLOBAL},
	{"aws-us-gov-global", PLAIN, S3_ADDRESSING_AUTO, NULL, NO_GLOBAL},
	{"aws-iso-f-global", FIPS, S3_ADDRESSING_AUTO, NULL, NO_GLOBAL},
	{"s3-external-1", PLAIN, S3_ADDRESSING_AUTO, NULL, OLD_NAME}
};

static void test_regions(void);
static void test_sts_urls(void);
static void test_partitions(void);
static void test_signing_regions(void);
static void test_variants(void);
static void test_no_variant(void);
static S3HostVariant make_variant(int flags);

int
main(void)
{
	test_regions();
	test_signing_regions();
	test_variants();
	test_no_variant();
	test_sts_urls();
	test_partitions();
	return tap_done();
}

static void
test_sts_urls(void)
{
	is_string(s3_region_sts_url("eu-central-1"), "https://sts.eu-central-1.amazonaws.com", "STS");
	is_string(s3_region_sts_url("cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn", "... in China");
	is_string(s3_region_sts_url("us-iso-east-1"), "https://sts.us-iso-east-1.c2s.ic.gov", "... apart");
	is_string(s3_region_sts_url("aws-global"), "https://sts.us-east-1.amazonaws.com", "... anywhere");
	is_string(s3_region_sts_url("fips-us-west-2"), "https://sts.us-west-2.amazonaws.com", "... of an old name");
}

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void
test_partitions(void)
{
	const char *aws = s3_region_partition("eu-west-1");

	ok(is_same(s3_region_partition("us-east-1"), aws), "regions of one partition");
	ok(!is_same(s3_region_partition("cn-north-1"), aws), "China is another one");
	ok(!is_same(s3_region_partition("us-gov-west-1"), aws), "so is GovCloud");
	ok(is_same(s3_region_partition_of_host("s3.us-east-1.amazonaws.com"), aws), "a host of it");
	ok(is_same(s3_region_partition_of_host("s3-fips.us-east-1.amazonaws.com"), aws), "another one");
	ok(is_same(s3_region_partition_of_host("s3.cn-north-1.amazonaws.com.cn"),
			   s3_region_partition("cn-north-1")), "a host in China");
	ok(is_same(s3_region_partition_of_host("s3.us-gov-west-1.amazonaws.com"),
			   s3_region_partition("us-gov-west-1")), "a host of GovCloud");
	ok(s3_region_partition_of_host("s3.example.com") == NULL, "no host of AWS");
	ok(s3_region_partition_of_host("s3.evilamazonaws.com") == NULL, "nor one that ends alike");
	ok(s3_region_partition_of_host("minio.amazonaws.com") == NULL, "nor one that is not S3");
	ok(s3_region_partition_of_host("s3.amazonaws.com:8080") == NULL, "nor one with a port");
}

static void
test_regions(void)
{
	S3HostVariant plain = make_variant(PLAIN);

	for (int i = 0; i < lengthof(region_cases); i++)
	{
		const char *region = region_cases[i].region;
		const char *suffix = region_cases[i].suffix;
		S3EndpointUrl base;
		S3Error		err = {0};

		is_int(s3_check_region(region, &err), suffix != NULL, "region %d", i);
		if (suffix == NULL)
		{
			is_int(err.kind, S3_ERROR_ARGUMENT, "kind of region %d", i);
			continue;
		}
		ok(s3_region_endpoint_url(region, &plain, S3_ADDRESSING_AUTO, &base, &err),
		   "%s has an endpoint", region);
		ok(base.tls && !base.custom, "%s has TLS and is AWS's own", region);
		is_string(base.host, psprintf("s3.%s", suffix), "host of %s", region);
		is_string(base.path, "", "path of %s", region);
		ok(base.virtual_only == NULL, "%s takes any bucket", region);
		is_string(s3_region_for_signing(region),
				  region_cases[i].signs != NULL ? region_cases[i].signs : region,
				  "signing region of %s", region);
	}
}

static void
test_signing_regions(void)
{
	is_string(s3_region_for_signing("fips-us-gov-west-1"), "us-gov-west-1", "fips- before");
	is_string(s3_region_for_signing("us-gov-west-1-fips"), "us-gov-west-1", "-fips behind");
	is_string(s3_region_for_signing("fips-"), "fips-", "nothing behind fips-");
	is_string(s3_region_for_signing("-fips"), "-fips", "nothing before -fips");
	is_string(s3_region_for_signing("fips-fips"), "fips", "both");
	is_string(s3_region_for_signing("us-fips-1"), "us-fips-1", "in the middle");
	is_string(s3_region_for_signing("fips-678901234567890123456789012"),
			  "678901234567890123456789012", "the longest one");
	is_string(s3_region_for_signing("fips-6789012345678901234567890123"),
			  "fips-6789012345678901234567890123", "one that is too long");
	is_string(s3_region_for_signing("s3-external-1"), "s3-external-1", "of a custom endpoint");
}

static void
test_variants(void)
{
	for (int i = 0; i < lengthof(variant_cases); i++)
	{
		const char *region = variant_cases[i].region;
		S3HostVariant variant = make_variant(variant_cases[i].variant);
		S3EndpointUrl base;
		S3Error		err = {0};
		bool		good = s3_region_endpoint_url(region, &variant, variant_cases[i].style,
												  &base, &err);

		if (!is_int(good, variant_cases[i].host != NULL, "variant %d of %s", i, region))
			continue;
		if (good)
		{
			is_string(base.host, variant_cases[i].host, "host of variant %d", i);
			is_int(base.virtual_only != NULL,
				   (strstr(base.host, "-fips.") != NULL && strstr(base.host, "us-gov-") == NULL) ||
				   strstr(base.host, "-accelerate.") != NULL,
				   "whether variant %d takes any bucket", i);
			continue;
		}
		is_int(err.kind, S3_ERROR_ARGUMENT, "kind of variant %d", i);
		ok(strlen(err.message) >= strlen(variant_cases[i].message) &&
		   strcmp(err.message + strlen(err.message) - strlen(variant_cases[i].message),
				  variant_cases[i].message) == 0, "message of variant %d: %s", i, err.message);
	}
}

static void
test_no_variant(void)
{
	static const struct
	{
		int			variant;
		const char *setting;
	}			cases[] = {
		{DUALSTACK, "use_dualstack"},
		{FIPS, "use_fips"},
		{ACCELERATE, "use_accelerate"}
	};
	S3HostVariant variant = make_variant(PLAIN);
	S3Error		err = {0};

	ok(s3_check_no_variant(&variant, &err), "no variant is none");
	for (int i = 0; i < lengthof(cases); i++)
	{
		variant = make_variant(cases[i].variant);
		ok(!s3_check_no_variant(&variant, &err), "%s is one", cases[i].setting);
		is_int(err.kind, S3_ERROR_ARGUMENT, "kind");
		is_string(err.message,
				  psprintf("\"%s\" cannot be combined with \"endpoint_url\"", cases[i].setting),
				  "message");
	}
}

static S3HostVariant
make_variant(int flags)
{
	S3HostVariant variant = {
		.dualstack = (flags & DUALSTACK) != 0,
		.fips = (flags & FIPS) != 0,
		.accelerate = (flags & ACCELERATE) != 0
	};

	return variant;
}
