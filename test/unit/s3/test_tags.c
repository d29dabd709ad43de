/*
 * Unit tests of the tags room: a server's document, and the header.
 */
#include "s3/tags.h"
#include "tap.h"

#define TAGGING(tags)	"<Tagging xmlns=\"x\"><TagSet>" tags "</TagSet></Tagging>"
#define TAG(key, value)	"<Tag><Key>" key "</Key><Value>" value "</Value></Tag>"

/* header NULL: refused */
static const struct
{
	const char *document;
	const char *header;
}			documents[] =
{
	{"", ""},
	{TAGGING(""), ""},
	{TAGGING(TAG("a", "1")), "a=1"},
	{TAGGING(TAG("a", "1") TAG("b", "2")), "a=1&b=2"},
	{TAGGING(TAG("a", "")), "a="},
	{TAGGING(TAG("a b", "&amp;=+%/")), "a%20b=%26%3D%2B%25%2F"},
	{TAGGING(TAG("\xc3\xbc", "&#x1F600;")), "%C3%BC=%F0%9F%98%80"},
	{"<?xml version='1.0' encoding='ISO-8859-1'?>" TAGGING(TAG("\xfc\xfc\xfc\xfc\xfc\xfc", "")),
	"%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC="},
	{"<x/>", NULL},
	{"<Tagging>", NULL},
	{"<Error><Code>NoSuchTagSet</Code></Error>", NULL}
};

static const struct
{
	const char *a;
	const char *b;
	bool		equal;
}			pairs[] =
{
	{"", "", true},
	{"a=1", "a=1", true},
	{"a=1&b=2", "b=2&a=1", true},
	{"a+b=%2F", "a%20b=/", true},
	{"a", "a=", true},
	{"a=1", "", false},
	{"", "a=1", false},
	{"a=1", "a=2", false},
	{"a=1", "b=1", false},
	{"a=1", "a=1&b=2", false},
	{"a=1&b=2&", "b=2&a=1", true},
	{"a=%", "a=%25", true},
	{"a=%zz", "a=%25zz", true}
};

static void test_reading(void);
static void test_writing(void);
static void test_equality(void);

int
main(void)
{
	test_reading();
	test_writing();
	test_equality();
	return tap_done();
}

static void
test_reading(void)
{
	for (int i = 0; i < lengthof(documents); i++)
	{
		S3HttpResponse response = {.status = 200};
		StringInfoData header;
		S3Error		err = {0};
		bool		good;

		response.headers = "";
		response.body = pstrdup(documents[i].document);
		response.body_len = strlen(response.body);
		initStringInfo(&header);
		good = s3_tags_read(&response, &header, &err);
		is_string(good ? header.data : NULL, documents[i].header, "tags %d", i);
		ok(good || err.kind == S3_ERROR_PROTOCOL || err.kind == S3_ERROR_SERVER,
		   "... or why there are none");
	}
}

/* What is written reads as it was. */
static void
test_writing(void)
{
	static const char header[] = "a%20b=%26%3C%2B&%C3%BC=&c=1";
	S3HttpResponse response = {.status = 200};
	StringInfoData document;
	StringInfoData again;
	S3Error		err = {0};

	initStringInfo(&document);
	s3_tags_write(&document, header);
	response.headers = "";
	response.body = document.data;
	response.body_len = document.len;
	initStringInfo(&again);
	ok(s3_tags_read(&response, &again, &err), "what is written can be read");
	is_string(again.data, header, "... and is the same");
	resetStringInfo(&document);
	s3_tags_write(&document, "");
	ok(strstr(document.data, "<TagSet></TagSet>") != NULL, "no tags are an empty set");
}

static void
test_equality(void)
{
	for (int i = 0; i < lengthof(pairs); i++)
		is_int(s3_tags_equal(pairs[i].a, pairs[i].b), pairs[i].equal, "equality %d", i);
}
