/*-------------------------------------------------------------------------
 *
 * object_identity.h
 *	  Which object it is, whatever URL names it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_OBJECT_IDENTITY_H
#define S3STORE_OBJECT_IDENTITY_H

#include "nodes/pg_list.h"
#include "s3/location.h"
#include "settings/settings.h"

/* Both are hashes. */
typedef struct S3ObjectIdentity
{
	int64		server;			/* where requests for it go */
	int64		object;			/* that, its bucket, and its key on the server */
} S3ObjectIdentity;

/*
 * Returns the identity of the object that a URL names, by the settings of this
 * session.  Two URLs name the same object where "object" is the same.
 */
extern S3ObjectIdentity s3_object_identity(const S3Location *location);

/*
 * Returns the URL of the object as it should be written with this endpoint:
 * its scheme in lower case, its key as it is on the server but for the
 * endpoint's prefix.  NULL: no URL with that scheme names it.  UTF-8, palloc'd.
 */
extern char *s3_object_identity_url(const S3Location *location, const S3Endpoint *endpoint);

/* Returns these URLs of all endpoints of the object's server, a List of char *. */
extern List *s3_object_identity_urls(const S3Location *location);

#endif							/* S3STORE_OBJECT_IDENTITY_H */
