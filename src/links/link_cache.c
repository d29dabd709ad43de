/*-------------------------------------------------------------------------
 *
 * link_cache.c
 *	  The fast path of links: what does not change from row to row, kept for
 *	  each call of a function in a query.
 *
 * Guarantees: a link from here is the one that the request path (fn_presign.c,
 * client/call.c, presign.c) would make at this moment.  What a cache has is
 * good for
 *
 *	- one generation of the settings: with the next one it starts over;
 *	- the arguments, by value: others replace the plans, not the access keys;
 *	- the access keys, which are looked up again in each statement and each
 *	  second, as the credentials file is;
 *	- the time: plans are made anew when the signing time moves on.
 *
 * Whether the current user has the role, and whether the endpoint is protected,
 * is checked for every link.  Errors in a URL, and all cases that are rare, are
 * left to the request path; a check that is added there has to be added here.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "backend/error_report.h"
#include "base/uri.h"
#include "links/bucket_links.h"
#include "links/link_cache.h"
#include "links/presign.h"
#include "s3/integrity.h"
#include "settings/guards.h"
#include "settings/privileges.h"

struct S3LinkCache
{
	MemoryContext parent;
	MemoryContext context;		/* NULL: nothing is known */
	uint64		generation;		/* of the settings */
	S3BucketLinksList buckets;

	/* Copies of the last arguments, and what they mean. */
	MemoryContext args_context;
	uint64		serial;			/* counts them */
	S3LinkArgs	args;
	const S3Operation *operation;	/* NULL: there are none */
	S3Request	request;		/* its query and headers */

	/* For one link, used again. */
	MemoryContext scratch;
	StringInfoData key;
	S3LinkWork	work;
};

static bool is_current(const S3LinkCache *cache);
static void start_over(S3LinkCache *cache);
static S3BucketLinks *add_bucket(S3LinkCache *cache, const S3Call *call, S3Slice url);
static size_t encoded_length(S3Slice key);
static bool same_args(const S3LinkCache *cache, const S3LinkArgs *args);
static bool same_datum(const void *a, const void *b);
static void take_args(S3LinkCache *cache, const char *command, const S3LinkArgs *args);
static bool has_plan(S3LinkCache *cache, S3BucketLinks *bucket, const S3LinkArgs *args);
static bool is_fresh(const S3BucketLinks *bucket, const S3LinkMoment *now);
static bool can_have_plan(const S3LinkCache *cache, const S3BucketLinks *bucket);
static bool renew_plan(S3LinkCache *cache, S3BucketLinks *bucket, const S3LinkMoment *now);
static bool encode_and_sign(S3LinkCache *cache, const S3BucketLinks *bucket, S3Slice key,
							S3CachedLink *link);

S3LinkCache *
s3_link_cache(S3LinkCache **slot, MemoryContext context)
{
	if (*slot != NULL)
		return *slot;
	*slot = MemoryContextAllocZero(context, sizeof(S3LinkCache));
	(*slot)->parent = context;
	return NULL;
}

bool
s3_link_cache_make(S3LinkCache *cache, const char *command, const S3LinkArgs *args,
				   S3Slice url, S3CachedLink *link)
{
	S3BucketLinks *bucket;
	S3Slice		key;

	if (!is_current(cache) || (bucket = s3_bucket_links_find(&cache->buckets, url)) == NULL)
		return false;
	if (!same_args(cache, args))
		take_args(cache, command, args);
	s3_privileges_require_for(cache->operation, command);
	if (!cache->operation->read_only)
		s3_settings_prevent_if_protected(bucket->endpoint, command);
	return s3_bucket_links_key(bucket, url, &cache->key, &key) && has_plan(cache, bucket, args) &&
		encode_and_sign(cache, bucket, key, link);
}

bool
s3_link_cache_make_plain(S3LinkCache *cache, S3Slice url, S3CachedLink *link)
{
	S3BucketLinks *bucket;
	S3Slice		key;

	return is_current(cache) && (bucket = s3_bucket_links_find(&cache->buckets, url)) != NULL &&
		s3_bucket_links_key(bucket, url, &cache->key, &key) && encode_and_sign(cache, bucket, key, link);
}

