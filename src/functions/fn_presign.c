/*-------------------------------------------------------------------------
 *
 * fn_presign.c
 *	  SQL functions that sign links: s3_presign, s3_presign_request.
 *
 * Never touches the network, but to fetch temporary keys where these come from
 * a service.  Each call of a function in a query makes its first link by the
 * request path, and the others by the fast path (link_cache.c) where possible.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/htup_details.h"
#include "backend/error_report.h"
#include "backend/fields_jsonb.h"
#include "base/date.h"
#include "base/uri.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "links/link_cache.h"
#include "links/presign.h"
#include "miscadmin.h"
#include "s3/integrity.h"
#include "s3/param_rules.h"
#include "settings/guards.h"
#include "settings/privileges.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* The columns of s3_request. */
enum
{
	REQUEST_METHOD,
	REQUEST_URL,
	REQUEST_HEADERS,
	REQUEST_EXPIRES_AT,
	REQUEST_COLUMNS
};

/* The arguments of all functions. */
enum
{
	ARG_URL,
	ARG_METHOD,
	ARG_EXPIRES,
	ARG_PARAMS,
	ARG_SIGNED_AT
};

#define METHOD_DEFAULT	"get_object"

typedef struct Link
{
	text	   *url;
	const S3Operation *operation;
	S3Fields	headers;
	uint64		serial;			/* as long as it is the same, and not 0, so
								 * are operation and headers */
	bool		forever;
	int64		ends_at;		/* seconds since 1970, unless forever */
} Link;

/* What a call of s3_presign_request keeps from row to row. */
typedef struct RequestMemo
{
	S3LinkCache *links;
	TupleDesc	desc;
	MemoryContext context;		/* of the datums */
	uint64		serial;			/* of the link that they were made of */
	Datum		method;
	Datum		headers;
} RequestMemo;

PG_FUNCTION_INFO_V1(s3store_presign);
PG_FUNCTION_INFO_V1(s3store_presign_array);
PG_FUNCTION_INFO_V1(s3store_presign_request);

static void take_args(FunctionCallInfo fcinfo, S3LinkArgs *args);
static bool make_link(S3LinkCache **slot, MemoryContext context, const char *command,
					  text *url, const S3LinkArgs *args, Link *link);
static bool make_by_request(S3LinkCache *cache, const char *command, text *url,
							const S3LinkArgs *args, Link *link);
static RequestMemo *request_memo(FunctionCallInfo fcinfo);
static void make_datums(RequestMemo *memo, const Link *link);
static void check_copy_source(const S3Call *call);
static bool climbs(const char *path);

/*
 * s3_presign(url text, method text, expires interval, params jsonb,
 *			  signed_at timestamptz) returns text
 */
Datum
s3store_presign(PG_FUNCTION_ARGS)
{
	S3LinkArgs	args;
	Link		link;

	if (PG_ARGISNULL(ARG_URL))
		PG_RETURN_NULL();
	take_args(fcinfo, &args);
	if (!make_link((S3LinkCache **) &fcinfo->flinfo->fn_extra, fcinfo->flinfo->fn_mcxt,
				   "s3_presign()", PG_GETARG_TEXT_PP(ARG_URL), &args, &link))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(link.url);
}

/*
 * s3_presign(urls text[], the same) returns text[]: the links in the places of
 * their URLs, NULL where there is none
 */
Datum
s3store_presign_array(PG_FUNCTION_ARGS)
{
	ArrayType  *urls;
	Datum	   *items;
	bool	   *nulls;
	int			count;
	S3LinkArgs	args;
	Link		link;

	if (PG_ARGISNULL(ARG_URL))
		PG_RETURN_NULL();
	take_args(fcinfo, &args);
	urls = PG_GETARG_ARRAYTYPE_P(ARG_URL);
	deconstruct_array(urls, TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			continue;
		nulls[i] = !make_link((S3LinkCache **) &fcinfo->flinfo->fn_extra,
							  fcinfo->flinfo->fn_mcxt, "s3_presign()",
							  DatumGetTextPP(items[i]), &args, &link);
		items[i] = PointerGetDatum(link.url);
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(items, nulls, ARR_NDIM(urls), ARR_DIMS(urls),
											 ARR_LBOUND(urls), TEXTOID, -1, false,
											 TYPALIGN_INT));
}

