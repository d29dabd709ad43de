/*-------------------------------------------------------------------------
 *
 * signing_key.c
 *	  The SigningKeys of a transaction's requests and links: each is derived
 *	  once.
 *
 * Deriving one takes four times as long as signing with it.  It is as good as
 * the secret key for a day: what is kept is wiped when the transaction ends,
 * and the secret key itself is not kept.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "client/signing_key.h"

#define KEYS_MAX	16			/* pairs of credentials and regions in turn */

typedef struct CachedKey
{
	bool		used;
	S3Fingerprint fingerprint;
	S3SigV4Key	key;
} CachedKey;

typedef struct KeyCache
{
	MemoryContextCallback callback;
	int			next;			/* the one to replace */
	CachedKey	items[KEYS_MAX];
} KeyCache;

static KeyCache *cache = NULL;	/* in TopTransactionContext */

static CachedKey *find_key(const S3Fingerprint *fingerprint);
static CachedKey *add_key(const S3Fingerprint *fingerprint);
static void start_cache(void);
static void wipe(void *arg);

const S3SigV4Key *
s3_signing_key_find(const S3Signing *signing, S3Fingerprint *out)
{
	S3Fingerprint fingerprint;
	const S3SigV4Key *known;
	CachedKey  *item;
	S3Error		err;

	if (signing->version != S3_SIGNATURE_S3V4 || signing->credentials == NULL ||
		!IsTransactionState() ||
		!s3_hmac_sha256(s3_slice_cstring(signing->credentials->secret_access_key),
						s3_slice_cstring(signing->region), fingerprint.bytes, &err))
		return NULL;
	if (out != NULL)
		*out = fingerprint;
	known = s3_signing_key_recall(&fingerprint, signing->time);
	if (known != NULL)
		return known;
	item = add_key(&fingerprint);
	item->used = s3_sigv4_key(signing, &item->key, &err);
	return item->used ? &item->key : NULL;
}

const S3SigV4Key *
s3_signing_key_recall(const S3Fingerprint *fingerprint, int64 time)
{
	const CachedKey *item = find_key(fingerprint);

	return item != NULL && item->key.day == s3_sigv4_day(time) ? &item->key : NULL;
}

static CachedKey *
find_key(const S3Fingerprint *fingerprint)
{
	for (int i = 0; cache != NULL && i < KEYS_MAX; i++)
	{
		if (cache->items[i].used &&
			memcmp(&cache->items[i].fingerprint, fingerprint, sizeof(*fingerprint)) == 0)
			return &cache->items[i];
	}
	return NULL;
}

/* In the place of the one of another day, or else of the oldest. */
static CachedKey *
add_key(const S3Fingerprint *fingerprint)
{
	CachedKey  *item = find_key(fingerprint);

	if (cache == NULL)
		start_cache();
	if (item == NULL)
	{
		item = &cache->items[cache->next];
		cache->next = (cache->next + 1) % KEYS_MAX;
	}
	item->used = false;
	item->fingerprint = *fingerprint;
	return item;
}

static void
start_cache(void)
{
	KeyCache   *keys = MemoryContextAllocZero(TopTransactionContext, sizeof(KeyCache));

	keys->callback.func = wipe;
	keys->callback.arg = keys;
	MemoryContextRegisterResetCallback(TopTransactionContext, &keys->callback);
	cache = keys;
}

static void
wipe(void *arg)
{
	explicit_bzero(arg, sizeof(KeyCache));
	cache = NULL;
}
