/*-------------------------------------------------------------------------
 *
 * link_cache.c
 *	  Links for whole tables: what does not change from row to row, kept for
 *	  each place in a query that makes links.
 *
 * Guarantees: a link from here is the one that the general way (fn_presign.c,
 * client.c) would have made at this moment.  What a cache holds is good for
 *
 *	- one generation of the settings, or it is forgotten whole;
 *	- the arguments, by value: others replace the plans, not the keys;
 *	- the access keys, which are looked up again in each statement and each
 *	  second, as the credentials file is;
 *	- the time: plans are made anew when the signing time moves on.
 *
 * Whether the current user has the role, and whether the storage is protected,
 * is asked for every link.  Errors in a URL, and all that is out of the
 * ordinary, are left to the general way.
 *
 * A signing key is as good as the secret key for a day: it is wiped when the
 * cache goes.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "credentials.h"
#include "link_cache.h"
#include "privileges.h"
#include "uri.h"

#define PLACES_MAX	32			/* buckets that are remembered at once */

/* When a link is made, by all the clocks that matter. */
typedef struct Moment
{
	TimestampTz statement;		/* that runs */
	TimestampTz clock;
	int64		signing;		/* the time given, or else seconds since 1970 */
} Moment;

/* A bucket of a storage, with the plan of its links. */
typedef struct Place
{
	MemoryContext context;		/* of all that is here; NULL: nothing is */
	S3Slice		start;			/* of its URLs: "scheme://bucket/" */
	const S3Storage *storage;
	bool		literal;		/* the key on the server is that of the URL */
	const char *key_prefix;

	/* What a request for an object has, whichever. */
	bool		tls;
	const char *host;
	const char *path;			/* up to the key */

	/* The keys, but for the secret one; and what is made of that. */
	S3Credentials keys;
	uint8		mark[S3_SHA256_LEN];	/* differs where any of them does */
	S3SigV4Key	signing_key;

	/* The plan, and what it was made for. */
	uint64		serial;			/* of the arguments; 0: no plan */
	Moment		moment;
	bool		usable;			/* these links are made here */
	int64		ends_at;
	S3LinkPlan	plan;
} Place;

