/*-------------------------------------------------------------------------
 *
 * credentials_cache.h
 *	  Temporary access keys that were fetched, kept until they are renewed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_CACHE_H
#define S3STORE_CREDENTIALS_CACHE_H

#include "s3/credentials_syntax.h"

#define S3_CREDENTIALS_ORIGIN_MAX	(4 * MAXPGPATH) /* bytes */

/* A service over the network that hands out temporary access keys. */
typedef struct S3CredentialsService
{
	const char *name;			/* as errors call it */

	/*
	 * Fetches keys, by what "request" says.  Throws when the query is
	 * cancelled.
	 */
	bool		(*fetch) (const void *request, S3AccessKeys *keys, S3Error *err);
} S3CredentialsService;

/*
 * Returns the keys that the service gives for a request: those that are kept,
 * or new ones when it is time for them.  "origin" is all that they depend on,
 * as text.  They are valid until the next call.  Returns NULL, with the reason
 * in "err", when there are none; a statement that has failed to get them once
 * gets the same reason again, and the service is not asked.
 */
extern const S3AccessKeys *s3_credentials_cache_find(const S3CredentialsService *service,
													 const char *origin, const void *request,
													 S3Error *err);

#endif							/* S3STORE_CREDENTIALS_CACHE_H */
