/*-------------------------------------------------------------------------
 *
 * secret_cache.c
 *	  The access keys that a session remembers, wiped when they go.
 *
 * Guarantees: keys have one place in memory, which is wiped when they are
 * replaced, when their entry is dropped for another one, and at exit.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "storage/ipc.h"
#include "utils/memutils.h"

#include "credentials/secret_cache.h"

#define ENTRIES_MAX		16

static S3SecretCacheEntry *add(S3SecretCache *cache, const char *source, const char *name);
static void drop_least_recently_used(S3SecretCache *cache);
static void wipe_all(int code, Datum cache);
static void wipe(const S3SecretCache *cache, S3SecretCacheEntry *entry);

void *
s3_secret_cache_find(S3SecretCache *cache, const char *source, const char *name)
{
	dlist_iter	iter;

	dlist_foreach(iter, &cache->entries)
	{
		S3SecretCacheEntry *entry = dlist_container(S3SecretCacheEntry, node, iter.cur);

		if (strcmp(entry->source, source) == 0 && strcmp(entry->name, name) == 0)
		{
			dlist_move_head(&cache->entries, &entry->node);
			return entry;
		}
	}
	return add(cache, source, name);
}

void
s3_secret_cache_replace(S3SecretCacheEntry *entry, S3AccessKeys *keys)
{
	explicit_bzero(&entry->keys, sizeof(entry->keys));
	entry->keys = *keys;
	explicit_bzero(keys, sizeof(*keys));
}

static S3SecretCacheEntry *
add(S3SecretCache *cache, const char *source, const char *name)
{
	S3SecretCacheEntry *entry;

	/* Entries are replaced, but their number never falls to zero again. */
	if (cache->count == 0)
		on_proc_exit(wipe_all, PointerGetDatum(cache));
	if (cache->count >= ENTRIES_MAX)
		drop_least_recently_used(cache);

	entry = MemoryContextAllocZero(TopMemoryContext, cache->entry_size);
	entry->source = MemoryContextStrdup(TopMemoryContext, source);
	entry->name = MemoryContextStrdup(TopMemoryContext, name);
	dlist_push_head(&cache->entries, &entry->node);
	cache->count++;
	return entry;
}

static void
drop_least_recently_used(S3SecretCache *cache)
{
	S3SecretCacheEntry *entry = dlist_tail_element(S3SecretCacheEntry, node, &cache->entries);

	dlist_delete(&entry->node);
	cache->count--;
	wipe(cache, entry);
	pfree(entry->source);
	pfree(entry->name);
	pfree(entry);
}

static void
wipe_all(int code, Datum cache)
{
	S3SecretCache *all = (S3SecretCache *) DatumGetPointer(cache);
	dlist_iter	iter;

	dlist_foreach(iter, &all->entries)
		wipe(all, dlist_container(S3SecretCacheEntry, node, iter.cur));
}

/* Its user's members, too: they say whether the keys can be used. */
static void
wipe(const S3SecretCache *cache, S3SecretCacheEntry *entry)
{
	size_t		start = offsetof(S3SecretCacheEntry, keys);

	explicit_bzero((char *) entry + start, cache->entry_size - start);
}
