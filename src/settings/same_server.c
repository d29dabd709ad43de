/*-------------------------------------------------------------------------
 *
 * same_server.c
 *	  Whether two endpoints have their buckets at one server.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "settings/same_server.h"

const char *
s3_endpoint_partition(const S3Endpoint *endpoint)
{
	return endpoint->base.custom ? s3_region_partition_of_host(endpoint->base.host) :
		s3_region_partition(endpoint->signing_region);
}

bool
s3_endpoint_same_server(const S3Endpoint *a, const S3Endpoint *b)
{
	const char *partition;

	if (a == b || s3_endpoint_url_equal(&a->base, &b->base))
		return true;
	partition = s3_endpoint_partition(a);
	return partition != NULL && s3_endpoint_partition(b) != NULL &&
		strcmp(partition, s3_endpoint_partition(b)) == 0;
}
