/*
 * Fuzzes URLs and keys.  The first byte chooses prefix and normalization.
 */
#include "fuzz.h"
#include "s3/location.h"

const FuzzSeed fuzz_seeds[] = {
	SEED("0s3://bucket/key"),
	SEED("1s3-minio://my.bucket_1/2024/report.csv"),
	SEED("2S3://bucket//a/./b/../../c/"),
	SEED("3s3://bucket/../../etc/passwd"),
	SEED("4s3://user:password@bucket:9000/key"),
	SEED("5s3://bucket/a?versionId=1#top"),
	SEED("6s3:///key"),
	SEED("7s3://./.."),
	SEED("0-"),
	SEED("1s3://bucket/\xc3\xbc \n%2F+/"),
	{NULL, 0}
};

static const char *const prefixes[] = {"", "media", "/a/b/", "\xc3\xbc"};

static void check_key(const S3Location *loc, const char *prefix, bool normalize);
static void must_be_inside(S3Slice path);
static void must_be_normal(const S3Location *loc, S3Slice path);

void
fuzz_one(const uint8 *data, size_t size)
{
	S3Slice		url;
	S3Location	loc;
	S3Error		err;
	StringInfoData whole;

	if (size < 1)
		return;
	url = s3_slice((const char *) data + 1, size - 1);
	(void) s3_location_is_none(url);
	if (!s3_location_parse(url, &loc, &err))
	{
		must_be_error(&err);
		return;
	}

	MUST(s3_check_scheme(loc.scheme, &err));
	MUST(s3_check_bucket_name(loc.bucket, &err));
	MUST(loc.key.len <= S3_KEY_MAX);
	initStringInfo(&whole);
	appendStringInfo(&whole, "%.*s://%.*s", S3_SLICE_ARGS(loc.scheme), S3_SLICE_ARGS(loc.bucket));
	if (whole.len < url.len)
		appendStringInfoChar(&whole, '/');
	appendBinaryStringInfo(&whole, loc.key.data, (int) loc.key.len);
	MUST(s3_slice_equal(s3_slice(whole.data, whole.len), url));

	check_key(&loc, prefixes[data[0] % lengthof(prefixes)], (data[0] & lengthof(prefixes)) != 0);
}

static void
check_key(const S3Location *loc, const char *prefix, bool normalize)
{
	StringInfoData key;
	S3Error		err;
	size_t		skip = strlen(prefix);

	initStringInfo(&key);
	if (!s3_location_object_key(loc, prefix, normalize, &key, &err))
	{
		must_be_error(&err);
		return;
	}
	MUST(key.len >= 1 && key.len <= S3_KEY_MAX);
	MUST(key.data[key.len] == '\0');
	if (skip > 0)
	{
		MUST(strncmp(key.data, prefix, skip) == 0);
		skip += prefix[skip - 1] != '/';
		MUST(key.data[skip - 1] == '/');
		must_be_inside(s3_slice(key.data + skip, key.len - skip));
	}
	if (normalize)
		must_be_normal(loc, s3_slice(key.data + skip, key.len - skip));
	else
		MUST(s3_slice_equal(s3_slice(key.data + skip, key.len - skip), loc->key));
}

/* Never more ".." than there are segments before it. */
static void
must_be_inside(S3Slice path)
{
	int			depth = 0;
	size_t		start = 0;

	for (size_t i = 0; i <= path.len; i++)
	{
		S3Slice		segment = s3_slice(path.data + start, i - start);

		if (i < path.len && path.data[i] != '/')
			continue;
		start = i + 1;
		if (s3_slice_equal(segment, s3_slice_cstring("..")))
			MUST(--depth >= 0);
		else if (segment.len > 0 && !s3_slice_equal(segment, s3_slice_cstring(".")))
			depth++;
	}
}

/* Normalizing again changes nothing. */
static void
must_be_normal(const S3Location *loc, S3Slice path)
{
	S3Location	again = *loc;
	StringInfoData key;
	S3Error		err;

	again.key = path;
	initStringInfo(&key);
	MUST(s3_location_object_key(&again, "", true, &key, &err));
	MUST(s3_slice_equal(s3_slice(key.data, key.len), path));
}
