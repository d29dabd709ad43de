/*-------------------------------------------------------------------------
 *
 * bucket_links.c
 *	  The buckets that a link cache has learned, each with its keys and its plan.
 *
 * A signing key is as good as the secret key for a day: it is wiped when the
 * cache goes.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "utils/memutils.h"

#include "credentials/credentials.h"
#include "links/bucket_links.h"

#define PLACES_MAX	32			/* buckets that are remembered at once */

static void wipe(void *places);
static size_t start_length(S3Slice url);
static bool mark_keys(const S3Credentials *keys, uint8 mark[S3_SHA256_LEN], S3Error *err);
static void replace_copy(const S3BucketLinks *place, const char **copy, const char *text);

void
s3_bucket_links_init(S3BucketLinksList *places)
{
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));

	memset(places, 0, sizeof(*places));
	places->context = CurrentMemoryContext;
	places->items = palloc0(sizeof(S3BucketLinks) * PLACES_MAX);
	callback->func = wipe;
	callback->arg = places->items;
	MemoryContextRegisterResetCallback(places->context, callback);
}

S3BucketLinks *
s3_bucket_links_find(S3BucketLinksList *places, S3Slice url)
{
	S3Slice		start;

	if (places->last != NULL && s3_slice_starts_with(url, places->last->start))
		return places->last;
	start = s3_slice(url.data, start_length(url));
	for (int i = 0; i < PLACES_MAX && start.len > 0; i++)
	{
		S3BucketLinks *place = &places->items[i];

		if (place->context != NULL && s3_slice_equal(place->start, start))
		{
			places->last = place;
			return place;
		}
	}
	return NULL;
}

S3BucketLinks *
s3_bucket_links_add(S3BucketLinksList *places, const S3Endpoint *endpoint, S3Slice url)
{
	MemoryContext old_context;
	MemoryContext context;
	S3BucketLinks *place;
	size_t		len = start_length(url);

	if (s3_bucket_links_find(places, url) != NULL)
		return NULL;

	place = &places->items[places->next];
	places->next = (places->next + 1) % PLACES_MAX;
	places->last = NULL;
	context = place->context;
	explicit_bzero(place, sizeof(*place));
	if (context == NULL)
		context = AllocSetContextCreate(places->context, "s3store place", ALLOCSET_SMALL_SIZES);
	else
		MemoryContextReset(context);
	old_context = MemoryContextSwitchTo(context);
	place->start = s3_slice(pnstrdup(url.data, len), len);
	place->endpoint = endpoint;
	s3_link_plan_init(&place->plan);
	MemoryContextSwitchTo(old_context);
	place->context = context;
	return place;
}

bool
s3_bucket_links_key(const S3BucketLinks *place, S3Slice url, StringInfo buffer, S3Slice *key)
{
	S3Location	location = {{0}};
	S3Error		err;

	*key = s3_slice(url.data + place->start.len, url.len - place->start.len);
	if (key->len == 0 || key->len > S3_KEY_MAX)
		return false;
	if (place->literal)
		return true;
	location.key = *key;
	resetStringInfo(buffer);
	if (!s3_location_object_key(&location, place->key_prefix,
								place->endpoint->settings.normalize_keys, buffer, &err))
		return false;
	*key = s3_slice(buffer->data, buffer->len);
	return true;
}

bool
s3_bucket_links_look_up_keys(S3BucketLinks *place, int64 time)
{
	const S3Credentials *found = s3_credentials_find(place->endpoint);
	S3Signing	signing = {0};
	uint8		mark[S3_SHA256_LEN];
	S3Error		err;

	if (!mark_keys(found, mark, &err))
		return false;
	if (memcmp(mark, place->mark, sizeof(mark)) == 0 &&
		place->signing_key.day == s3_sigv4_day(time))
		return true;

	signing.credentials = found;
	signing.region = place->endpoint->signing_region;
	signing.time = time;
	if (!s3_sigv4_key(&signing, &place->signing_key, &err))
		return false;
	memcpy(place->mark, mark, sizeof(mark));
	replace_copy(place, &place->keys.access_key_id, found->access_key_id);
	replace_copy(place, &place->keys.session_token, found->session_token);
	place->keys.expires_at = found->expires_at;
	s3_link_plan_forget_keys(&place->plan);
	return true;
}

static void
wipe(void *places)
{
	explicit_bzero(places, sizeof(S3BucketLinks) * PLACES_MAX);
}

/* The length of "scheme://bucket/", or 0. */
static size_t
start_length(S3Slice url)
{
	const char *end = url.data + url.len;
	const char *colon = memchr(url.data, ':', url.len);
	const char *slash;

	if (colon == NULL || end - colon < 3)
		return 0;
	slash = memchr(colon + 3, '/', end - colon - 3);
	return slash == NULL ? 0 : slash + 1 - url.data;
}

/* The secret key is in the mark, but cannot be had from it. */
static bool
mark_keys(const S3Credentials *keys, uint8 mark[S3_SHA256_LEN], S3Error *err)
{
	const char *text = psprintf("%s\n%s\n" INT64_FORMAT, keys->access_key_id,
								keys->session_token == NULL ? "" : keys->session_token,
								keys->expires_at);

	return s3_hmac_sha256(s3_slice_cstring(keys->secret_access_key), s3_slice_cstring(text),
						  mark, err);
}

static void
replace_copy(const S3BucketLinks *place, const char **copy, const char *text)
{
	if (*copy != NULL)
		pfree(unconstify(char *, *copy));
	*copy = text == NULL ? NULL : MemoryContextStrdup(place->context, text);
}
