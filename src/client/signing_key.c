/*-------------------------------------------------------------------------
 *
 * signing_key.c
 *	  The SigningKeys of a transaction's requests: each is derived once.
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

#define KEYS_MAX	4			/* endpoints that take turns */

typedef struct KeptKey
{
	bool		used;
	uint8		mark[S3_SHA256_LEN];	/* of the secret key and the region */
	S3SigV4Key	key;
} KeptKey;

typedef struct KeptKeys
{
	MemoryContextCallback callback;
	int			next;			/* the one to replace */
	KeptKey		items[KEYS_MAX];
} KeptKeys;

static KeptKeys *kept = NULL;	/* in TopTransactionContext */

static void start_keeping(void);
static void wipe(void *arg);
static KeptKey *find_place(const uint8 *mark);

const S3SigV4Key *
s3_signing_key_find(const S3Signing *signing)
{
	KeptKey    *place;
	uint8		mark[S3_SHA256_LEN];
	S3Error		err;

	if (signing->version != S3_SIGNATURE_S3V4 || signing->credentials == NULL ||
		!IsTransactionState() ||
		!s3_hmac_sha256(s3_slice_cstring(signing->credentials->secret_access_key),
						s3_slice_cstring(signing->region), mark, &err))
		return NULL;
	if (kept == NULL)
		start_keeping();
	place = find_place(mark);
	if (place->used && place->key.day == s3_sigv4_day(signing->time))
		return &place->key;
	place->used = false;
	if (!s3_sigv4_key(signing, &place->key, &err))
		return NULL;
	memcpy(place->mark, mark, sizeof(mark));
	place->used = true;
	return &place->key;
}

static void
start_keeping(void)
{
	KeptKeys   *keys = MemoryContextAllocZero(TopTransactionContext, sizeof(KeptKeys));

	keys->callback.func = wipe;
	keys->callback.arg = keys;
	MemoryContextRegisterResetCallback(TopTransactionContext, &keys->callback);
	kept = keys;
}

static void
wipe(void *arg)
{
	explicit_bzero(arg, sizeof(KeptKeys));
	kept = NULL;
}

/* The place of that mark, or the one to replace. */
static KeptKey *
find_place(const uint8 *mark)
{
	KeptKey    *place;

	for (int i = 0; i < KEYS_MAX; i++)
	{
		if (kept->items[i].used && memcmp(kept->items[i].mark, mark, S3_SHA256_LEN) == 0)
			return &kept->items[i];
	}
	place = &kept->items[kept->next];
	kept->next = (kept->next + 1) % KEYS_MAX;
	return place;
}
