/*
 * Unit tests of the pages of lists: what is told of them, and their limits.
 */
#include "s3/list_page.h"
#include "tap.h"

#define OBJECTS(content)	"<ListBucketResult>" content "</ListBucketResult>"
#define ENCODED(content)	OBJECTS("<EncodingType>url</EncodingType>" content)
#define VERSIONS(content)	"<ListVersionsResult>" content "</ListVersionsResult>"
#define OBJECT(key)			"<Contents><Key>" key "</Key><Size>1</Size></Contents>"
#define PREFIX(key)			"<CommonPrefixes><Prefix>" key "</Prefix></CommonPrefixes>"
#define VERSION(key, id)	"<Version><Key>" key "</Key><VersionId>" id "</VersionId><Size>1</Size></Version>"
#define MARKER(key, id)		"<DeleteMarker><Key>" key "</Key><VersionId>" id "</VersionId></DeleteMarker>"
#define TRUNCATED			"<IsTruncated>true</IsTruncated>"
#define TOKEN(token)		"<NextContinuationToken>" token "</NextContinuationToken>"
#define MARKERS(key, id) \
	"<NextKeyMarker>" key "</NextKeyMarker><NextVersionIdMarker>" id "</NextVersionIdMarker>"

/* What a page must be told as, or why it is refused */
static const struct
{
	const char *name;
	S3ListPageKind kind;
	const char *document;
	const char *want;
	const char *fault;
}			page_cases[] =
{
	{"nothing in it", S3_LIST_PAGE_OBJECTS, OBJECTS(""), "", NULL},
	{"an object", S3_LIST_PAGE_OBJECTS, OBJECTS(OBJECT("a")), "object a 1;", NULL},
	{"all of an object", S3_LIST_PAGE_OBJECTS,
		OBJECTS("<Contents><Key>a</Key><LastModified>1970-01-01T00:00:01.5Z</LastModified>"
				"<ETag>&quot;e&quot;</ETag><Size>9223372036854775</Size>"
				"<StorageClass>GLACIER</StorageClass><Owner><ID>x</ID><Key>no</Key></Owner></Contents>"),
	"object a 9223372036854775 at 1500000 etag e class GLACIER;", NULL},
	{"an ETag without quotes", S3_LIST_PAGE_OBJECTS,
		OBJECTS("<Contents><Key>a</Key><Size>0</Size><ETag>e</ETag></Contents>"),
	"object a 0 etag e;", NULL},
	{"one quote", S3_LIST_PAGE_OBJECTS,
		OBJECTS("<Contents><Key>a</Key><Size>0</Size><ETag>\"</ETag></Contents>"),
	"object a 0 etag \";", NULL},
	{"fields of another element", S3_LIST_PAGE_OBJECTS,
		OBJECTS("<Other><Key>b</Key><Size>2</Size><ETag>e</ETag></Other>" OBJECT("a")),
	"object a 1;", NULL},
	{"prefixes put in their places", S3_LIST_PAGE_OBJECTS,
		OBJECTS(OBJECT("a") OBJECT("c") PREFIX("b/") PREFIX("b") PREFIX("d/")),
	"object a 1;prefix b;prefix b/;object c 1;prefix d/;", NULL},
	{"objects left in their order", S3_LIST_PAGE_OBJECTS, OBJECTS(OBJECT("b") OBJECT("a")),
	"object b 1;object a 1;", NULL},
	{"bytes are compared without a sign", S3_LIST_PAGE_OBJECTS,
	OBJECTS(OBJECT("\xc3\xbc") PREFIX("z")), "prefix z;object \xc3\xbc 1;", NULL},
	{"no encoding", S3_LIST_PAGE_OBJECTS, OBJECTS(OBJECT("a%41+&lt;")), "object a%41+< 1;", NULL},
	{"encoded", S3_LIST_PAGE_OBJECTS, ENCODED(OBJECT("a%41+%2b%C3%bc") PREFIX("%2F")),
	"prefix /;object aA +\xc3\xbc 1;", NULL},
	{"the encoding told last", S3_LIST_PAGE_OBJECTS,
	OBJECTS(OBJECT("%41") "<EncodingType>url</EncodingType>"), "object A 1;", NULL},
	{"more to come", S3_LIST_PAGE_OBJECTS, ENCODED(TRUNCATED TOKEN("%41+") OBJECT("a")),
	"object a 1;next %41+;", NULL},
	{"a token that is not needed", S3_LIST_PAGE_OBJECTS, OBJECTS(TOKEN("t")), "", NULL},
	{"versions", S3_LIST_PAGE_VERSIONS,
	VERSIONS(MARKER("a", "3") VERSION("a", "2") VERSION("a", "null")), "marker a 3;version a 2;version a null;", NULL},
	{"more versions to come", S3_LIST_PAGE_VERSIONS,
	VERSIONS(TRUNCATED MARKERS("a", "2") VERSION("a", "2")), "version a 2;next a 2;", NULL},
	{"an encoded key to go on from", S3_LIST_PAGE_VERSIONS,
		VERSIONS("<EncodingType>url</EncodingType>" TRUNCATED MARKERS("a%2B", "%2B") VERSION("a%2B", "1")),
	"version a+ 1;next a+ 1;", NULL},
	{"one that Ceph has not encoded", S3_LIST_PAGE_VERSIONS,
		VERSIONS("<EncodingType>url</EncodingType>" TRUNCATED MARKERS("a+%", "1") VERSION("a%2B%25", "1")),
	"version a+% 1;next a+% 1;", NULL},
	{"a version that is not the last one to go on from", S3_LIST_PAGE_VERSIONS,
	VERSIONS(TRUNCATED MARKERS("a", "null") VERSION("a", "2")), "version a 2;next a 2;", NULL},
	{"one of the next key", S3_LIST_PAGE_VERSIONS,
	VERSIONS(TRUNCATED MARKERS("b", "3") VERSION("a", "2")), "version a 2;next b 3;", NULL},
	{"objects are no versions", S3_LIST_PAGE_VERSIONS, VERSIONS(OBJECT("a") PREFIX("b")), "", NULL},
	{"versions are no objects", S3_LIST_PAGE_OBJECTS, OBJECTS(VERSION("a", "1")), "", NULL},

	{"another root", S3_LIST_PAGE_OBJECTS, VERSIONS(""), NULL, "root"},
	{"the other root", S3_LIST_PAGE_VERSIONS, OBJECTS(""), NULL, "root"},
	{"no key", S3_LIST_PAGE_OBJECTS, OBJECTS("<Contents><Size>1</Size></Contents>"), NULL, "without a key"},
	{"an empty prefix", S3_LIST_PAGE_OBJECTS, OBJECTS(PREFIX("")), NULL, "without a key"},
	{"no size", S3_LIST_PAGE_OBJECTS, OBJECTS(OBJECT("a") "<Contents><Key>b</Key></Contents>"),
	NULL, "without a size"},
	{"a size with a sign", S3_LIST_PAGE_OBJECTS,
	OBJECTS("<Contents><Key>a</Key><Size>+1</Size></Contents>"), NULL, "not a number"},
	{"an empty size", S3_LIST_PAGE_OBJECTS,
	OBJECTS("<Contents><Key>a</Key><Size/></Contents>"), NULL, "not a number"},
	{"no version", S3_LIST_PAGE_VERSIONS, VERSIONS(VERSION("a", "")), NULL, "without an ID"},
	{"no way on", S3_LIST_PAGE_OBJECTS, OBJECTS(TRUNCATED), NULL, "how to go on"},
	{"no way on in versions", S3_LIST_PAGE_VERSIONS, VERSIONS(TRUNCATED TOKEN("t")), NULL, "how to go on"},
	{"half an escape", S3_LIST_PAGE_OBJECTS, ENCODED(OBJECT("a%4")), NULL, "not encoded"},
	{"an escape at the end", S3_LIST_PAGE_OBJECTS, ENCODED(PREFIX("a%")), NULL, "not encoded"},
	{"an escaped NUL", S3_LIST_PAGE_OBJECTS, ENCODED(OBJECT("a%00")), NULL, "not encoded"},
	{"no hex digits", S3_LIST_PAGE_OBJECTS, ENCODED(OBJECT("%g0")), NULL, "not encoded"},
	{"a bad key to go on from", S3_LIST_PAGE_VERSIONS,
		VERSIONS("<EncodingType>url</EncodingType>" TRUNCATED MARKERS("%", "1") VERSION("a", "1")),
	NULL, "not encoded"},
};