/* s3_presign_request(as s3_presign) returns s3_request: what a client has to do */
Datum
s3store_presign_request(PG_FUNCTION_ARGS)
{
	RequestMemo *memo = request_memo(fcinfo);
	Datum		values[REQUEST_COLUMNS];
	bool		nulls[REQUEST_COLUMNS] = {false};
	S3LinkArgs	args;
	Link		link;

	if (PG_ARGISNULL(ARG_URL))
		PG_RETURN_NULL();
	take_args(fcinfo, &args);
	if (!make_link(&memo->links, fcinfo->flinfo->fn_mcxt, "s3_presign_request()",
				   PG_GETARG_TEXT_PP(ARG_URL), &args, &link))
		PG_RETURN_NULL();
	if (link.serial == 0 || link.serial != memo->serial)
		make_datums(memo, &link);
	values[REQUEST_METHOD] = memo->method;
	values[REQUEST_URL] = PointerGetDatum(link.url);
	values[REQUEST_HEADERS] = memo->headers;
	nulls[REQUEST_EXPIRES_AT] = link.forever;
	values[REQUEST_EXPIRES_AT] =
		link.forever ? (Datum) 0 : TimestampTzGetDatum(s3_date_from_unix(link.ends_at));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(memo->desc, values, nulls)));
}

/* All but the URL.  NULL stands for the default of each. */
static void
take_args(FunctionCallInfo fcinfo, S3LinkArgs *args)
{
	args->method = PG_ARGISNULL(ARG_METHOD) ? cstring_to_text(METHOD_DEFAULT) :
		PG_GETARG_TEXT_PP(ARG_METHOD);
	args->expires = PG_ARGISNULL(ARG_EXPIRES) ? NULL : PG_GETARG_INTERVAL_P(ARG_EXPIRES);
	args->params = PG_ARGISNULL(ARG_PARAMS) ? NULL : PG_GETARG_JSONB_P(ARG_PARAMS);
	args->at_given = !PG_ARGISNULL(ARG_SIGNED_AT);
	args->signed_at = args->at_given ? PG_GETARG_TIMESTAMPTZ(ARG_SIGNED_AT) : 0;
}

/* Returns false where the result is NULL. */
static bool
make_link(S3LinkCache **slot, MemoryContext context, const char *command,
		  text *url, const S3LinkArgs *args, Link *link)
{
	S3LinkCache *cache = s3_link_cache(slot, context);
	S3CachedLink cached;

	if (cache == NULL ||
		!s3_link_cache_make(cache, command, args,
							s3_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url)), &cached))
		return make_by_request(cache, command, url, args, link);
	link->url = s3_link_cache_text(&cached);
	link->operation = cached.operation;
	link->headers = *cached.headers;
	link->serial = cached.args_serial;
	link->forever = false;
	link->ends_at = cached.ends_at;
	return true;
}

