/*-------------------------------------------------------------------------
 *
 * listing.c
 *	  A list of objects or of versions, fetched page by page.
 *
 * Guarantees: one page is in memory at a time (but see list_prefetch.c); between
 * two pages no connection is in use; every key has the prefix that was asked
 * for, and each page begins behind the one before it, so that no server can
 * make a list endless.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "client/list_prefetch.h"
#include "client/listing.h"
#include "client/pipeline.h"
#include "s3/param_rules.h"
#include "settings/setting_defs.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define WARNINGS_MAX	100		/* of keys that do not fit the encoding */
#define EMPTY_PAGES_MAX	1000	/* in a row: servers skip what is deleted */

struct S3Listing
{
	MemoryContext context;
	MemoryContext page_context; /* of the page */
	MemoryContext call_context; /* of the call that fetches it */
	S3ListOptions options;		/* with start_after as a key on the server */
	S3Slice		bucket;
	S3Slice		bucket_url;		/* "scheme://bucket/", as the caller wrote it */
	int			warnings;		/* of keys that do not fit */
	StringInfoData prefix;		/* of the keys on the server */
	size_t		own_len;		/* of it the endpoint's own */
	int64		left;			/* entries that may still come; -1: all */

	S3ListPrefetch *prefetch;	/* that fetches the pages, or NULL */
	bool		started;
	S3ListPage	page;
	int			position;		/* of the next entry in the page */
	int			empty_pages;	/* in a row */
	StringInfoData last_key;	/* of the page before this one */
	StringInfoData token;		/* of the next page, or its key marker */
	StringInfoData version_id_marker;
};

static S3Slice url_of_key(const S3Listing *listing, S3Slice key);
static void warn_of_key(S3Listing *listing, S3Slice key);
static void take_location(S3Listing *listing);
static char *start_key(S3Listing *listing, const S3Call *call);
static void check_same_bucket(const S3Location *start, const S3Call *call);
static bool may_prefetch(const S3ListOptions *options);
static void fetch_page(S3Listing *listing);
static void take_prefetched_page(S3Listing *listing);
static void open_prefetch_page(void *arg, const char *start_after, S3Call *call);
static void remember_page(S3Listing *listing);
static void set_text(StringInfo dst, S3Slice text);
static void open_call(S3Listing *listing, S3Call *call);
static void add_position(S3Listing *listing, S3Call *call);
static void add_given(S3Call *call, const char *name, const char *value);
static bool check_page(S3Listing *listing, S3Error *err);
static bool check_prefix(const S3Listing *listing, S3Slice prefix, S3Error *err);
static bool check_sorted(const S3Listing *listing, S3Error *err);
static bool check_order(S3Listing *listing, S3Error *err);
static bool leads_back(const S3Listing *listing);
static bool has_prefix(S3Slice key, S3Slice prefix);
static bool refuse_list(S3Error *err, const char *detail);

S3Listing *
s3_listing_start(const S3ListOptions *options)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store list",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	S3Listing  *listing = palloc0(sizeof(S3Listing));
	size_t		url_len = VARSIZE_ANY_EXHDR(options->url);

	listing->context = context;
	listing->options = *options;
	listing->options.url = cstring_to_text_with_len(VARDATA_ANY(options->url), (int) url_len);
	if (s3_location_is_none(s3_slice(VARDATA_ANY(options->url), url_len)))
	{
		MemoryContextSwitchTo(old_context);
		MemoryContextDelete(context);
		return NULL;
	}
	if (options->delimiter != NULL)
		listing->options.delimiter = pstrdup(options->delimiter);
	listing->left = options->max_items;
	initStringInfo(&listing->prefix);
	initStringInfo(&listing->last_key);
	initStringInfo(&listing->token);
	initStringInfo(&listing->version_id_marker);
	take_location(listing);
	listing->page_context = AllocSetContextCreate(context, "s3store list page",
												  ALLOCSET_DEFAULT_SIZES);
	listing->call_context = AllocSetContextCreate(context, "s3store list call",
												  ALLOCSET_DEFAULT_SIZES);
	if (may_prefetch(options))
		listing->prefetch = s3_list_prefetch_create(options->connections,
													listing->options.start_after,
													open_prefetch_page, listing);
	MemoryContextSwitchTo(old_context);
	return listing;
}

const S3ListItem *
s3_listing_next(S3Listing *listing)
{
	const S3ListItem *item;

	while ((item = s3_listing_next_of_page(listing)) == NULL && s3_listing_goes_on(listing))
		fetch_page(listing);
	return item;
}

