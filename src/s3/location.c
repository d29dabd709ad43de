/*-------------------------------------------------------------------------
 *
 * location.c
 *	  scheme://bucket/key: the URL of an object, taken apart.
 *
 * Pure.  The key is everything after the slash behind the bucket, byte for
 * byte: nothing is decoded and nothing is cut, unless normalization is asked
 * for.  Errors never repeat an authority that holds user info.
 *
 *-------------------------------------------------------------------------
 */
#include "s3/location.h"

static bool parse(S3Slice url, S3Location *loc, S3Error *err);
static void add_hint(S3Slice url, S3Error *err);
static bool parse_authority(S3Slice authority, S3Location *loc, S3Error *err);
static void append_endpoint_prefix(StringInfo key, const char *prefix);
static bool check_key_length(size_t len, S3Error *err);
static bool check_prefix_kept(S3Slice key, S3Error *err);
static bool append_normalized(StringInfo dst, S3Slice path, bool keep_inside, S3Error *err);
static S3Slice next_segment(S3Slice *rest);

bool
s3_location_is_none(S3Slice url)
{
	return url.len == 0 || (url.len == 1 && url.data[0] == '-');
}

bool
s3_location_parse(S3Slice url, S3Location *loc, S3Error *err)
{
	if (parse(url, loc, err))
		return true;
	add_hint(url, err);
	return false;
}

static bool
parse(S3Slice url, S3Location *loc, S3Error *err)
{
	const char *end = url.data + url.len;
	const char *colon = memchr(url.data, ':', url.len);
	const char *authority;
	const char *slash;

	if (colon == NULL || end - colon < 3 || colon[1] != '/' || colon[2] != '/')
	{
		s3_error_set(err, S3_ERROR_SYNTAX, "malformed S3 URL");
		s3_error_detail(err, "The URL does not start with a scheme and \"://\".");
		return s3_error_hint(err, "Write it as scheme://bucket/key, such as \"s3://bucket/key\".");
	}
	loc->scheme = s3_slice(url.data, colon - url.data);
	if (!s3_check_scheme(loc->scheme, err))
		return false;

	authority = colon + 3;
	slash = memchr(authority, '/', end - authority);
	if (slash == NULL)
	{
		slash = end;
		loc->key = s3_slice(end, 0);
	}
	else
		loc->key = s3_slice(slash + 1, end - slash - 1);
	if (loc->key.len > S3_KEY_MAX)
	{
		s3_error_set(err, S3_ERROR_TOO_LARGE, "the key of an S3 URL is too long");
		return s3_error_detail(err, "The key has %zu bytes; S3 allows %d.", loc->key.len, S3_KEY_MAX);
	}
	return parse_authority(s3_slice(authority, slash - authority), loc, err);
}

/* What was meant may show in the first characters. */
static void
add_hint(S3Slice url, S3Error *err)
{
	const char *colon = memchr(url.data, ':', url.len);

	if (url.len > 0 && url.data[0] == '{')
	{
		err->hint[0] = '\0';
		s3_error_hint(err, "An array of URLs needs its type: '{...}'::text[].");
	}
	else if (colon != NULL && s3_scheme_is_web(s3_slice(url.data, colon - url.data)))
	{
		err->hint[0] = '\0';
		s3_error_hint(err, "%s", S3_WEB_HINT);
	}
}

bool
s3_scheme_is_web(S3Slice scheme)
{
	return (scheme.len == 4 && pg_strncasecmp(scheme.data, "http", 4) == 0) ||
		(scheme.len == 5 && pg_strncasecmp(scheme.data, "https", 5) == 0);
}

