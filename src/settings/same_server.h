/*-------------------------------------------------------------------------
 *
 * same_server.h
 *	  Whether two endpoints have their buckets at one server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SAME_SERVER_H
#define S3STORE_SAME_SERVER_H

#include "settings/endpoint_type.h"

/*
 * Finds out which server an endpoint is, from its address and its
 * same_server_as.
 */
extern bool s3_same_server_read(S3Endpoint *endpoint, S3Error *err);

/*
 * Returns an endpoint by which one address would be two servers, with the reason
 * in "err"; NULL: there is none.  Which server each is must have been found out.
 */
extern const S3Endpoint *s3_same_server_contradiction(const S3Endpoint *endpoints, int count,
													  S3Error *err);

/*
 * Is a bucket of that name the same bucket for both?  It is where requests go
 * to one address, where same_server_as says so, and in AWS where both are of
 * one partition.
 */
extern bool s3_endpoint_same_server(const S3Endpoint *a, const S3Endpoint *b);

/*
 * Returns a name of the partition of AWS that an endpoint is in, also where
 * endpoint_url or same_server_as is one of AWS's own hosts; NULL: it is not AWS.
 */
extern const char *s3_endpoint_partition(const S3Endpoint *endpoint);

#endif							/* S3STORE_SAME_SERVER_H */
