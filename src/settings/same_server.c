/*-------------------------------------------------------------------------
 *
 * same_server.c
 *	  Whether two endpoints have their buckets at one server.
 *
 * A server is known by one of its addresses: by the one that requests go to, or
 * where it has several, by the one that same_server_as says.  Each address leads
 * to one server, and the one that a server is known by leads to itself: so there
 * are no chains to follow, and whether two endpoints have the same server does
 * not depend on which others there are.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "settings/same_server.h"

static bool refuse_moved_aws(S3Error *err);
static bool check_pair(const S3Endpoint *endpoint, const S3Endpoint *other, S3Error *err);

bool
s3_same_server_read(S3Endpoint *endpoint, S3Error *err)
{
	const char *url = endpoint->settings.same_server_as;
	const char *partition;

	endpoint->server = endpoint->base;
	if (*url == '\0')
		return true;
	if (!endpoint->base.custom)
	{
		s3_error_set(err, S3_ERROR_ARGUMENT, "\"same_server_as\" needs \"endpoint_url\"");
		s3_error_detail(err, "Without \"endpoint_url\", requests go to AWS.");
		return s3_error_hint(err, "Set \"endpoint_url\" to the URL that requests go to.");
	}
	partition = s3_endpoint_partition(endpoint);
	if (!s3_endpoint_url_parse("same_server_as", url, &endpoint->server, err))
		return false;
	if (partition == NULL || (s3_endpoint_partition(endpoint) != NULL &&
							  strcmp(partition, s3_endpoint_partition(endpoint)) == 0))
		return true;
	return refuse_moved_aws(err);
}

static bool
refuse_moved_aws(S3Error *err)
{
	s3_error_set(err, S3_ERROR_ARGUMENT, "\"same_server_as\" is not the server of \"endpoint_url\"");
	return s3_error_detail(err, "\"endpoint_url\" leads to AWS, \"same_server_as\" elsewhere or to another partition of AWS.");
}

const S3Endpoint *
s3_same_server_contradiction(const S3Endpoint *endpoints, int count, S3Error *err)
{
	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++)
			if (*endpoints[i].settings.same_server_as != '\0' &&
				!check_pair(&endpoints[i], &endpoints[j], err))
				return &endpoints[i];
	return NULL;
}

/* Does any of both addresses of an endpoint lead to another server elsewhere? */
static bool
check_pair(const S3Endpoint *endpoint, const S3Endpoint *other, S3Error *err)
{
	bool		same_address = s3_endpoint_url_equal(&endpoint->base, &other->base);

	if (s3_endpoint_same_server(endpoint, other) ||
		!(same_address || s3_endpoint_url_equal(&endpoint->server, &other->base)))
		return true;
	s3_error_set(err, S3_ERROR_ARGUMENT,
				 "\"same_server_as\" is not that of entry \"%s\"", other->scheme);
	s3_error_detail(err, "The \"endpoint_url\" of that entry is the same as \"%s\" of this one.",
					same_address ? "endpoint_url" : "same_server_as");
	return s3_error_hint(err, "Set \"same_server_as\" to the same URL in the entries of all addresses of a server.");
}

const char *
s3_endpoint_partition(const S3Endpoint *endpoint)
{
	return endpoint->server.custom ? s3_region_partition_of_host(endpoint->server.host) :
		s3_region_partition(endpoint->signing_region);
}

bool
s3_endpoint_same_server(const S3Endpoint *a, const S3Endpoint *b)
{
	const char *partition;

	if (a == b || s3_endpoint_url_equal(&a->server, &b->server))
		return true;
	partition = s3_endpoint_partition(a);
	return partition != NULL && s3_endpoint_partition(b) != NULL &&
		strcmp(partition, s3_endpoint_partition(b)) == 0;
}