/* Microseconds, or -1 when the text is no time */
static const struct
{
	const char *text;
	int64		want;
}			times[] =
{
	{"1970-01-01T00:00:00Z", 0},
	{"1970-01-01T00:00:00.000Z", 0},
	{"1970-01-01T00:00:00.1Z", 100000},
	{"1970-01-01T00:00:00.000001Z", 1},
	{"1970-01-01T00:00:00.0000019999Z", 1},
	{"2000-02-29T23:59:60Z", INT64CONST(951868800000000)},
	{"9999-12-31T23:59:59.999Z", INT64CONST(253402300799999000)},
	{"1900-02-29T00:00:00Z", -1},
	{"2026-00-01T00:00:00Z", -1},
	{"2026-01-00T00:00:00Z", -1},
	{"2026-01-32T00:00:00Z", -1},
	{"2026-01-01T00:60:00Z", -1},
	{"2026-01-01T00:00:61Z", -1},
	{"2026-01-01T00:00:00", -1},
	{"2026-01-01T00:00:00z", -1},
	{"2026-01-01T00:00:00+Z", -1},
	{"2026-01-01T00:00:00.-1Z", -1},
	{"2026-1-01T00:00:000Z", -1},
	{"Z", -1},
	{"", -1}
};

static void test_pages(void);
static void tell(StringInfo told, const S3ListPage *page);
static void tell_next(StringInfo told, const S3ListPage *page);
static void test_times(void);
static void test_full_page(void);
static char *full_page(int count);