const S3ListItem *
s3_listing_next_of_page(S3Listing *listing)
{
	const S3ListItem *item;

	do
	{
		if (listing->left == 0 || listing->position == listing->page.count)
			return NULL;
		item = &listing->page.items[listing->position++];
		/* An object whose whole key is the endpoint's prefix has no URL. */
	} while (item->key.len == listing->own_len);
	if (listing->options.of_object && item->key.len != listing->prefix.len)
	{
		listing->left = 0;		/* longer keys come behind this one */
		return NULL;
	}
	if (listing->left > 0)
		listing->left--;
	return item;
}

bool
s3_listing_goes_on(const S3Listing *listing)
{
	return listing->left != 0 && (!listing->started || listing->page.truncated);
}

void
s3_listing_open_page(S3Listing *listing, S3Call *call)
{
	int64		page_max = S3_LIST_ENTRIES_MAX;

	remember_page(listing);
	if (listing->left > 0)
		page_max = Min(page_max, listing->left);
	open_call(listing, call);
	s3_listing_add_query(call, listing->prefix.data, (int) page_max);
	add_given(call, "delimiter", listing->options.delimiter);
	add_position(listing, call);
}

void
s3_listing_take_page(S3Listing *listing, const S3Call *call, const S3HttpResponse *response)
{
	S3Error		err;

	if (!s3_listing_try_take_page(listing, response, &err))
		s3_call_throw(call, &err);
}

bool
s3_listing_try_take_page(S3Listing *listing, const S3HttpResponse *response, S3Error *err)
{
	MemoryContext old_context;
	bool		taken;

	/* Should this fail, the listing is of no use any more. */
	memset(&listing->page, 0, sizeof(listing->page));
	listing->position = 0;
	listing->started = true;
	MemoryContextReset(listing->page_context);
	old_context = MemoryContextSwitchTo(listing->page_context);
	taken = s3_list_page_parse(s3_slice(response->body, response->body_len),
							   listing->options.kind, &listing->page, err) &&
		check_page(listing, err);
	MemoryContextSwitchTo(old_context);
	return taken;
}

void
s3_listing_add_query(S3Call *call, const char *prefix, int max_keys)
{
	S3Fields   *query = &call->request.query;

	s3_fields_add(query, call->operation->query_name, call->operation->query_value);
	s3_fields_add(query, S3_PARAM_ENCODING_TYPE, "url");
	s3_fields_add(query, "max-keys", psprintf("%d", max_keys));
	s3_fields_add(query, S3_PARAM_PREFIX, prefix);
}

int
s3_listing_check_connections(int connections)
{
	if (connections < 1 || connections > S3_POOL_CONNECTIONS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"connections\" must be between 1 and %d", S3_POOL_CONNECTIONS_MAX)));
	return connections;
}

text *
s3_listing_url(S3Listing *listing, const S3ListItem *item)
{
	text	   *url;

	if (!s3_listing_try_url(listing, item, &url))
		warn_of_key(listing, item->key);
	return url;
}

bool
s3_listing_try_url(const S3Listing *listing, const S3ListItem *item, text **url)
{
	bool		fits;

	*url = s3_text_fitted(url_of_key(listing, item->key), &fits);
	return fits;
}

text *
s3_listing_key_url(const S3Listing *listing, S3Slice key)
{
	return s3_text_from_utf8(url_of_key(listing, key));
}

static S3Slice
url_of_key(const S3Listing *listing, S3Slice key)
{
	S3Slice		bucket = listing->bucket_url;
	StringInfoData url;

	initStringInfo(&url);
	appendBinaryStringInfo(&url, bucket.data, (int) bucket.len);
	appendBinaryStringInfo(&url, key.data + listing->own_len, (int) (key.len - listing->own_len));
	return s3_slice(url.data, url.len);
}

static void
warn_of_key(S3Listing *listing, S3Slice key)
{
	bool		fits;

	if (++listing->warnings > WARNINGS_MAX)
		return;
	ereport(WARNING,
			(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
			 errmsg("key \"%s\" in bucket \"%s\" does not fit the encoding of the database",
					s3_shown_text(s3_text_fitted(key, &fits)), s3_shown_utf8(listing->bucket)),
			 errdetail("It is shown with escapes, as a URL that names no object.")));
	if (listing->warnings == WARNINGS_MAX)
		ereport(WARNING,
				(errmsg("further keys that do not fit the encoding are shown with escapes without a warning")));
}

