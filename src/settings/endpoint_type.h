/*-------------------------------------------------------------------------
 *
 * endpoint_type.h
 *	  The settings in force for one scheme.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ENDPOINT_TYPE_H
#define S3STORE_ENDPOINT_TYPE_H

#include "s3/region.h"
#include "settings/setting_values.h"

/* One scheme of s3store.endpoints. */
typedef struct S3Endpoint
{
	char	   *scheme;
	S3Settings	settings;
	uint64		given;			/* S3_SETTING_BITs of what the entry gives */
	bool		own_keys;		/* the entry itself holds access keys */
	bool		own_profile;	/* ... or names a credentials file or profile */
	S3EndpointUrl base;			/* where requests go */
	S3EndpointUrl server;		/* which server that is: base, or what
								 * same_server_as says */
	S3EndpointUrl presigning_base;	/* what links are made for */
	char	   *signing_region;
	S3Error    *refusal;		/* why it cannot be used, or NULL */
	S3EndpointUrl public_base;	/* public_url, where there is one */
} S3Endpoint;

#endif							/* S3STORE_ENDPOINT_TYPE_H */
