/*-------------------------------------------------------------------------
 *
 * fn_url_key.c
 *	  SQL functions that tell the key on the server of a URL's object:
 *	  s3_key_below, s3_reconcile_row.
 *
 * Two URLs of one server and one bucket that have the same key there name one
 * object, whatever their schemes are.  s3_reconcile_row() is for sorting URLs by
 * that key.  Its result has the URL as well, but for one that can be made from
 * the key: most can, and sorting is faster without.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "s3/location.h"
#include "settings/same_server.h"
#include "settings/settings.h"

PG_FUNCTION_INFO_V1(s3store_key_below);
PG_FUNCTION_INFO_V1(s3store_reconcile_row);

#define START_MAX	(S3_SCHEME_MAX + 3 + S3_BUCKET_MAX + 1)

typedef enum Answer
{
	ANSWER_THERE,				/* in the bucket: the key is made */
	ANSWER_ELSEWHERE,
	ANSWER_UNKNOWN				/* only all of the URL tells */
} Answer;

/*
 * Kept from one call of the function to the next: the prefix, taken apart.
 * Has no pointers to settings, which may change meanwhile.
 */
typedef struct Below
{
	MemoryContext context;		/* of the rest; reset when settings change */
	uint64		generation;
	char	   *prefix_url;
	bool		none;			/* it means "no file" */
	char	   *scheme;
	S3Slice		bucket;
	S3Slice		url_start;		/* "scheme://bucket/", as it is written */
	S3Slice		prefix;			/* of the keys on the server */
	size_t		own_len;		/* of it the endpoint's own */

	/* "scheme://bucket/" of a URL before, where its key is taken literally. */
	char		start[START_MAX];
	size_t		start_len;		/* 0: none */
	bool		start_is_there; /* is that the prefix's bucket? */
} Below;

static bool make_key(Below *below, text *argument, StringInfo key);
static bool is_as_listed(const Below *below, text *argument, S3Slice key);
static Below *find_below(FunctionCallInfo fcinfo);
static void take_prefix(Below *below, S3Slice url);
static Answer fast_key(const Below *below, S3Slice url, StringInfo key);
static Answer slow_key(Below *below, S3Slice url, StringInfo key);
static void remember_start(Below *below, const S3Endpoint *endpoint, S3Slice url,
						   const S3Location *location, bool there);
static void show_url(void *arg);

/*
 * s3_key_below(url text, prefix_url text) returns bytea: the key that the
 * URL's object has on its server, where that is an object below prefix_url;
 * else NULL
 */
Datum
s3store_key_below(PG_FUNCTION_ARGS)
{
	StringInfoData key;

	if (!make_key(find_below(fcinfo), PG_GETARG_TEXT_PP(0), &key))
		PG_RETURN_NULL();
	SET_VARSIZE(key.data, key.len);
	PG_RETURN_BYTEA_P(key.data);
}

/*
 * s3_reconcile_row(url text, prefix_url text) returns bytea: the same key, a
 * NUL, and the URL unless it is as s3_list() would write it
 */
Datum
s3store_reconcile_row(PG_FUNCTION_ARGS)
{
	text	   *url = PG_GETARG_TEXT_PP(0);
	Below	   *below = find_below(fcinfo);
	StringInfoData row;

	if (!make_key(below, url, &row))
		PG_RETURN_NULL();
	if (is_as_listed(below, url, s3_slice(row.data + VARHDRSZ, row.len - VARHDRSZ)))
		appendStringInfoChar(&row, '\0');
	else
	{
		appendStringInfoChar(&row, '\0');
		appendBinaryStringInfo(&row, VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url));
	}
	SET_VARSIZE(row.data, row.len);
	PG_RETURN_BYTEA_P(row.data);
}

/* Makes the key, with room for a header before it; false: the URL is not below. */
static bool
make_key(Below *below, text *argument, StringInfo key)
{
	S3Slice		url = s3_utf8_slice(VARDATA_ANY(argument), VARSIZE_ANY_EXHDR(argument));
	Answer		answer;

	if (below->none || s3_location_is_none(url))
		return false;
	initStringInfo(key);
	appendStringInfoSpaces(key, VARHDRSZ);
	answer = fast_key(below, url, key);
	if (answer == ANSWER_UNKNOWN)
		answer = slow_key(below, url, key);
	return answer == ANSWER_THERE && key->len - VARHDRSZ >= below->prefix.len &&
		memcmp(key->data + VARHDRSZ, below->prefix.data, below->prefix.len) == 0;
}