/* Takes what all pages need from the URL and the settings. */
static void
take_location(S3Listing *listing)
{
	const S3Settings *settings;
	S3Call		call;
	S3Error		err;

	open_call(listing, &call);
	settings = &call.endpoint->settings;
	listing->bucket = s3_slice_cstring(s3_slice_dup(call.location.bucket));
	listing->bucket_url = s3_slice_cstring(psprintf("%.*s://%.*s/",
													S3_SLICE_ARGS(call.location.scheme),
													S3_SLICE_ARGS(call.location.bucket)));
	if (!(listing->options.of_object ?
		  s3_location_object_key(&call.location, settings->key_prefix,
								 settings->normalize_keys, &listing->prefix, &err) :
		  s3_location_list_prefix(&call.location, settings->key_prefix,
								  settings->normalize_keys, &listing->prefix,
								  &listing->own_len, &err)))
		s3_error_throw(&err);
	listing->options.start_after = start_key(listing, &call);
}

/* What to start after, as a key on the server; NULL: nothing. */
static char *
start_key(S3Listing *listing, const S3Call *call)
{
	const char *start = listing->options.start_after;
	S3Location	location;
	S3Error		err;
	S3Slice		key;

	if (start == NULL || *start == '\0')
		return NULL;
	key = s3_slice_cstring(start);
	if (s3_location_parse(key, &location, &err))
	{
		check_same_bucket(&location, call);
		key = location.key;
	}
	return psprintf("%.*s%.*s", (int) listing->own_len, listing->prefix.data,
					S3_SLICE_ARGS(key));
}

static void
check_same_bucket(const S3Location *start, const S3Call *call)
{
	const S3Location *list = &call->location;

	if (start->scheme.len == list->scheme.len &&
		pg_strncasecmp(start->scheme.data, list->scheme.data, list->scheme.len) == 0 &&
		s3_slice_equal(start->bucket, list->bucket))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"start_after\" is in another bucket"),
			 errdetail("It must be a key, or a URL in the bucket that is listed."),
			 errhint("Write a key that looks like a URL behind the URL of its bucket.")));
}

/* Not with a delimiter: a page may cover keys beyond its last entry. */
static bool
may_prefetch(const S3ListOptions *options)
{
	return options->connections > 1 && options->kind == S3_LIST_PAGE_OBJECTS &&
		!options->of_object && (options->delimiter == NULL || *options->delimiter == '\0') &&
		(options->max_items < 0 || options->max_items > S3_LIST_ENTRIES_MAX);
}

static void
fetch_page(S3Listing *listing)
{
	MemoryContext old_context;
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	if (listing->prefetch != NULL)
	{
		take_prefetched_page(listing);
		return;
	}
	MemoryContextReset(listing->call_context);
	old_context = MemoryContextSwitchTo(listing->call_context);
	s3_listing_open_page(listing, &call);
	if (!s3_call_perform(&call, &response, &err))
		s3_call_throw(&call, &err);
	s3_listing_take_page(listing, &call, &response);
	MemoryContextReset(listing->call_context);
	MemoryContextSwitchTo(old_context);
}

static void
take_prefetched_page(S3Listing *listing)
{
	S3Slice		prefix = s3_slice(listing->prefix.data, listing->prefix.len);
	S3Error		err;

	s3_list_prefetch_next(listing->prefetch, &listing->page);
	listing->position = 0;
	listing->started = true;
	if (!check_prefix(listing, prefix, &err))
		s3_error_throw(&err);
}

/* A full page: the limit of the list is checked when its entries are taken. */
static void
open_prefetch_page(void *arg, const char *start_after, S3Call *call)
{
	S3Listing  *listing = arg;

	open_call(listing, call);
	s3_listing_add_query(call, listing->prefix.data, S3_LIST_ENTRIES_MAX);
	add_given(call, "start-after", start_after);
}

/* Keeps what of a page the next one needs. */
static void
remember_page(S3Listing *listing)
{
	const S3ListPage *page = &listing->page;
	bool		versions = listing->options.kind == S3_LIST_PAGE_VERSIONS;

	if (page->count > 0)
		set_text(&listing->last_key, page->items[page->count - 1].key);
	set_text(&listing->token, versions ? page->next_key_marker : page->next_token);
	set_text(&listing->version_id_marker, page->next_version_id_marker);
}

static void
set_text(StringInfo dst, S3Slice text)
{
	resetStringInfo(dst);
	appendBinaryStringInfo(dst, text.data, (int) text.len);
}

/* Opened for each page, since SQL may have run since the last one. */
static void
open_call(S3Listing *listing, S3Call *call)
{
	S3OperationId operation = listing->options.kind == S3_LIST_PAGE_VERSIONS ?
		S3_LIST_OBJECT_VERSIONS : S3_LIST_OBJECTS_V2;
	const S3Fields *headers = listing->options.headers;

	(void) s3_call_open_bucket(call, operation, listing->options.command,
							   listing->options.url);
	if (headers != NULL)
		s3_fields_add_all(&call->request.headers, headers);
}

