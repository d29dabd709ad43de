/*
 * Unit tests of the headers of a copy: which request each one is for.
 */
#include "s3/copy_headers.h"
#include "tap.h"

#define SSE			"x-amz-server-side-encryption-customer-"
#define SOURCE_SSE	"x-amz-copy-source-server-side-encryption-customer-"

/* A header, and where it must be: its name there, or NULL */
static const struct
{
	const char *name;
	const char *source;
	const char *from_source;
	const char *part;
	const char *target;
	bool		changes;
}			cases[] =
{
	{"x-amz-copy-source-if-match", "if-match", NULL, NULL, NULL, false},
	{"x-amz-copy-source-if-none-match", "if-none-match", NULL, NULL, NULL, false},
	{"x-amz-copy-source-if-modified-since", "if-modified-since", NULL, NULL, NULL, false},
	{SOURCE_SSE "algorithm", SSE "algorithm", SOURCE_SSE "algorithm", NULL, NULL, false},
	{SOURCE_SSE "key", SSE "key", SOURCE_SSE "key", NULL, NULL, false},
	{SOURCE_SSE "key-md5", SSE "key-md5", SOURCE_SSE "key-md5", NULL, NULL, false},
	{SSE "key", NULL, NULL, SSE "key", SSE "key", true},
	{"x-amz-source-expected-bucket-owner", "x-amz-expected-bucket-owner",
	"x-amz-source-expected-bucket-owner", NULL, NULL, false},
	{"x-amz-expected-bucket-owner", NULL, NULL, "x-amz-expected-bucket-owner",
	"x-amz-expected-bucket-owner", false},
	{"x-amz-request-payer", "x-amz-request-payer", NULL, "x-amz-request-payer",
	"x-amz-request-payer", false},
	{"x-amz-checksum-algorithm", NULL, NULL, NULL, NULL, false},
	{"x-amz-storage-class", NULL, NULL, NULL, "x-amz-storage-class", true},
	{"x-amz-acl", NULL, NULL, NULL, "x-amz-acl", true}
};

static void test_sorting(void);
static void test_place(const S3Fields *fields, const char *want, const char *name, const char *place);
static void test_directives(void);
static void test_keeping(void);

int
main(void)
{
	test_sorting();
	test_directives();
	test_keeping();
	return tap_done();
}

static void
test_sorting(void)
{
	for (int i = 0; i < lengthof(cases); i++)
	{
		S3Fields	given = {0};
		S3CopyHeaders headers;
		S3Error		err = {0};

		s3_fields_add(&given, cases[i].name, "v");
		ok(s3_copy_headers_sort(&given, &headers, &err), "%s is good", cases[i].name);
		test_place(&headers.source, cases[i].source, cases[i].name, "for the source");
		test_place(&headers.from_source, cases[i].from_source, cases[i].name, "of a part, for the source");
		test_place(&headers.part, cases[i].part, cases[i].name, "of a part");
		test_place(&headers.target, cases[i].target, cases[i].name, "of the target");
		is_int(headers.changes, cases[i].changes, "%s changes something", cases[i].name);
		is_int(headers.conditional, strstr(cases[i].name, "source-if-") != NULL,
			   "%s is a condition", cases[i].name);
	}
}

static void
test_place(const S3Fields *fields, const char *want, const char *name, const char *place)
{
	is_string(fields->count == 0 ? NULL : fields->items[0].name, want, "%s %s", name, place);
	if (want != NULL)
		is_string(fields->items[0].value, "v", "... with its value");
}