void
s3_link_cache_learn(S3LinkCache *cache, const S3Call *call, S3Slice url)
{
	const S3Request *request = &call->request;
	S3BucketLinks *bucket;
	size_t		path_len;

	if (call->endpoint->settings.signature_version != S3_SIGNATURE_S3V4 ||
		call->operation->on_bucket || (bucket = add_bucket(cache, call, url)) == NULL)
		return;
	path_len = strlen(request->path) -
		encoded_length(s3_slice(call->key.data, call->key.len));
	bucket->key_prefix = call->endpoint->settings.key_prefix;
	bucket->literal = !call->endpoint->settings.normalize_keys && bucket->key_prefix[0] == '\0';
	bucket->tls = request->tls;
	bucket->host = MemoryContextStrdup(bucket->context, request->host);
	bucket->path = MemoryContextStrdup(bucket->context, pnstrdup(request->path, path_len));
}

void
s3_link_cache_learn_plain(S3LinkCache *cache, const S3Call *call, S3Slice url)
{
	const S3Settings *settings = &call->endpoint->settings;
	const char *plain;
	S3Slice		key;
	S3BucketLinks *bucket = add_bucket(cache, call, url);

	if (bucket == NULL)
		return;

	/* "public_url" has the key prefix in it. */
	bucket->key_prefix = settings->public_url[0] == '\0' ? settings->key_prefix : "";
	bucket->literal = !settings->normalize_keys && bucket->key_prefix[0] == '\0';
	plain = s3_presign_public_url(call);
	if (!s3_bucket_links_key(bucket, url, &cache->key, &key))
		elog(ERROR, "could not make the key of a URL that has one");
	s3_link_plan_plain(&bucket->plan,
					   s3_slice(plain, strlen(plain) - encoded_length(key)));
}

text *
s3_link_cache_text(const S3CachedLink *link)
{
	size_t		size = VARHDRSZ + s3_link_length(link->plan, link->work);
	text	   *result = palloc(size);

	SET_VARSIZE(result, size);
	s3_link_write(link->plan, link->work, VARDATA(result));
	return result;
}

/* Endpoints, and all that was made of them, live as long as the settings. */
static bool
is_current(const S3LinkCache *cache)
{
	return cache->context != NULL && cache->generation == s3_settings_generation();
}

