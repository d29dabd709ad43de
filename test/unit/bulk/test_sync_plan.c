/*
 * Unit tests of the sync plan: what an object has, what a put would send, and
 * what a copy must then say.
 */
#include "bulk/sync_plan.h"
#include "tap.h"

#define HEAD	"content-length: 1\r\n"
#define META	"x-amz-meta-"
#define SSE		"x-amz-server-side-encryption"

typedef struct Plan
{
	const char *name;
	const char *head;			/* header lines */
	const char *wanted;			/* "name: value", a line each */
	const char *changes;		/* "name: was -> becomes", a line each */
	const char *headers;		/* as wanted; NULL: refused */
} Plan;

static const Plan plans[] = {
	{"nothing there, nothing wanted", HEAD, "", "", ""},
	{"the same", HEAD "Cache-Control: a\r\n", "cache-control: a\n", "", "cache-control: a\n"},
	{"new", HEAD, "cache-control: a\n", "cache-control: - -> a\n",
	"cache-control: a\n"},
	{"another", HEAD "Cache-Control: a\r\n", "cache-control: b\n", "cache-control: a -> b\n",
	"cache-control: b\n"},
	{"what no put sends goes", HEAD "Content-Disposition: a\r\nContent-Language: b\r\nExpires: c\r\n", "",
		"content-disposition: a -> -\ncontent-language: b -> -\nexpires: c -> -\n",
	""},
	{"an empty header is none", HEAD "Expires: \r\n", "", "", ""},
	{"content type and encoding stay", HEAD "Content-Type: t\r\nContent-Encoding: e\r\n",
		"cache-control: a\n", "cache-control: - -> a\n",
	"cache-control: a\ncontent-type: t\ncontent-encoding: e\n"},
	{"but for the way that the content took", HEAD "Content-Encoding: aws-chunked, gzip\r\n",
		"cache-control: a\n", "cache-control: - -> a\n",
	"cache-control: a\ncontent-encoding: gzip\n"},
	{"which was no encoding", HEAD "Content-Encoding: aws-chunked\r\n",
		"cache-control: a\n", "cache-control: - -> a\n",
	"cache-control: a\n"},
	{"the default class", HEAD "x-amz-storage-class: STANDARD\r\n", "", "", ""},
	{"to the default class", HEAD "x-amz-storage-class: GLACIER_IR\r\n", "",
	"x-amz-storage-class: GLACIER_IR -> STANDARD\n", "x-amz-storage-class: STANDARD\n"},
	{"to another class", HEAD, "x-amz-storage-class: STANDARD_IA\n",
	"x-amz-storage-class: STANDARD -> STANDARD_IA\n", "x-amz-storage-class: STANDARD_IA\n"},
	{"metadata by name", HEAD META "A: 1\r\n" META "b: 2\r\n" META "c: 3\r\n",
		META "a: 1\n" META "b: 9\n" META "d: 4\n",
		META "b: 2 -> 9\n" META "d: - -> 4\n",
	META "a: 1\n" META "b: 9\n" META "d: 4\n" META "c: 3\n"},
	{"the size before compression", HEAD "Content-Encoding: gzip\r\n" META "uncompressed_size: 5\r\n",
	META "uncompressed_size: 7\n", "", ""},
	{"the size before compression, by other names",
		HEAD "Content-Encoding: aws-chunked,x-gzip\r\n" META "uncompressed_size: 5\r\n",
	META "uncompressed_size: 7\n", "", ""},
	{"no size before compression", HEAD META "uncompressed_size: 5\r\n", META "uncompressed_size: 7\n",
		META "uncompressed_size: 5 -> 7\n",
	META "uncompressed_size: 7\n"},
	{"encryption stays", HEAD SSE ": aws:kms\r\n" SSE "-aws-kms-key-id: k\r\n", "cache-control: a\n",
		"cache-control: - -> a\n",
	"cache-control: a\n" SSE ": aws:kms\n" SSE "-aws-kms-key-id: k\n"},
	{"encryption changes", HEAD, SSE ": AES256\n", SSE ": - -> AES256\n",
	SSE ": AES256\n"},
	{"the key changes", HEAD SSE ": aws:kms\r\n" SSE "-aws-kms-key-id: arn:x:key/1\r\n",
		SSE ": aws:kms\n" SSE "-aws-kms-key-id: 2\n", SSE "-aws-kms-key-id: arn:x:key/1 -> 2\n",
	SSE ": aws:kms\n" SSE "-aws-kms-key-id: 2\n"},
	{"the key is the same", HEAD SSE ": aws:kms\r\n" SSE "-aws-kms-key-id: arn:x:key/1\r\n",
	SSE ": aws:kms\n" SSE "-aws-kms-key-id: 1\n", "", ""},
	{"metadata that nobody sees", HEAD "x-amz-missing-meta: 1\r\n", "cache-control: a\n",
	"cache-control: - -> a\n", NULL},
	{"metadata that nobody sees, and nothing to do", HEAD "x-amz-missing-meta: 1\r\n", "", "", ""},
	{"metadata that are not ASCII, in three ways",
		HEAD META "a: \xc3\xbc\r\n" META "b: =?UTF-8?Q?=C3=BC?=\r\n" META "c: =?UTF-8?B?w7w=?=\r\n",
		META "a: =?UTF-8?B?w7w=?=\n" META "b: =?UTF-8?B?w7w=?=\n" META "c: =?UTF-8?B?w7w=?=\n", "",
	"" META "a: =?UTF-8?B?w7w=?=\n" META "b: =?UTF-8?B?w7w=?=\n" META "c: =?UTF-8?B?w7w=?=\n"},
	{"other metadata that are not ASCII", HEAD META "a: \xc3\xbc\r\n" META "b: \xc3\xa4\r\n" META "c: =?UTF-8?Q?=C3=A4?=\r\n",
		META "a: =?UTF-8?B?w7Y=?=\n", META "a: \xc3\xbc -> \xc3\xb6\n",
	META "a: =?UTF-8?B?w7Y=?=\n" META "b: =?UTF-8?B?w6Q=?=\n" META "c: =?UTF-8?Q?=C3=A4?=\n"},
	{"metadata that become headers", HEAD META "a: b\rx-amz-acl: public-read\r\n", "cache-control: a\n",
	"cache-control: - -> a\n", NULL},
	{"a name that becomes headers", HEAD META "a\rb: c\r\n", "cache-control: a\n",
	"cache-control: - -> a\n", NULL},
	{"a type that is none", HEAD "Content-Type: a/b\rc\r\n", "cache-control: a\n",
	"cache-control: - -> a\n", NULL}
};

