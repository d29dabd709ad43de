/*-------------------------------------------------------------------------
 *
 * same_server.c
 *	  Whether two endpoints have their buckets at one server.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "settings/same_server.h"

bool
s3_endpoint_same_server(const S3Endpoint *a, const S3Endpoint *b)
{
	if (a == b || s3_endpoint_url_equal(&a->base, &b->base))
		return true;
	return !a->base.custom && !b->base.custom &&
		s3_region_same_partition(a->signing_region, b->signing_region);
}