static void
start_over(S3LinkCache *cache)
{
	MemoryContext old_context;

	if (cache->context != NULL)
	{
		MemoryContext context = cache->context;

		cache->context = NULL;
		MemoryContextDelete(context);
	}
	cache->operation = NULL;
	cache->context = AllocSetContextCreate(cache->parent, "s3store links",
										   ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(cache->context);
	s3_bucket_links_init(&cache->buckets);
	cache->args_context = AllocSetContextCreate(cache->context, "s3store link arguments",
												ALLOCSET_SMALL_SIZES);
	cache->scratch = AllocSetContextCreate(cache->context, "s3store link scratch",
										   ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&cache->key);
	s3_link_work_init(&cache->work);
	MemoryContextSwitchTo(old_context);
	cache->generation = s3_settings_generation();
}

/* Returns NULL when the bucket is known already. */
static S3BucketLinks *
add_bucket(S3LinkCache *cache, const S3Call *call, S3Slice url)
{
	if (!is_current(cache))
		start_over(cache);
	return s3_bucket_links_add(&cache->buckets, call->endpoint, url);
}

static size_t
encoded_length(S3Slice key)
{
	StringInfoData encoded;

	initStringInfo(&encoded);
	s3_uri_encode_path(&encoded, key);
	return encoded.len;
}

/* Whether a signing time is given counts, but not which. */
static bool
same_args(const S3LinkCache *cache, const S3LinkArgs *args)
{
	return cache->operation != NULL &&
		same_datum(cache->args.method, args->method) &&
		same_datum(cache->args.params, args->params) &&
		cache->args.at_given == args->at_given &&
		(cache->args.expires == NULL) == (args->expires == NULL) &&
		(args->expires == NULL ||
		 memcmp(cache->args.expires, args->expires, sizeof(Interval)) == 0);
}

/* Of two varlenas, detoasted; either may be NULL. */
static bool
same_datum(const void *a, const void *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* In the order of the request path, since the first error is the one reported. */
static void
take_args(S3LinkCache *cache, const char *command, const S3LinkArgs *args)
{
	MemoryContext old_context;
	const S3Operation *operation;
	S3Error		err;

	cache->operation = NULL;
	MemoryContextReset(cache->args_context);
	old_context = MemoryContextSwitchTo(cache->args_context);
	operation = s3_params_operation(args->method);
	s3_privileges_require_for(operation, command);
	memset(&cache->request, 0, sizeof(cache->request));
	s3_params_apply(operation, args->params, &cache->request);
	if (!s3_integrity_check_link(&cache->request.headers, &err))
		s3_error_throw(&err);
	cache->request.method = operation->method;

	cache->args = *args;
	cache->args.method = (text *) pg_detoast_datum_copy((struct varlena *) args->method);
	if (args->params != NULL)
		cache->args.params = (Jsonb *) pg_detoast_datum_copy((struct varlena *) args->params);
	if (args->expires != NULL)
	{
		cache->args.expires = palloc(sizeof(Interval));
		*cache->args.expires = *args->expires;
	}
	MemoryContextSwitchTo(old_context);
	cache->serial++;
	cache->operation = operation;
}

/* Makes the bucket's plan anew where needed; false where none can be made. */
static bool
has_plan(S3LinkCache *cache, S3BucketLinks *bucket, const S3LinkArgs *args)
{
	S3LinkMoment now;
	MemoryContext old_context;

	now.statement = GetCurrentStatementStartTimestamp();
	now.clock = s3_lifetime_clock();
	now.signing = args->at_given ? args->signed_at : s3_lifetime_moment(now.clock);
	if (bucket->serial == cache->serial && bucket->moment.signing == now.signing &&
		is_fresh(bucket, &now))
		return bucket->usable;

	old_context = MemoryContextSwitchTo(cache->scratch);
	bucket->usable = can_have_plan(cache, bucket) && renew_plan(cache, bucket, &now);
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(cache->scratch);
	bucket->serial = cache->serial;
	bucket->moment = now;
	return bucket->usable;
}

/* Were the access keys looked up in this statement and this second? */
static bool
is_fresh(const S3BucketLinks *bucket, const S3LinkMoment *now)
{
	return bucket->moment.statement == now->statement &&
		bucket->moment.clock / USECS_PER_SEC == now->clock / USECS_PER_SEC;
}

/* The source of a copy has to be checked, and public links are not signed. */
static bool
can_have_plan(const S3LinkCache *cache, const S3BucketLinks *bucket)
{
	return !cache->operation->on_bucket && cache->operation->id != S3_COPY_OBJECT &&
		!s3_presign_is_public(bucket->endpoint, cache->operation, &cache->request);
}

/* When this throws, the bucket has no plan. */
static bool
renew_plan(S3LinkCache *cache, S3BucketLinks *bucket, const S3LinkMoment *now)
{
	const S3LinkArgs *args = &cache->args;
	S3Request	request = cache->request;
	S3Signing	signing = {0};
	S3Lifetime	lifetime;
	S3Error		err;

	bucket->serial = 0;
	lifetime = s3_lifetime_in_window(&bucket->endpoint->settings, args->expires,
									 args->at_given ? &now->signing : NULL);
	if (is_fresh(bucket, now))
		signing.key = s3_signing_key_recall(&bucket->fingerprint, lifetime.signed_at);
	if (signing.key == NULL)
		signing.key = s3_bucket_links_find_key(bucket, lifetime.signed_at);
	if (signing.key == NULL)
		return false;

	request.tls = bucket->tls;
	request.host = bucket->host;
	request.path = bucket->path;
	request.path_prefix = bucket->endpoint->settings.presigning_path_prefix;
	signing.version = S3_SIGNATURE_S3V4;
	signing.credentials = &bucket->keys;
	signing.region = bucket->endpoint->signing_region;
	signing.time = lifetime.signed_at;
	bucket->ends_at = s3_lifetime_end(&lifetime, bucket->endpoint, &bucket->keys);
	return s3_link_plan_signed(&bucket->plan, &request, &signing, lifetime.expires, &err);
}

static bool
encode_and_sign(S3LinkCache *cache, const S3BucketLinks *bucket, S3Slice key, S3CachedLink *link)
{
	S3Error		err;

	if (!s3_link_make(&bucket->plan, key, &cache->work, &err))
		return false;
	/* S3 wants UTF-8, and the request path converts. */
	if (!cache->work.ascii && GetDatabaseEncoding() != PG_UTF8)
		return false;
	link->plan = &bucket->plan;
	link->work = &cache->work;
	link->operation = cache->operation;
	link->headers = &cache->request.headers;
	link->args_serial = cache->serial;
	link->ends_at = bucket->ends_at;
	return true;
}