struct S3LinkCache
{
	MemoryContext parent;
	MemoryContext context;		/* NULL: nothing is known */
	uint64		generation;		/* of the settings */
	Place	   *places;
	Place	   *last;			/* the one used last */
	int			next;			/* the one to replace */

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
static void wipe_places(void *places);
static Place *find_place(S3LinkCache *cache, S3Slice url);
static bool starts_with(S3Slice url, S3Slice start);
static size_t start_length(S3Slice url);
static Place *add_place(S3LinkCache *cache, const S3Call *call, S3Slice url);
static size_t encoded_length(S3Slice key);
static bool same_args(const S3LinkCache *cache, const S3LinkArgs *args);
static bool same_datum(const void *a, const void *b);
static void take_args(S3LinkCache *cache, const char *command, const S3LinkArgs *args);
static bool find_key(S3LinkCache *cache, const Place *place, S3Slice url, S3Slice *key);
static bool has_plan(S3LinkCache *cache, Place *place, const S3LinkArgs *args);
static bool is_fresh(const Place *place, const Moment *now);
static bool is_ordinary(const S3LinkCache *cache, const Place *place);
static bool renew_plan(S3LinkCache *cache, Place *place, const Moment *now);
static bool look_up_keys(Place *place, int64 time);
static bool mark_keys(const S3Credentials *keys, uint8 mark[S3_SHA256_LEN], S3Error *err);
static void replace_copy(const Place *place, const char **copy, const char *text);
static bool encode_and_sign(S3LinkCache *cache, const Place *place, S3Slice key,
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
	Place	   *place;
	S3Slice		key;

	if (!is_current(cache) || (place = find_place(cache, url)) == NULL)
		return false;
	if (!same_args(cache, args))
		take_args(cache, command, args);
	s3_privileges_require_for(cache->operation, command);
	if (!cache->operation->read_only)
		s3_settings_prevent_if_protected(place->storage, command);
	return find_key(cache, place, url, &key) && has_plan(cache, place, args) &&
		encode_and_sign(cache, place, key, link);
}

bool
s3_link_cache_make_plain(S3LinkCache *cache, S3Slice url, S3CachedLink *link)
{
	Place	   *place;
	S3Slice		key;

	return is_current(cache) && (place = find_place(cache, url)) != NULL &&
		find_key(cache, place, url, &key) && encode_and_sign(cache, place, key, link);
}

void
s3_link_cache_learn(S3LinkCache *cache, const S3Call *call, S3Slice url)
{
	const S3Request *request = &call->request;
	Place	   *place;
	size_t		path_len;

	if (call->storage->settings.signature_version != S3_SIGNATURE_S3V4 ||
		call->operation->on_bucket || (place = add_place(cache, call, url)) == NULL)
		return;
	path_len = strlen(request->path) -
		encoded_length(s3_slice(call->key.data, call->key.len));
	place->key_prefix = call->storage->settings.key_prefix;
	place->literal = !call->storage->settings.normalize_keys && place->key_prefix[0] == '\0';
	place->tls = request->tls;
	place->host = MemoryContextStrdup(place->context, request->host);
	place->path = MemoryContextStrdup(place->context, pnstrdup(request->path, path_len));
}

void
s3_link_cache_learn_plain(S3LinkCache *cache, const S3Call *call, S3Slice url)
{
	const S3Settings *settings = &call->storage->settings;
	const char *plain;
	S3Slice		key;
	Place	   *place = add_place(cache, call, url);

	if (place == NULL)
		return;
	/* As s3_call_public_url has it: that base leads to where the prefix does. */
	place->key_prefix = settings->public_url[0] == '\0' ? settings->key_prefix : "";
	place->literal = !settings->normalize_keys && place->key_prefix[0] == '\0';
	plain = s3_call_public_url(call);
	if (!find_key(cache, place, url, &key))
		elog(ERROR, "could not make the key of a URL that has one");
	s3_link_plan_plain(&place->plan,
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

/* Storages, and all that was made of them, live as long as the settings. */
static bool
is_current(const S3LinkCache *cache)
{
	return cache->context != NULL && cache->generation == s3_settings_generation();
}

static void
start_over(S3LinkCache *cache)
{
	MemoryContextCallback *wipe;
	MemoryContext old_context;

	if (cache->context != NULL)
	{
		MemoryContext context = cache->context;

		cache->context = NULL;
		MemoryContextDelete(context);
	}
	cache->operation = NULL;
	cache->last = NULL;
	cache->next = 0;
	cache->context = AllocSetContextCreate(cache->parent, "s3store links",
										   ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(cache->context);
	cache->places = palloc0(sizeof(Place) * PLACES_MAX);
	wipe = palloc0(sizeof(MemoryContextCallback));
	wipe->func = wipe_places;
	wipe->arg = cache->places;
	MemoryContextRegisterResetCallback(cache->context, wipe);
	cache->args_context = AllocSetContextCreate(cache->context, "s3store link arguments",
												ALLOCSET_SMALL_SIZES);
	cache->scratch = AllocSetContextCreate(cache->context, "s3store link scratch",
										   ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&cache->key);
	s3_link_work_init(&cache->work);
	MemoryContextSwitchTo(old_context);
	cache->generation = s3_settings_generation();
}

static void
wipe_places(void *places)
{
	explicit_bzero(places, sizeof(Place) * PLACES_MAX);
}

/* The place of the URL's bucket, if it has been learned. */
static Place *
find_place(S3LinkCache *cache, S3Slice url)
{
	S3Slice		start;

	if (cache->last != NULL && starts_with(url, cache->last->start))
		return cache->last;
	start = s3_slice(url.data, start_length(url));
	for (int i = 0; i < PLACES_MAX && start.len > 0; i++)
	{
		Place	   *place = &cache->places[i];

		if (place->context != NULL && s3_slice_equal(place->start, start))
		{
			cache->last = place;
			return place;
		}
	}
	return NULL;
}

static bool
starts_with(S3Slice url, S3Slice start)
{
	return url.len > start.len && memcmp(url.data, start.data, start.len) == 0;
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

/* Returns NULL when there is one already.  The plan of the new one is empty. */
static Place *
add_place(S3LinkCache *cache, const S3Call *call, S3Slice url)
{
	MemoryContext old_context;
	MemoryContext context;
	Place	   *place;
	size_t		len = start_length(url);

	if (!is_current(cache))
		start_over(cache);
	if (find_place(cache, url) != NULL)
		return NULL;

	place = &cache->places[cache->next];
	cache->next = (cache->next + 1) % PLACES_MAX;
	cache->last = NULL;
	context = place->context;
	explicit_bzero(place, sizeof(*place));
	if (context == NULL)
		context = AllocSetContextCreate(cache->context, "s3store place", ALLOCSET_SMALL_SIZES);
	else
		MemoryContextReset(context);
	old_context = MemoryContextSwitchTo(context);
	place->start = s3_slice(pnstrdup(url.data, len), len);
	place->storage = call->storage;
	s3_link_plan_init(&place->plan);
	MemoryContextSwitchTo(old_context);
	place->context = context;
	return place;
}

static size_t
encoded_length(S3Slice key)
{
	StringInfoData encoded;

	initStringInfo(&encoded);
	s3_uri_encode_path(&encoded, key);
	return encoded.len;
}

/* The time is no part of a plan's arguments, but whether one is given. */
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

/* In the order of the general way, whose errors these are. */
static void
take_args(S3LinkCache *cache, const char *command, const S3LinkArgs *args)
{
	MemoryContext old_context;
	const S3Operation *operation;

	cache->operation = NULL;
	MemoryContextReset(cache->args_context);
	old_context = MemoryContextSwitchTo(cache->args_context);
	operation = s3_operation_find(text_to_cstring(args->method));
	s3_privileges_require_for(operation, command);
	memset(&cache->request, 0, sizeof(cache->request));
	s3_params_apply(operation, args->params, &cache->request);
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

/* The key on the server.  Returns false where the general way has to look at it. */
static bool
find_key(S3LinkCache *cache, const Place *place, S3Slice url, S3Slice *key)
{
	S3Location	location = {{0}};
	S3Error		err;

	*key = s3_slice(url.data + place->start.len, url.len - place->start.len);
	if (key->len == 0 || key->len > S3_KEY_MAX)
		return false;
	if (place->literal)
		return true;
	location.key = *key;
	resetStringInfo(&cache->key);
	if (!s3_location_object_key(&location, place->key_prefix,
								place->storage->settings.normalize_keys, &cache->key, &err))
		return false;
	*key = s3_slice(cache->key.data, cache->key.len);
	return true;
}

/* Sees to it that the place's plan is good for now; false where it cannot be. */
static bool
has_plan(S3LinkCache *cache, Place *place, const S3LinkArgs *args)
{
	Moment		now;
	MemoryContext old_context;

	now.statement = GetCurrentStatementStartTimestamp();
	now.clock = s3_lifetime_clock();
	now.signing = args->at_given ? args->signed_at : s3_lifetime_moment(now.clock);
	if (place->serial == cache->serial && place->moment.signing == now.signing &&
		is_fresh(place, &now))
		return place->usable;

	old_context = MemoryContextSwitchTo(cache->scratch);
	place->usable = is_ordinary(cache, place) && renew_plan(cache, place, &now);
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(cache->scratch);
	place->serial = cache->serial;
	place->moment = now;
	return place->usable;
}

/* Whether the keys were looked up in this statement and this second. */
static bool
is_fresh(const Place *place, const Moment *now)
{
	return place->moment.statement == now->statement &&
		place->moment.clock / USECS_PER_SEC == now->clock / USECS_PER_SEC;
}

/* Copies have a check of their own, and what is public has no signature. */
static bool
is_ordinary(const S3LinkCache *cache, const Place *place)
{
	return !cache->operation->on_bucket && cache->operation->id != S3_COPY_OBJECT &&
		!s3_call_is_public(place->storage, cache->operation, &cache->request);
}

/* When this throws, the next link finds a plan that is for something else. */
static bool
renew_plan(S3LinkCache *cache, Place *place, const Moment *now)
{
	const S3LinkArgs *args = &cache->args;
	S3Request	request = cache->request;
	S3Signing	signing = {0};
	S3Lifetime	lifetime;
	S3Error		err;
	bool		fresh = is_fresh(place, now);

	place->serial = 0;
	lifetime = s3_lifetime_in_window(&place->storage->settings, args->expires,
									 args->at_given ? &now->signing : NULL);
	if ((!fresh || place->signing_key.day != s3_sigv4_day(lifetime.signed_at)) &&
		!look_up_keys(place, lifetime.signed_at))
		return false;

	request.tls = place->tls;
	request.host = place->host;
	request.path = place->path;
	signing.version = S3_SIGNATURE_S3V4;
	signing.credentials = &place->keys;
	signing.region = place->storage->signing_region;
	signing.time = lifetime.signed_at;
	place->ends_at = s3_lifetime_end(&lifetime, place->storage, &place->keys);
	return s3_link_plan_signed(&place->plan, &request, &signing, lifetime.expires,
							   &place->signing_key, &err);
}

/* Derives the signing key anew only where it is another one. */
static bool
look_up_keys(Place *place, int64 time)
{
	const S3Credentials *found = s3_credentials_find(place->storage);
	S3Signing	signing = {0};
	uint8		mark[S3_SHA256_LEN];
	S3Error		err;

	if (!mark_keys(found, mark, &err))
		return false;
	if (memcmp(mark, place->mark, sizeof(mark)) == 0 &&
		place->signing_key.day == s3_sigv4_day(time))
		return true;

	signing.credentials = found;
	signing.region = place->storage->signing_region;
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
replace_copy(const Place *place, const char **copy, const char *text)
{
	if (*copy != NULL)
		pfree(unconstify(char *, *copy));
	*copy = text == NULL ? NULL : MemoryContextStrdup(place->context, text);
}

static bool
encode_and_sign(S3LinkCache *cache, const Place *place, S3Slice key, S3CachedLink *link)
{
	S3Error		err;

	if (!s3_link_make(&place->plan, key, &cache->work, &err))
		return false;
	/* S3 wants UTF-8, and the general way converts. */
	if (!cache->work.ascii && GetDatabaseEncoding() != PG_UTF8)
		return false;
	link->plan = &place->plan;
	link->work = &cache->work;
	link->operation = cache->operation;
	link->headers = &cache->request.headers;
	link->args_serial = cache->serial;
	link->ends_at = place->ends_at;
	return true;
}
