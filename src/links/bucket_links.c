/*-------------------------------------------------------------------------
 *
 * bucket_links.c
 *	  The buckets that a link cache has learned, each with its access keys and
 *	  its plan.
 *
 * A plan has an HMAC that was keyed with the SigningKey, and can sign as long as
 * that, for a day: it is wiped when the cache goes.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "utils/memutils.h"

#include "credentials/credentials.h"
#include "links/bucket_links.h"

#define BUCKETS_MAX	32			/* buckets that are remembered at once */

static void wipe(void *buckets);
static size_t start_length(S3Slice url);
static bool same_text(const char *a, const char *b);
static void replace_copy(const S3BucketLinks *bucket, const char **copy, const char *text);

void
s3_bucket_links_init(S3BucketLinksList *buckets)
{
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));

	memset(buckets, 0, sizeof(*buckets));
	buckets->context = CurrentMemoryContext;
	buckets->items = palloc0(sizeof(S3BucketLinks) * BUCKETS_MAX);
	callback->func = wipe;
	callback->arg = buckets->items;
	MemoryContextRegisterResetCallback(buckets->context, callback);
}

S3BucketLinks *
s3_bucket_links_find(S3BucketLinksList *buckets, S3Slice url)
{
	S3Slice		start;

	if (buckets->last != NULL && s3_slice_starts_with(url, buckets->last->start))
		return buckets->last;
	start = s3_slice(url.data, start_length(url));
	for (int i = 0; i < BUCKETS_MAX && start.len > 0; i++)
	{
		S3BucketLinks *bucket = &buckets->items[i];

		if (bucket->context != NULL && s3_slice_equal(bucket->start, start))
		{
			buckets->last = bucket;
			return bucket;
		}
	}
	return NULL;
}

S3BucketLinks *
s3_bucket_links_add(S3BucketLinksList *buckets, const S3Endpoint *endpoint, S3Slice url)
{
	MemoryContext old_context;
	MemoryContext context;
	S3BucketLinks *bucket;
	size_t		len = start_length(url);

	if (s3_bucket_links_find(buckets, url) != NULL)
		return NULL;

	bucket = &buckets->items[buckets->next];
	buckets->next = (buckets->next + 1) % BUCKETS_MAX;
	buckets->last = NULL;
	context = bucket->context;
	explicit_bzero(bucket, sizeof(*bucket));
	if (context == NULL)
		context = AllocSetContextCreate(buckets->context, "s3store bucket", ALLOCSET_SMALL_SIZES);
	else
		MemoryContextReset(context);
	old_context = MemoryContextSwitchTo(context);
	bucket->start = s3_slice(pnstrdup(url.data, len), len);
	bucket->endpoint = endpoint;
	s3_link_plan_init(&bucket->plan);
	MemoryContextSwitchTo(old_context);
	bucket->context = context;
	return bucket;
}

bool
s3_bucket_links_key(const S3BucketLinks *bucket, S3Slice url, StringInfo buffer, S3Slice *key)
{
	S3Location	location = {{0}};
	S3Error		err;

	*key = s3_slice(url.data + bucket->start.len, url.len - bucket->start.len);
	if (key->len == 0 || key->len > S3_KEY_MAX)
		return false;
	if (bucket->literal)
		return true;
	location.key = *key;
	resetStringInfo(buffer);
	if (!s3_location_object_key(&location, bucket->key_prefix,
								bucket->endpoint->settings.normalize_keys, buffer, &err))
		return false;
	*key = s3_slice(buffer->data, buffer->len);
	return true;
}

const S3SigV4Key *
s3_bucket_links_find_key(S3BucketLinks *bucket, int64 time)
{
	const S3Credentials *found = s3_credentials_find(bucket->endpoint);
	const S3SigV4Key *key;
	S3Fingerprint fingerprint;
	S3Signing	signing = {0};

	signing.version = S3_SIGNATURE_S3V4;
	signing.credentials = found;
	signing.region = bucket->endpoint->signing_region;
	signing.time = time;
	key = s3_signing_key_find(&signing, &fingerprint);
	if (key == NULL)
		return NULL;
	bucket->keys.expires_at = found->expires_at;
	if (memcmp(&fingerprint, &bucket->fingerprint, sizeof(fingerprint)) == 0 &&
		same_text(bucket->keys.access_key_id, found->access_key_id) &&
		same_text(bucket->keys.session_token, found->session_token))
		return key;

	bucket->fingerprint = fingerprint;
	replace_copy(bucket, &bucket->keys.access_key_id, found->access_key_id);
	replace_copy(bucket, &bucket->keys.session_token, found->session_token);
	s3_link_plan_forget_keys(&bucket->plan);
	return key;
}

static void
wipe(void *buckets)
{
	explicit_bzero(buckets, sizeof(S3BucketLinks) * BUCKETS_MAX);
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

/* Either may be NULL. */
static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
replace_copy(const S3BucketLinks *bucket, const char **copy, const char *text)
{
	if (*copy != NULL)
		pfree(unconstify(char *, *copy));
	*copy = text == NULL ? NULL : MemoryContextStrdup(bucket->context, text);
}