int
main(void)
{
	test_pages();
	test_times();
	test_full_page();
	return tap_done();
}

static void
test_pages(void)
{
	for (int i = 0; i < lengthof(page_cases); i++)
	{
		S3ListPage	page;
		S3Error		err = {0};
		StringInfoData told;
		bool		good;

		good = s3_list_page_parse(s3_slice_cstring(page_cases[i].document), page_cases[i].kind,
								  &page, &err);
		if (page_cases[i].want == NULL)
		{
			ok(!good && err.kind == S3_ERROR_PROTOCOL, "%s is refused", page_cases[i].name);
			if (!ok(strstr(err.detail, page_cases[i].fault) != NULL, "... with its reason"))
				printf("# got \"%s\"\n", err.detail);
			continue;
		}
		initStringInfo(&told);
		if (good)
			tell(&told, &page);
		is_string(good ? told.data : err.detail, page_cases[i].want, "%s", page_cases[i].name);
	}
}

static void
tell(StringInfo told, const S3ListPage *page)
{
	static const char *const kinds[] = {"object", "prefix", "version", "marker"};

	for (int i = 0; i < page->count; i++)
	{
		const S3ListItem *item = &page->items[i];

		appendStringInfo(told, "%s %.*s", kinds[item->kind], S3_SLICE_ARGS(item->key));
		if (item->kind == S3_LIST_OBJECT)
			appendStringInfo(told, " %lld", (long long) item->size);
		if (item->version_id.data != NULL)
			appendStringInfo(told, " %.*s", S3_SLICE_ARGS(item->version_id));
		if (item->has_last_modified)
			appendStringInfo(told, " at %lld", (long long) item->last_modified);
		if (item->etag.data != NULL)
			appendStringInfo(told, " etag %.*s", S3_SLICE_ARGS(item->etag));
		if (item->storage_class.data != NULL)
			appendStringInfo(told, " class %.*s", S3_SLICE_ARGS(item->storage_class));
		appendStringInfoChar(told, ';');
	}
	if (page->truncated)
		tell_next(told, page);
}

static void
tell_next(StringInfo told, const S3ListPage *page)
{
	appendStringInfoString(told, "next ");
	if (page->next_token.data != NULL)
		appendStringInfo(told, "%.*s", S3_SLICE_ARGS(page->next_token));
	else
		appendStringInfo(told, "%.*s %.*s", S3_SLICE_ARGS(page->next_key_marker),
						 S3_SLICE_ARGS(page->next_version_id_marker));
	appendStringInfoChar(told, ';');
}

static void
test_times(void)
{
	for (int i = 0; i < lengthof(times); i++)
	{
		S3ListPage	page;
		S3Error		err = {0};
		char	   *document = psprintf(OBJECTS("<Contents><Key>a</Key><Size>1</Size>"
												"<LastModified>%s</LastModified></Contents>"),
										times[i].text);

		if (!ok(s3_list_page_parse(s3_slice_cstring(document), S3_LIST_PAGE_OBJECTS, &page, &err),
				"a page with the time \"%s\"", times[i].text))
			continue;
		is_int(page.items[0].has_last_modified ? page.items[0].last_modified : -1,
			   times[i].want, "... is read");
	}
}

static void
test_full_page(void)
{
	S3ListPage	page;
	S3Error		err = {0};

	ok(s3_list_page_parse(s3_slice_cstring(full_page(S3_LIST_ENTRIES_MAX)),
						  S3_LIST_PAGE_OBJECTS, &page, &err), "as many entries as allowed");
	is_int(page.count, S3_LIST_ENTRIES_MAX, "... are all there");
	ok(!s3_list_page_parse(s3_slice_cstring(full_page(S3_LIST_ENTRIES_MAX + 1)),
						   S3_LIST_PAGE_OBJECTS, &page, &err), "more are refused");
	ok(strstr(err.detail, "more entries") != NULL, "... with the reason");
}

static char *
full_page(int count)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "<ListBucketResult>");
	for (int i = 0; i < count; i++)
		appendStringInfoString(&text, OBJECT("a"));
	appendStringInfoString(&text, "</ListBucketResult>");
	return text.data;
}
