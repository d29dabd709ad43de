/*-------------------------------------------------------------------------
 *
 * fn_url.c
 *	  SQL functions that read URLs: s3_scheme, s3_bucket, s3_key, s3_url.
 *
 * The first three depend on nothing but their argument, so that columns can
 * be indexed by them and a domain can check with them.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "fmgr.h"
#include "links/link_cache.h"
#include "links/presign.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(s3store_scheme);
PG_FUNCTION_INFO_V1(s3store_bucket);
PG_FUNCTION_INFO_V1(s3store_key);
PG_FUNCTION_INFO_V1(s3store_url);

static bool parse_argument(FunctionCallInfo fcinfo, S3Location *location);

/* s3_scheme(url text) returns text: lower case, as schemes are compared */
Datum
s3store_scheme(PG_FUNCTION_ARGS)
{
	S3Location	location;
	char	   *scheme;

	if (!parse_argument(fcinfo, &location))
		PG_RETURN_NULL();
	scheme = s3_slice_dup(location.scheme);
	for (char *p = scheme; *p != '\0'; p++)
		*p = pg_ascii_tolower((unsigned char) *p);
	PG_RETURN_TEXT_P(cstring_to_text(scheme));
}

/* s3_bucket(url text) returns text */
Datum
s3store_bucket(PG_FUNCTION_ARGS)
{
	S3Location	location;

	if (!parse_argument(fcinfo, &location))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(location.bucket.data, location.bucket.len));
}

/* s3_key(url text) returns text: byte for byte, '' when the URL has none */
Datum
s3store_key(PG_FUNCTION_ARGS)
{
	S3Location	location;

	if (!parse_argument(fcinfo, &location))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(location.key.data, location.key.len));
}

/* s3_url(url text) returns text: the object's address for browsers, unsigned */
Datum
s3store_url(PG_FUNCTION_ARGS)
{
	text	   *url = PG_GETARG_TEXT_PP(0);
	S3Slice		slice = s3_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url));
	S3LinkCache *cache = s3_link_cache((S3LinkCache **) &fcinfo->flinfo->fn_extra,
									   fcinfo->flinfo->fn_mcxt);
	S3CachedLink cached;
	S3Call		call;

	if (cache != NULL && s3_link_cache_make_plain(cache, slice, &cached))
		PG_RETURN_TEXT_P(s3_link_cache_text(&cached));
	if (!s3_call_open(&call, S3_GET_OBJECT, "s3_url()", S3_CALL_LINK, url))
		PG_RETURN_NULL();
	if (cache != NULL)
		s3_link_cache_learn_plain(cache, &call, slice);
	PG_RETURN_TEXT_P(cstring_to_text(s3_presign_public_url(&call)));
}

/*
 * Parses in the database's encoding: every one that a database can have keeps
 * ASCII bytes to ASCII characters, and the grammar has no others.
 */
static bool
parse_argument(FunctionCallInfo fcinfo, S3Location *location)
{
	text	   *url = PG_GETARG_TEXT_PP(0);
	S3Slice		slice = s3_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url));
	S3Error		err;

	if (s3_location_is_none(slice))
		return false;
	if (!s3_location_parse(slice, location, &err))
		s3_error_throw(&err);
	return true;
}