/* Adds what the page has beside the other pages. */
static void
add_position(S3Listing *listing, S3Call *call)
{
	if (listing->options.kind == S3_LIST_PAGE_VERSIONS)
	{
		add_given(call, "key-marker", listing->token.data);
		add_given(call, "version-id-marker", listing->version_id_marker.data);
	}
	else if (listing->token.len > 0)
		add_given(call, "continuation-token", listing->token.data);
	else
		add_given(call, "start-after", listing->options.start_after);
}

/* Adds a parameter, if there is a value. */
static void
add_given(S3Call *call, const char *name, const char *value)
{
	if (value != NULL && *value != '\0')
		s3_fields_add(&call->request.query, name, value);
}

/* Is it a page of what was asked for, and will the list come to an end? */
static bool
check_page(S3Listing *listing, S3Error *err)
{
	const S3ListPage *page = &listing->page;
	S3Slice		prefix = s3_slice(listing->prefix.data, listing->prefix.len);

	if (!check_prefix(listing, prefix, err))
		return false;
	if (listing->options.must_be_sorted && !check_sorted(listing, err))
		return false;
	if (!check_order(listing, err))
		return false;
	listing->empty_pages = listing->position < page->count ? 0 : listing->empty_pages + 1;
	if (!page->truncated)
		return true;
	if (listing->empty_pages > EMPTY_PAGES_MAX)
		return refuse_list(err, "It goes on, but its pages are empty.");
	if (leads_back(listing))
		return refuse_list(err, "The way to the next page leads to the same one again.");
	return true;
}

static bool
check_prefix(const S3Listing *listing, S3Slice prefix, S3Error *err)
{
	const S3ListPage *page = &listing->page;

	for (int i = 0; i < page->count; i++)
	{
		if (!has_prefix(page->items[i].key, prefix))
			return refuse_list(err, "It has a key that does not start with the prefix.");
	}
	return true;
}

/* Some servers list keys in any order, such as S3's directory buckets. */
static bool
check_sorted(const S3Listing *listing, S3Error *err)
{
	const S3ListPage *page = &listing->page;
	S3Slice		last_key = s3_slice(listing->last_key.data, listing->last_key.len);

	for (int i = 0; i < page->count; i++)
	{
		S3Slice		key = page->items[i].key;

		if (s3_slice_compare(key, last_key) <= 0)
		{
			char		shown[S3_ERROR_SERVER_MAX];

			s3_error_copy_text(shown, sizeof(shown), key);
			s3_error_set(err, S3_ERROR_UNSUPPORTED, "the server's list is not sorted");
			return s3_error_detail(err, "Key \"%s\" does not come behind the one before it in the order of bytes, in which %s needs them.",
								   shown, listing->options.command);
		}
		last_key = key;
	}
	return true;
}

/* Each page begins behind the last one, or goes on with the versions of a key. */
static bool
check_order(S3Listing *listing, S3Error *err)
{
	const S3ListPage *page = &listing->page;
	S3Slice		last_key = s3_slice(listing->last_key.data, listing->last_key.len);
	int			order;

	if (page->count == 0 || last_key.len == 0)
		return true;
	order = s3_slice_compare(page->items[0].key, last_key);
	if (order > 0 || (order == 0 && listing->options.kind == S3_LIST_PAGE_VERSIONS))
		return true;
	if (order < 0 || page->items[0].kind != S3_LIST_PREFIX)
		return refuse_list(err, "A page starts before the end of the one before it.");

	/* The same prefix again, for keys that were behind the last page. */
	listing->position = 1;
	return true;
}

static bool
leads_back(const S3Listing *listing)
{
	const S3ListPage *page = &listing->page;
	S3Slice		token = s3_slice(listing->token.data, listing->token.len);
	S3Slice		version_id = s3_slice(listing->version_id_marker.data,
									  listing->version_id_marker.len);

	if (listing->options.kind == S3_LIST_PAGE_OBJECTS)
		return s3_slice_equal(page->next_token, token);
	return s3_slice_equal(page->next_key_marker, token) &&
		s3_slice_equal(page->next_version_id_marker, version_id);
}

static bool
has_prefix(S3Slice key, S3Slice prefix)
{
	return key.len >= prefix.len && memcmp(key.data, prefix.data, prefix.len) == 0;
}

static bool
refuse_list(S3Error *err, const char *detail)
{
	s3_error_set(err, S3_ERROR_PROTOCOL, "could not understand the server's list");
	return s3_error_detail(err, "%s", detail);
}
