/*-------------------------------------------------------------------------
 *
 * same_server.h
 *	  Whether two endpoints have their buckets at one server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SAME_SERVER_H
#define S3STORE_SAME_SERVER_H

#include "settings/settings.h"

/*
 * Is a bucket of that name the same bucket for both?  It is where requests go
 * to one address, and in AWS where both are of one partition.  Two
 * addresses of one server count as two servers: nothing tells them apart.
 */
extern bool s3_endpoint_same_server(const S3Endpoint *a, const S3Endpoint *b);

/*
 * Returns a name of the partition of AWS that an endpoint is in, also where
 * endpoint_url is one of AWS's own hosts; NULL: it is not AWS.
 */
extern const char *s3_endpoint_partition(const S3Endpoint *endpoint);

#endif							/* S3STORE_SAME_SERVER_H */
