/*-------------------------------------------------------------------------
 *
 * region.c
 *	  AWS's regions, and the hosts that S3 has in them.
 *
 * Pure.  The names are those of AWS's endpoint rules for S3:
 *
 *		s3[.dualstack].<region>.<DNS suffix>
 *		s3-fips[.dualstack].<region>.<DNS suffix>
 *		s3-accelerate[.dualstack].<DNS suffix>
 *
 * A region that is not known yet gets a host by the same rule, in the
 * partition that its name begins with.
 *
 *-------------------------------------------------------------------------
 */
#include "s3/region.h"

#define GLOBAL_REGION		"aws-global"
#define GLOBAL_REGION_SIGNS	"us-east-1"
#define GOV_PREFIX			"us-gov-"
#define FIPS_PREFIX			"fips-"
#define FIPS_SUFFIX			"-fips"

typedef struct Partition
{
	const char *prefix;			/* of its regions' names */
	const char *dns_suffix;
	bool		plain_only;		/* neither FIPS nor acceleration */
} Partition;

/*
 * The last one is AWS's own, and takes what no other does; GovCloud, with
 * us-gov-, shares its hosts.
 */
static const Partition partitions[] = {
	{"cn-", "amazonaws.com.cn", true},
	{"eusc-", "amazonaws.eu", false},
	{"eu-isoe-", "cloud.adc-e.uk", false},
	{"us-iso-", "c2s.ic.gov", false},
	{"us-isob-", "sc2s.sgov.gov", false},
	{"us-isof-", "csp.hci.ic.gov", false},
	{"", "amazonaws.com", false}
};

static bool strip_fips(const char *region, char *stripped);
static const Partition *find_partition(const char *region);
static bool check_is_region(const char *region, S3Error *err);
static bool has_fips_host(const char *region);
static bool check_variant(const char *region, const S3HostVariant *variant,
						  S3AddressingStyle style, const Partition *partition, S3Error *err);
static bool refuse_path_style(const char *setting, S3Error *err);
static char *make_host(const char *region, const S3HostVariant *variant,
					   const char *dns_suffix);
static bool ends_with(const char *s, const char *suffix);

bool
s3_check_region(const char *region, S3Error *err)
{
	size_t		len = strlen(region);

	if (len >= 1 && len <= S3_REGION_MAX &&
		strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
		region[0] != '-' && region[len - 1] != '-')
		return true;
	s3_error_set(err, S3_ERROR_ARGUMENT, "invalid region");
	return s3_error_detail(err, "A region has up to %d lower-case letters, digits and \"-\", such as \"eu-central-1\".",
						   S3_REGION_MAX);
}

char *
s3_region_for_signing(const char *region)
{
	char		stripped[S3_REGION_MAX + 1];

	if (strcmp(region, GLOBAL_REGION) == 0)
		return pstrdup(GLOBAL_REGION_SIGNS);
	return pstrdup(strip_fips(region, stripped) ? stripped : region);
}

bool
s3_region_endpoint_url(const char *region, const S3HostVariant *variant,
					   S3AddressingStyle style, S3EndpointUrl *base, S3Error *err)
{
	S3HostVariant wanted = *variant;
	char		stripped[S3_REGION_MAX + 1];
	const Partition *partition;

	if (strip_fips(region, stripped))
	{
		region = stripped;
		wanted.fips = true;
	}
	partition = find_partition(region);
	if (!check_is_region(region, err) ||
		!check_variant(region, &wanted, style, partition, err))
		return false;

	base->custom = false;
	base->tls = true;
	base->host = make_host(region, &wanted, partition->dns_suffix);
	base->path = pstrdup("");
	base->virtual_only = wanted.accelerate ? "use_accelerate" :
		wanted.fips && !has_fips_host(region) ? "use_fips" : NULL;
	return true;
}

char *
s3_region_sts_url(const char *region)
{
	char	   *real = s3_region_for_signing(region);

	return psprintf("https://sts.%s.%s", real, find_partition(real)->dns_suffix);
}

/* GovCloud shares the hosts of AWS's own partition, and is one of its own. */
const char *
s3_region_partition(const char *region)
{
	return s3_starts_with(region, GOV_PREFIX) ? GOV_PREFIX : find_partition(region)->prefix;
}

const char *
s3_region_partition_of_host(const char *host)
{
	if (!s3_starts_with(host, "s3.") && !s3_starts_with(host, "s3-"))
		return NULL;
	for (int i = 0; i < lengthof(partitions); i++)
	{
		const char *suffix = partitions[i].dns_suffix;

		if (ends_with(host, suffix) && host[strlen(host) - strlen(suffix) - 1] == '.')
			return strstr(host, GOV_PREFIX) != NULL ? GOV_PREFIX : partitions[i].prefix;
	}
	return NULL;
}

