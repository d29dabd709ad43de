/*
 * Unit tests of links from a plan: each is the one that is made of the whole
 * path.
 */
#include "base/uri.h"
#include "s3/link.h"
#include "tap.h"

#define PATH	"/base/bucket/"
#define AT		INT64CONST(1767225600)

static const S3Credentials keys = {"AKIDLINK", "secret+of/the=links", NULL};
static const S3Credentials temporary_keys = {"AKIDLINK", "secret+of/the=links", "token/+="};

static S3Request make_request(void);
static S3Signing make_signing(const S3Credentials *credentials, int64 time);
static void plan_links(S3LinkPlan *plan, const S3Request *request, const S3Signing *signing);
static const char *whole_link(const S3Request *request, const S3Signing *signing, S3Slice key);
static const char *planned_link(const S3LinkPlan *plan, S3LinkWork *work, S3Slice key);
static void test_keys(void);
static void test_longest_key(void);
static void test_plans_replaced(void);
static void test_plain(void);
static void test_times(void);

int
main(void)
{
	test_keys();
	test_longest_key();
	test_plans_replaced();
	test_plain();
	test_times();
	return tap_done();
}

static S3Request
make_request(void)
{
	S3Request	request = {0};

	request.method = "PUT";
	request.tls = true;
	request.host = "files.example.com:9000";
	request.path = PATH;
	s3_fields_add(&request.query, "versionId", "a b&c");
	s3_fields_add(&request.headers, "x-amz-meta-a", "b  c");
	s3_fields_add(&request.headers, "content-type", "text/plain");
	return request;
}

static S3Signing
make_signing(const S3Credentials *credentials, int64 time)
{
	S3Signing	signing = {credentials, "eu-central-1", time};

	return signing;
}

static void
plan_links(S3LinkPlan *plan, const S3Request *request, const S3Signing *signing)
{
	S3Signing	with_key = *signing;
	S3SigV4Key	key;
	S3Error		err;

	with_key.key = &key;
	ok(s3_sigv4_key(signing, &key, &err) &&
	   s3_link_plan_signed(plan, request, &with_key, 3600, &err), "links are planned");
}

static const char *
whole_link(const S3Request *request, const S3Signing *signing, S3Slice key)
{
	S3Request	whole = *request;
	StringInfoData path;
	StringInfoData url;
	S3Error		err;

	initStringInfo(&path);
	appendStringInfoString(&path, request->path);
	s3_uri_encode_path(&path, key);
	whole.path = path.data;
	initStringInfo(&url);
	return s3_link_presign(&whole, signing, 3600, &url, &err) ? url.data : pstrdup(err.message);
}

static const char *
planned_link(const S3LinkPlan *plan, S3LinkWork *work, S3Slice key)
{
	S3Error		err;
	size_t		len;
	char	   *link;

	if (!s3_link_make(plan, key, work, &err))
		return pstrdup(err.message);
	/* One byte more would be found by the sanitizer. */
	len = s3_link_length(plan, work);
	link = palloc(len);
	s3_link_write(plan, work, link);
	return pnstrdup(link, len);
}

static void
test_keys(void)
{
	static const char *const odd[] = {
		"k", "a/b/c.txt", "/", "//", "a b", "a+b%20?c#d", "..", "~-._", "\n\t\x7f", "'\"<>\\^`{|}",
		"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xff\xfe", "*!()@:;,=&$"
	};
	S3Request	request = make_request();
	S3LinkPlan	plan;
	S3LinkWork	work;

	s3_link_plan_init(&plan);
	s3_link_work_init(&work);
	for (int i = 0; i < 2; i++)
	{
		S3Signing	signing = make_signing(i == 0 ? &keys : &temporary_keys, AT);

		s3_link_plan_forget_keys(&plan);
		plan_links(&plan, &request, &signing);
		for (int k = 0; k < lengthof(odd); k++)
		{
			S3Slice		key = s3_slice_cstring(odd[k]);

			is_string(planned_link(&plan, &work, key), whole_link(&request, &signing, key),
					  "key %d with %s keys", k, i == 0 ? "permanent" : "temporary");
			ok(work.ascii == (k != 10 && k != 11), "key %d is ASCII or not", k);
		}
	}
}

/* All of it encoded, and none of it. */
static void
test_longest_key(void)
{
	S3Request	request = make_request();
	S3Signing	signing = make_signing(&keys, AT);
	S3LinkPlan	plan;
	S3LinkWork	work;

	s3_link_plan_init(&plan);
	s3_link_work_init(&work);
	plan_links(&plan, &request, &signing);
	for (int i = 0; i < 256; i++)
	{
		char		key[S3_KEY_MAX];
		S3Slice		slice = s3_slice(key, i % 2 == 0 ? sizeof(key) : i);

		memset(key, i, sizeof(key));
		if (strcmp(planned_link(&plan, &work, slice), whole_link(&request, &signing, slice)) != 0)
			ok(false, "%zu times byte %d", slice.len, i);
	}
	ok(true, "every byte, in keys of all lengths");
}

/* Nothing of a plan is left in the next one. */
static void
test_plans_replaced(void)
{
	S3Request	request = make_request();
	S3Request	plainer = {"GET", false, "h", "/"};
	S3Signing	signing = make_signing(&temporary_keys, AT);
	S3Signing	later = make_signing(&keys, AT + SECS_PER_DAY);
	S3Slice		key = s3_slice_cstring("key");
	S3LinkPlan	plan;
	S3LinkWork	work;

	s3_link_plan_init(&plan);
	s3_link_work_init(&work);
	for (int i = 0; i < 2; i++)
	{
		plan_links(&plan, &request, &signing);
		is_string(planned_link(&plan, &work, key), whole_link(&request, &signing, key),
				  "a large plan, round %d", i);
		plan_links(&plan, &plainer, &later);
		is_string(planned_link(&plan, &work, key), whole_link(&plainer, &later, key),
				  "a small plan, round %d", i);
		s3_link_plan_plain(&plan, s3_slice_cstring("http://h/p/"));
		is_string(planned_link(&plan, &work, key), "http://h/p/key", "a plain one, round %d", i);
	}
}

static void
test_plain(void)
{
	S3LinkPlan	plan;
	S3LinkWork	work;

	s3_link_plan_init(&plan);
	s3_link_work_init(&work);
	s3_link_plan_plain(&plan, s3_slice("https://h/b/and more", 12));
	is_string(planned_link(&plan, &work, s3_slice_cstring("a b/\xc3\xa4?")),
			  "https://h/b/a%20b/%C3%A4%3F", "a plain link");
	ok(!work.ascii, "its key is not ASCII");
}

static void
test_times(void)
{
	S3Request	request = make_request();
	S3SigV4Key	key;
	S3LinkPlan	plan;
	S3Error		err;

	for (int i = 0; i < 2; i++)
	{
		S3Signing	signing = make_signing(&keys, i == 0 ? -1 : INT64CONST(253402300800));

		ok(!s3_sigv4_key(&signing, &key, &err) && err.kind == S3_ERROR_ARGUMENT,
		   "no key for time " INT64_FORMAT, signing.time);
		s3_link_plan_init(&plan);
		ok(!s3_link_plan_signed(&plan, &request, &signing, 60, &err) &&
		   err.kind == S3_ERROR_ARGUMENT, "and no plan");
	}
}