/* The request path: any link.  The cache, if there is one, learns the bucket. */
static bool
make_by_request(S3LinkCache *cache, const char *command, text *url,
				const S3LinkArgs *args, Link *link)
{
	const S3Operation *operation = s3_params_operation(args->method);
	S3Lifetime	lifetime = {0};
	S3Call		call;
	bool		public;
	S3Error		err;

	memset(link, 0, sizeof(*link));
	s3_privileges_require_for(operation, command);
	if (!s3_call_open(&call, operation->id, command, S3_CALL_LINK, url))
		return false;
	s3_params_apply(operation, args->params, &call.request);
	if (!s3_integrity_check_link(&call.request.headers, &err))
		s3_error_throw(&err);
	if (operation->on_bucket)
		s3_call_add_prefix(&call);
	check_copy_source(&call);

	public = s3_presign_is_public(call.endpoint, operation, &call.request);
	link->operation = operation;
	link->headers = call.request.headers;
	link->forever = public || s3_call_is_unsigned(&call);
	/* A lifetime that is given must be one, even where it does not matter. */
	if (!link->forever || args->expires != NULL)
		lifetime = s3_lifetime_in_window(&call.endpoint->settings, args->expires,
										 args->at_given ? &args->signed_at : NULL);
	link->url = cstring_to_text(public ? s3_presign_public_url(&call) :
								s3_presign_link(&call, &lifetime, &link->ends_at));
	if (cache != NULL && !public)
		s3_link_cache_learn(cache, &call,
							s3_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url)));
	return true;
}

static RequestMemo *
request_memo(FunctionCallInfo fcinfo)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	RequestMemo *memo = flinfo->fn_extra;
	MemoryContext old_context;
	TupleDesc	desc;

	if (memo != NULL)
		return memo;
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != REQUEST_COLUMNS)
		elog(ERROR, "s3_request is not the type that this library knows");
	old_context = MemoryContextSwitchTo(flinfo->fn_mcxt);
	memo = palloc0(sizeof(RequestMemo));
	memo->desc = BlessTupleDesc(CreateTupleDescCopy(desc));
	MemoryContextSwitchTo(old_context);
	memo->context = AllocSetContextCreate(flinfo->fn_mcxt, "s3store request",
										  ALLOCSET_SMALL_SIZES);
	flinfo->fn_extra = memo;
	return memo;
}

/* The columns that depend on the arguments alone. */
static void
make_datums(RequestMemo *memo, const Link *link)
{
	JsonbParseState *state = NULL;
	MemoryContext old_context;

	memo->serial = 0;
	MemoryContextReset(memo->context);
	old_context = MemoryContextSwitchTo(memo->context);
	memo->method = CStringGetTextDatum(link->operation->method);
	memo->headers = JsonbPGetDatum(JsonbValueToJsonb(s3_fields_push(&state, &link->headers)));
	MemoryContextSwitchTo(old_context);
	memo->serial = link->serial;
}

/*
 * Objects that the endpoint may not touch must not be copied by a link, either:
 * the source must be in one of its buckets, and below its key prefix.
 */
static void
check_copy_source(const S3Call *call)
{
	const char *source = s3_fields_find(&call->request.headers, S3_PARAM_COPY_SOURCE_HEADER);
	const char *prefix = call->endpoint->settings.key_prefix;
	StringInfoData wanted;
	size_t		bucket_len;

	if (source == NULL)
		return;
	source += source[0] == '/';
	bucket_len = strcspn(source, "/");
	s3_settings_require_bucket(call->endpoint, s3_slice(source, bucket_len));
	if (prefix[0] == '\0')
		return;
	initStringInfo(&wanted);
	appendStringInfoChar(&wanted, '/');
	s3_uri_encode_path(&wanted, s3_slice_cstring(prefix));
	if (wanted.data[wanted.len - 1] != '/')
		appendStringInfoChar(&wanted, '/');
	if (strncmp(source + bucket_len, wanted.data, wanted.len) != 0 ||
		climbs(source + bucket_len))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value of \"CopySource\""),
				 errdetail("With s3store.key_prefix set, the key of the source must begin with the prefix, and have no part \"..\".")));
}

/* Has it a segment ".."?  The server, or a proxy in front of it, may resolve that. */
static bool
climbs(const char *path)
{
	for (; (path = strstr(path, "/..")) != NULL; path++)
	{
		if (strchr("/?", path[3]) != NULL)
			return true;		/* strchr finds the end, too */
	}
	return false;
}