bool
s3_check_no_variant(const S3HostVariant *variant, S3Error *err)
{
	const char *setting = variant->dualstack ? "use_dualstack" :
		variant->fips ? "use_fips" :
		variant->accelerate ? "use_accelerate" : NULL;

	if (setting == NULL)
		return true;
	s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" cannot be combined with \"endpoint_url\"", setting);
	s3_error_detail(err, "It chooses among the hosts of AWS, which \"endpoint_url\" replaces.");
	return s3_error_hint(err, "Set \"%s\" to false in the entry of this endpoint.", setting);
}

/*
 * Puts the region of "fips-<region>" or "<region>-fips" into "stripped", of
 * S3_REGION_MAX + 1 bytes; returns false when the name is neither.
 */
static bool
strip_fips(const char *region, char *stripped)
{
	size_t		len = strlen(region);
	S3Error		ignored;

	if (len > S3_REGION_MAX)
		return false;
	if (s3_starts_with(region, FIPS_PREFIX))
		strlcpy(stripped, region + strlen(FIPS_PREFIX), S3_REGION_MAX + 1);
	else if (ends_with(region, FIPS_SUFFIX))
		strlcpy(stripped, region, len - strlen(FIPS_SUFFIX) + 1);
	else
		return false;
	return s3_check_region(stripped, &ignored);
}

static const Partition *
find_partition(const char *region)
{
	const Partition *partition = partitions;

	while (!s3_starts_with(region, partition->prefix))
		partition++;
	return partition;
}

/* AWS's lists of endpoints have names that no region has. */
static bool
check_is_region(const char *region, S3Error *err)
{
	if (s3_starts_with(region, "s3-external-"))
	{
		s3_error_set(err, S3_ERROR_ARGUMENT, "the region is the name of an old endpoint");
		return s3_error_hint(err, "Set the region to \"us-east-1\".");
	}
	if (ends_with(region, "-global") && strcmp(region, GLOBAL_REGION) != 0)
	{
		s3_error_set(err, S3_ERROR_ARGUMENT, "S3 has no global endpoint in this partition of AWS");
		return s3_error_hint(err, "Set the region to the one that the buckets are in.");
	}
	return true;
}

/* Elsewhere, FIPS hosts have addresses with a bucket before them only. */
static bool
has_fips_host(const char *region)
{
	return s3_starts_with(region, GOV_PREFIX);
}

static bool
check_variant(const char *region, const S3HostVariant *variant, S3AddressingStyle style,
			  const Partition *partition, S3Error *err)
{
	if (variant->accelerate && variant->fips)
	{
		s3_error_set(err, S3_ERROR_ARGUMENT, "\"use_accelerate\" cannot be combined with \"use_fips\"");
		return s3_error_detail(err, "S3 Transfer Acceleration has no FIPS endpoints.");
	}
	if (partition->plain_only && (variant->accelerate || variant->fips))
	{
		s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" cannot be used in this region",
					 variant->fips ? "use_fips" : "use_accelerate");
		return s3_error_detail(err, "The regions in China have no %s.",
							   variant->fips ? "FIPS endpoints" : "S3 Transfer Acceleration");
	}
	if (style == S3_ADDRESSING_PATH && variant->accelerate)
		return refuse_path_style("use_accelerate", err);
	if (style == S3_ADDRESSING_PATH && variant->fips && !has_fips_host(region))
		return refuse_path_style("use_fips", err);
	return true;
}

static bool
refuse_path_style(const char *setting, S3Error *err)
{
	s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" cannot be combined with the addressing style \"path\"",
				 setting);
	return s3_error_detail(err, "It needs the bucket in the host name.");
}

/* What is accelerated has one host for all regions of a partition. */
static char *
make_host(const char *region, const S3HostVariant *variant, const char *dns_suffix)
{
	const char *service = variant->accelerate ? "s3-accelerate" :
		variant->fips ? "s3-fips" : "s3";
	const char *dualstack = variant->dualstack ? ".dualstack" : "";
	bool global = strcmp(region, GLOBAL_REGION) == 0;

	if (variant->accelerate ||
		(global &&!variant->fips && !variant->dualstack))
		return psprintf("%s%s.%s", service, dualstack, dns_suffix);
	return psprintf("%s%s.%s.%s", service, dualstack,
					global ? GLOBAL_REGION_SIGNS : region, dns_suffix);
}

static bool
ends_with(const char *s, const char *suffix)
{
	size_t		len = strlen(s);
	size_t		suffix_len = strlen(suffix);

	return len >= suffix_len && strcmp(s + len - suffix_len, suffix) == 0;
}
