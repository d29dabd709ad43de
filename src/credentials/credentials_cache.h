/*-------------------------------------------------------------------------
 *
 * credentials_cache.h
 *	  Temporary keys that were fetched, kept until they are renewed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_CACHE_H
#define S3STORE_CREDENTIALS_CACHE_H

#include "s3/credentials_syntax.h"

/* Fetches keys.  May throw, when the query is cancelled. */
typedef bool (*S3CredentialsFetch) (const void *service, S3AccessKeys *keys, S3Error *err);

/*
 * Returns the keys of an origin, whose text says all that they depend on:
 * those that are kept, or new ones where it is time for them.  They stay good
 * until the next call.  Returns NULL, with the reason in "err", when there are
 * none; the same reason for a whole statement.
 */
extern const S3AccessKeys *s3_credentials_cache_find(const char *origin, S3CredentialsFetch fetch,
													 const void *service, S3Error *err);

#endif							/* S3STORE_CREDENTIALS_CACHE_H */
