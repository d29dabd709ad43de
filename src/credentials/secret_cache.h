/*-------------------------------------------------------------------------
 *
 * secret_cache.h
 *	  The access keys that a session remembers, wiped when they go.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SECRET_CACHE_H
#define S3STORE_SECRET_CACHE_H

#include "base/base.h"

#include "lib/ilist.h"

#include "s3/credentials_syntax.h"

/* The first member of each user's own struct, which S3SecretCache measures. */
typedef struct S3SecretCacheEntry
{
	dlist_node	node;
	char	   *source;			/* source and name identify the entry */
	char	   *name;
	S3AccessKeys keys;
} S3SecretCacheEntry;

typedef struct S3SecretCache
{
	dlist_head	entries;		/* most recently used first */
	size_t		entry_size;
	int			count;
} S3SecretCache;

/* Initializes a static cache. */
#define S3_SECRET_CACHE_INIT(cache, type) {DLIST_STATIC_INIT((cache).entries), sizeof(type)}

/*
 * Returns the entry of that name; a new one, all zero behind the name, when
 * there is none.  It is valid until the next call, which may drop the entry
 * that was used least recently.  At exit, all of an entry behind its name
 * becomes zero again.
 */
extern void *s3_secret_cache_find(S3SecretCache *cache, const char *source, const char *name);

/* Moves keys into the entry; wipes the old ones, and "keys". */
extern void s3_secret_cache_replace(S3SecretCacheEntry *entry, S3AccessKeys *keys);

#endif							/* S3STORE_SECRET_CACHE_H */