static void
test_directives(void)
{
	static const struct
	{
		const char *directive;
		const char *value;
		const char *header;
		bool		good;
		bool		metadata;
		bool		tags;
	}			directives[] =
	{
		{"x-amz-metadata-directive", "COPY", "x-amz-acl", true, false, false},
		{"x-amz-metadata-directive", "REPLACE", "content-type", true, true, false},
		{"x-amz-metadata-directive", "REPLACE", "x-amz-meta-a", true, true, false},
		{"x-amz-metadata-directive", "REPLACE", "x-amz-tagging", false, true, false},
		{"x-amz-metadata-directive", "COPY", "content-type", false, false, false},
		{"x-amz-metadata-directive", "replace", "x-amz-acl", false, false, false},
		{"x-amz-metadata-directive", "", "x-amz-acl", false, false, false},
		{"x-amz-tagging-directive", "REPLACE", "x-amz-tagging", true, false, true},
		{"x-amz-tagging-directive", "REPLACE", "cache-control", false, false, true},
		{"x-amz-tagging-directive", "COPY", "x-amz-tagging", false, false, false}
	};

	for (int i = 0; i < lengthof(directives); i++)
	{
		S3Fields	given = {0};
		S3CopyHeaders headers;
		S3Error		err = {0};
		bool		good;

		/* In whatever order they come. */
		if (i % 2 == 0)
			s3_fields_add(&given, directives[i].header, "v");
		s3_fields_add(&given, directives[i].directive, directives[i].value);
		if (i % 2 == 1)
			s3_fields_add(&given, directives[i].header, "v");
		good = s3_copy_headers_sort(&given, &headers, &err);
		is_int(good, directives[i].good, "directive %d", i);
		is_int(err.kind, good ? S3_ERROR_NONE : S3_ERROR_ARGUMENT, "... and its error");
		if (!good)
			continue;
		is_int(headers.replaces_metadata, directives[i].metadata, "... replaces metadata");
		is_int(headers.replaces_tags, directives[i].tags, "... replaces tags");
		ok(s3_fields_find(&headers.target, directives[i].directive) == NULL, "... is no header of an upload");
	}
}

static void
test_keeping(void)
{
	static char lines[] = "Content-Type: a/b\r\nETag: \"e\"\r\nExpires: never\r\nCache-Control:\r\n"
		"X-Amz-Meta-Name: v\r\nx-amz-meta-u: \xc3\xbc\r\nContent-Length: 1\r\nx-amz-storage-class: GLACIER\r\n";
	static const char *const bad[] = {
		"x-amz-meta-a: b\rx-amz-acl: public-read", "x-amz-meta-a: \x1b[1m", "x-amz-meta-a b: c",
		"x-amz-meta-a\r: b", "Cache-Control: a\rb", "Content-Type: text/\x7f"
	};
	S3HttpResponse head = {.status = 200,.headers = lines,.headers_len = sizeof(lines) - 1};
	S3ObjectInfo info;
	S3Fields	target = {0};
	S3Error		err = {0};

	ok(s3_response_object(&head, &info, &err) && s3_copy_headers_keep(&head, &info, &target, &err),
	   "headers of a source are kept");
	is_int(target.count, 4, "... those that describe its content");
	is_string(s3_fields_find(&target, "content-type"), "a/b", "... its type");
	is_string(s3_fields_find(&target, "expires"), "never", "... its expiry");
	is_string(s3_fields_find(&target, "x-amz-meta-name"), "v", "... its metadata, in lower case");
	is_string(s3_fields_find(&target, "x-amz-meta-u"), "=?UTF-8?B?w7w=?=", "... as any server takes them");

	head.headers = "Content-Length: 1\r\nContent-Encoding: aws-chunked, gzip\r\n";
	head.headers_len = strlen(head.headers);
	target.count = 0;
	ok(s3_response_object(&head, &info, &err) &&
	   s3_copy_headers_keep(&head, &info, &target, &err) && target.count == 1,
	   "an encoding for the upload is not kept");
	is_string(s3_fields_find(&target, "content-encoding"), "gzip", "... but that of the content");

	head.headers = "Content-Length: 1\r\nx-amz-missing-meta: 2\r\n";
	head.headers_len = strlen(head.headers);
	ok(s3_response_object(&head, &info, &err) && !s3_copy_headers_keep(&head, &info, &target, &err),
	   "metadata that no header holds cannot be kept");
	is_int(err.kind, S3_ERROR_UNSUPPORTED, "... which is an error");
	head.headers = "Content-Length: 1\r\nx-amz-missing-meta: 0\r\n";
	head.headers_len = strlen(head.headers);
	ok(s3_copy_headers_keep(&head, &info, &target, &err), "... unless there is none of it");

	for (int i = 0; i < lengthof(bad); i++)
	{
		head.headers = psprintf("Content-Length: 1\r\n%s\r\n", bad[i]);
		head.headers_len = strlen(head.headers);
		target.count = 0;
		ok(s3_response_object(&head, &info, &err) && !s3_copy_headers_keep(&head, &info, &target, &err),
		   "no header can hold bad header %d", i);
		is_int(err.kind, S3_ERROR_PROTOCOL, "... which is an error");
	}
}
