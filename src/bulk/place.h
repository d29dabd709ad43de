/*-------------------------------------------------------------------------
 *
 * place.h
 *	  Where an object is, whatever scheme names it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_PLACE_H
#define S3STORE_PLACE_H

#include "s3/location.h"
#include "settings/settings.h"

/*
 * Do two endpoints have their buckets at one server?  They do where requests go
 * to one address, and in AWS where both are of one partition.
 */
extern bool s3_place_same_server(const S3Endpoint *a, const S3Endpoint *b);

#endif							/* S3STORE_PLACE_H */