static bool
is_as_listed(const Below *below, text *argument, S3Slice key)
{
	S3Slice		url = s3_utf8_slice(VARDATA_ANY(argument), VARSIZE_ANY_EXHDR(argument));
	S3Slice		start = below->url_start;

	return url.len == start.len + key.len - below->own_len &&
		memcmp(url.data, start.data, start.len) == 0 &&
		memcmp(url.data + start.len, key.data + below->own_len, key.len - below->own_len) == 0;
}

static Below *
find_below(FunctionCallInfo fcinfo)
{
	Below	   *below = fcinfo->flinfo->fn_extra;
	text	   *prefix_url = PG_GETARG_TEXT_PP(1);
	S3Slice		url = s3_slice(VARDATA_ANY(prefix_url), VARSIZE_ANY_EXHDR(prefix_url));
	MemoryContext old_context;

	if (below == NULL)
	{
		below = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Below));
		below->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "s3store key below",
											   ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = below;
	}
	if (below->generation == s3_settings_generation() &&
		s3_slice_equal(url, s3_slice_cstring(below->prefix_url)))
		return below;

	below->generation = 0;		/* should this throw */
	below->start_len = 0;
	MemoryContextReset(below->context);
	old_context = MemoryContextSwitchTo(below->context);
	below->prefix_url = s3_slice_dup(url);
	take_prefix(below, s3_utf8_slice(below->prefix_url, url.len));
	below->generation = s3_settings_generation();
	MemoryContextSwitchTo(old_context);
	return below;
}

static void
take_prefix(Below *below, S3Slice url)
{
	const S3Endpoint *endpoint;
	S3Location	location;
	StringInfoData prefix;
	S3Error		err;

	below->none = s3_location_is_none(url);
	if (below->none)
		return;
	if (!s3_location_parse(url, &location, &err))
		s3_error_throw(&err);
	endpoint = s3_endpoint_find(location.scheme);
	initStringInfo(&prefix);
	if (!s3_location_list_prefix(&location, endpoint->settings.key_prefix,
								 endpoint->settings.normalize_keys, &prefix, &below->own_len, &err))
		s3_error_throw(&err);
	below->scheme = s3_slice_dup(location.scheme);
	below->bucket = location.bucket;
	below->url_start = s3_slice_cstring(psprintf("%.*s://%.*s/", S3_SLICE_ARGS(location.scheme),
												 S3_SLICE_ARGS(location.bucket)));
	below->prefix = s3_slice(prefix.data, prefix.len);
}

/* Most URLs of a column begin alike. */
static Answer
fast_key(const Below *below, S3Slice url, StringInfo key)
{
	size_t		start_len = below->start_len;

	if (start_len == 0 || url.len <= start_len || url.len - start_len > S3_KEY_MAX ||
		memcmp(url.data, below->start, start_len) != 0)
		return ANSWER_UNKNOWN;
	if (!below->start_is_there)
		return ANSWER_ELSEWHERE;
	appendBinaryStringInfo(key, url.data + start_len, (int) (url.len - start_len));
	return ANSWER_THERE;
}

/* Throws for what is no URL of an object. */
static Answer
slow_key(Below *below, S3Slice url, StringInfo key)
{
	ErrorContextCallback callback = {0};
	const S3Endpoint *endpoint;
	S3Location	location;
	S3Error		err;
	bool		there;

	callback.callback = show_url;
	callback.arg = &url;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	if (!s3_location_parse(url, &location, &err))
		s3_error_throw(&err);
	endpoint = s3_endpoint_find(location.scheme);
	there = s3_slice_equal(location.bucket, below->bucket) &&
		s3_endpoint_same_server(endpoint, s3_endpoint_find(s3_slice_cstring(below->scheme)));
	if (there && !s3_location_object_key(&location, endpoint->settings.key_prefix,
										 endpoint->settings.normalize_keys, key, &err))
		s3_error_throw(&err);
	remember_start(below, endpoint, url, &location, there);

	error_context_stack = callback.previous;
	return there ? ANSWER_THERE : ANSWER_ELSEWHERE;
}

/*
 * So that fast_key() need not parse the next URL.  Where keys are rewritten,
 * or get a prefix, each URL has to be parsed.
 */
static void
remember_start(Below *below, const S3Endpoint *endpoint, S3Slice url,
			   const S3Location *location, bool there)
{
	size_t		len = location->key.data - url.data;

	if (endpoint->settings.normalize_keys || endpoint->settings.key_prefix[0] != '\0' ||
		location->key.len == 0)
		return;
	memcpy(below->start, url.data, len);
	below->start_len = len;
	below->start_is_there = there;
}

/* An error context callback.  A password may stand before an "@". */
static void
show_url(void *arg)
{
	const S3Slice *url = arg;

	if (memchr(url->data, '@', url->len) != NULL)
		return;
	errcontext("URL \"%s\"", s3_shown_utf8(*url));
}