bool
s3_check_scheme(S3Slice scheme, S3Error *err)
{
	bool		good = scheme.len >= 1 && scheme.len <= S3_SCHEME_MAX;

	for (size_t i = 0; good && i < scheme.len; i++)
	{
		char		c = scheme.data[i];
		bool		alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		good = alpha ||
			(i > 0 && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'));
	}
	if (good)
		return true;
	s3_error_set(err, S3_ERROR_SYNTAX, "malformed S3 URL");
	return s3_error_detail(err, "A scheme is a letter followed by letters, digits, \"+\", \"-\" and \".\", at most %d in all.",
						   S3_SCHEME_MAX);
}

bool
s3_check_bucket_name(S3Slice bucket, S3Error *err)
{
	bool		good = bucket.len <= S3_BUCKET_MAX &&
		!s3_slice_equal(bucket, s3_slice_cstring(".")) &&
		!s3_slice_equal(bucket, s3_slice_cstring(".."));

	if (bucket.len == 0)
	{
		s3_error_set(err, S3_ERROR_EMPTY, "S3 URL without a bucket");
		return s3_error_hint(err, "Write it as scheme://bucket/key, such as \"s3://bucket/key\".");
	}
	for (size_t i = 0; good && i < bucket.len; i++)
	{
		char		c = bucket.data[i];

		good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
	}
	if (good)
		return true;
	s3_error_set(err, S3_ERROR_SYNTAX, "malformed S3 URL");
	return s3_error_detail(err, "A bucket's name has up to %d letters, digits, \".\", \"-\" and \"_\".",
						   S3_BUCKET_MAX);
}

bool
s3_location_object_key(const S3Location *loc, const char *prefix,
					   bool normalize, StringInfo key, S3Error *err)
{
	bool		prefixed = prefix[0] != '\0';
	size_t		start = key->len;

	append_endpoint_prefix(key, prefix);
	if (normalize)
	{
		size_t		before = key->len;

		if (!append_normalized(key, s3_location_cut_query(loc->key), prefixed, err))
			return false;
		if (key->len == before)
			key->len = start;
	}
	else if (loc->key.len == 0)
		key->len = start;
	else
	{
		if (prefixed && !check_prefix_kept(loc->key, err))
			return false;
		appendBinaryStringInfo(key, loc->key.data, loc->key.len);
	}

	if (key->len == start)
	{
		s3_error_set(err, S3_ERROR_EMPTY, "S3 URL without a key");
		return s3_error_detail(err, "The URL names a bucket; an object is needed here.");
	}
	return check_key_length(key->len - start, err);
}

bool
s3_location_list_prefix(const S3Location *loc, const char *prefix,
						bool normalize, StringInfo key, size_t *own_len, S3Error *err)
{
	S3Slice		below = normalize ? s3_location_cut_query(loc->key) : loc->key;
	size_t		start = key->len;

	append_endpoint_prefix(key, prefix);
	*own_len = key->len - start;
	if (!normalize)
	{
		if (*own_len > 0 && !check_prefix_kept(below, err))
			return false;
		appendBinaryStringInfo(key, below.data, below.len);
	}
	else
	{
		if (!append_normalized(key, below, *own_len > 0, err))
			return false;
		/* A slash at the end means "below" here, so it stays. */
		if (key->len > start + *own_len && below.data[below.len - 1] == '/')
			appendStringInfoChar(key, '/');
	}
	return check_key_length(key->len - start, err);
}

/* Appends the endpoint's prefix, joined to what follows with one '/'. */
static void
append_endpoint_prefix(StringInfo key, const char *prefix)
{
	if (prefix[0] == '\0')
		return;
	appendStringInfoString(key, prefix);
	if (prefix[strlen(prefix) - 1] != '/')
		appendStringInfoChar(key, '/');
}

static bool
check_key_length(size_t len, S3Error *err)
{
	if (len <= S3_KEY_MAX)
		return true;
	s3_error_set(err, S3_ERROR_TOO_LARGE, "the key of an S3 URL is too long");
	return s3_error_detail(err, "With the key prefix it has %zu bytes; S3 allows %d.",
						   len, S3_KEY_MAX);
}

/* Only a bucket may stand here: neither user info nor a port. */
static bool
parse_authority(S3Slice authority, S3Location *loc, S3Error *err)
{
	loc->bucket = authority;
	if (memchr(authority.data, '@', authority.len) != NULL)
	{
		s3_error_set(err, S3_ERROR_SYNTAX, "malformed S3 URL");
		s3_error_detail(err, "The URL holds user info before its bucket.");
		return s3_error_hint(err, "Access keys belong in the settings, never in a URL.");
	}
	if (memchr(authority.data, ':', authority.len) != NULL)
	{
		s3_error_set(err, S3_ERROR_SYNTAX, "malformed S3 URL");
		s3_error_detail(err, "The URL holds a port behind its bucket.");
		return s3_error_hint(err, "Hosts and ports belong in s3store.endpoints.");
	}
	return s3_check_bucket_name(authority, err);
}

/*
 * A literal key may hold "..", which means nothing to S3; but with a prefix
 * the key is meant to stay below it for whoever reads it as a path, too.
 */
static bool
check_prefix_kept(S3Slice key, S3Error *err)
{
	StringInfoData scratch;
	bool		kept;

	initStringInfo(&scratch);
	kept = append_normalized(&scratch, key, true, err);
	pfree(scratch.data);
	return kept;
}

/* As urllib.parse.urlsplit does. */
S3Slice
s3_location_cut_query(S3Slice path)
{
	for (size_t i = 0; i < path.len; i++)
	{
		if (path.data[i] == '?' || path.data[i] == '#')
			path.len = i;
	}
	return path;
}

/*
 * Appends "path" as posixpath.normpath leaves it: without empty and "."
 * segments, ".." resolved.  At the top, ".." goes nowhere, or with
 * "keep_inside" is an error.
 */
static bool
append_normalized(StringInfo dst, S3Slice path, bool keep_inside, S3Error *err)
{
	size_t		base = dst->len;

	while (path.len > 0)
	{
		S3Slice		segment = next_segment(&path);

		if (segment.len == 0 || s3_slice_equal(segment, s3_slice_cstring(".")))
			continue;
		if (!s3_slice_equal(segment, s3_slice_cstring("..")))
		{
			if (dst->len > base)
				appendStringInfoChar(dst, '/');
			appendBinaryStringInfo(dst, segment.data, segment.len);
			continue;
		}
		if (dst->len == base && keep_inside)
		{
			s3_error_set(err, S3_ERROR_ARGUMENT, "the key of an S3 URL climbs out of the key prefix");
			return s3_error_detail(err, "With s3store.key_prefix set, \"..\" may not lead above the prefix.");
		}
		while (dst->len > base && dst->data[dst->len - 1] != '/')
			dst->len--;
		if (dst->len > base)
			dst->len--;			/* the slash itself */
	}
	dst->data[dst->len] = '\0';
	return true;
}

/* Cuts the first segment, and the slash behind it, off "rest". */
static S3Slice
next_segment(S3Slice *rest)
{
	const char *slash = memchr(rest->data, '/', rest->len);
	size_t		len = slash == NULL ? rest->len : (size_t) (slash - rest->data);
	S3Slice		segment = s3_slice(rest->data, len);
	size_t		cut = slash == NULL ? len : len + 1;

	rest->data += cut;
	rest->len -= cut;
	return segment;
}