static void test_plans(void);
static void test_size(void);
static void test_archives(void);
static bool make_plan(const char *head, const char *wanted, S3SyncPlan *plan, S3Error *err);
static void read_lines(char *lines, S3Fields *fields);
static char *print_changes(const S3SyncPlan *plan);
static char *print_headers(const S3Fields *headers);

int
main(void)
{
	test_plans();
	test_size();
	test_archives();
	return tap_done();
}

static void
test_plans(void)
{
	for (int i = 0; i < lengthof(plans); i++)
	{
		const Plan *wanted = &plans[i];
		S3SyncPlan	plan;
		S3Error		err = {0};
		bool		good = make_plan(wanted->head, wanted->wanted, &plan, &err);

		ok(good == (wanted->headers != NULL), "%s: %s", wanted->name, err.message);
		is_string(print_changes(&plan), wanted->changes, "%s: the changes", wanted->name);
		if (good && plan.count > 0)
			is_string(print_headers(&plan.headers), wanted->headers, "%s: the copy", wanted->name);
	}
}

/* What stays and what is set add up to more than S3 takes. */
static void
test_size(void)
{
	StringInfoData head;
	S3SyncPlan	plan;
	S3Error		err = {0};

	initStringInfo(&head);
	appendStringInfoString(&head, HEAD META "a: ");
	for (int i = 0; i < 2040; i++)
		appendStringInfoChar(&head, 'x');
	appendStringInfoString(&head, "\r\n");
	ok(make_plan(head.data, META "b: 1\n", &plan, &err), "just enough");
	ok(!make_plan(head.data, META "bcdefghij: 1\n", &plan, &err) && err.kind == S3_ERROR_TOO_LARGE,
	   "too much");
}

static void
test_archives(void)
{
	ok(s3_sync_is_archive_class("GLACIER"), "GLACIER");
	ok(s3_sync_is_archive_class("DEEP_ARCHIVE"), "DEEP_ARCHIVE");
	ok(!s3_sync_is_archive_class("GLACIER_IR"), "GLACIER_IR");
	ok(!s3_sync_is_archive_class(NULL), "no class");
}

static bool
make_plan(const char *head, const char *wanted, S3SyncPlan *plan, S3Error *err)
{
	S3HttpResponse response = {.status = 200};
	S3ObjectInfo info;
	S3Fields	fields = {0};

	response.headers = pstrdup(head);
	response.headers_len = strlen(head);
	read_lines(pstrdup(wanted), &fields);
	return s3_response_object(&response, &info, err) &&
		s3_sync_plan(&response, &info, &fields, plan, err);
}

static void
read_lines(char *lines, S3Fields *fields)
{
	char	   *end;

	for (char *line = lines; (end = strchr(line, '\n')) != NULL; line = end + 1)
	{
		char	   *colon = strstr(line, ": ");

		*end = *colon = '\0';
		s3_fields_add(fields, line, colon + 2);
	}
}

static char *
print_changes(const S3SyncPlan *plan)
{
	StringInfoData lines;

	initStringInfo(&lines);
	for (int i = 0; i < plan->count; i++)
	{
		const S3SyncChange *change = &plan->changes[i];

		appendStringInfo(&lines, "%s: %s -> %s\n", change->name,
						 change->was == NULL ? "-" : change->was,
						 change->becomes == NULL ? "-" : change->becomes);
	}
	return lines.data;
}

static char *
print_headers(const S3Fields *headers)
{
	StringInfoData lines;

	initStringInfo(&lines);
	for (int i = 0; i < headers->count; i++)
		appendStringInfo(&lines, "%s: %s\n", headers->items[i].name, headers->items[i].value);
	return lines.data;
}
