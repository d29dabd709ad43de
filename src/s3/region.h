/*-------------------------------------------------------------------------
 *
 * region.h
 *	  AWS's regions, and the hosts that S3 has in them.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_REGION_H
#define S3STORE_REGION_H

#include "s3/address.h"

/* Which of AWS's hosts; the settings use_dualstack, use_fips, use_accelerate. */
typedef struct S3HostVariant
{
	bool		dualstack;		/* reached by IPv6, too */
	bool		fips;			/* cryptography after FIPS 140 */
	bool		accelerate;		/* S3 Transfer Acceleration */
} S3HostVariant;

/* Checks a region's name: [a-z0-9-], 1 to S3_REGION_MAX bytes. */
extern bool s3_check_region(const char *region, S3Error *err);

/*
 * Returns, palloc'd, the region that a signature names.  AWS's tools take
 * some names that are no regions: "aws-global" is us-east-1, "fips-<region>"
 * and "<region>-fips" are <region>.
 */
extern char *s3_region_for_signing(const char *region);

/*
 * The AWS endpoint of a region, such as https://s3.<region>.amazonaws.com.
 * Refuses (S3_ERROR_ARGUMENT) what AWS has no hosts for, as far as that can
 * be told without a bucket.
 */
extern bool s3_region_endpoint_url(const char *region, const S3HostVariant *variant,
								   S3AddressingStyle style, S3EndpointUrl *base,
								   S3Error *err);

/* Returns, palloc'd, the URL of the Security Token Service of a region. */
extern char *s3_region_sts_url(const char *region);

/*
 * Returns a name of the partition of AWS that a region is in; in each of them a
 * bucket's name is given once.
 */
extern const char *s3_region_partition(const char *region);

/* The same for a host name, such as "s3.eu-west-1.amazonaws.com"; NULL: it is not S3 of AWS. */
extern const char *s3_region_partition_of_host(const char *host);

/* Refuses every variant: an endpoint of one's own has none. */
extern bool s3_check_no_variant(const S3HostVariant *variant, S3Error *err);

#endif							/* S3STORE_REGION_H */
