/*
 * Unit tests of user metadata as the settings have it.
 */
#include "s3/metadata.h"
#include "tap.h"

/* The text, and its headers "name=value;"; '!' and the error's message */
static const struct
{
	const char *text;
	const char *want;
}			cases[] =
{
	{"", ""},
	{"{}", ""},
	{"{\"a\": \"b\"}", "x-amz-meta-a=b;"},
	{"{\"A-B_c\": \"D\", \"e\": \"\"}", "x-amz-meta-a-b_c=D;x-amz-meta-e=;"},
	{"{\"a\": \"\\u00fc\\/\", \"b\": null}", "x-amz-meta-a==?UTF-8?B?w7wv?=;"},
	{"{\"a\": null, \"a\": \"b\"}", "x-amz-meta-a=b;"},
	{"[]", "!malformed JSON: expected \"{\" at line 1, byte 1"},
	{"{} x", "!malformed JSON: expected the end at line 1, byte 4"},
	{"{\"a\": \"b\"", "!malformed JSON: expected \",\" or \"}\" at line 1, byte 10"},
	{"{\"a\": \"b\", \"A\": \"c\"}", "!\"a\" is there twice"},
	{"{\"a\": 1}", "!\"a\" is not a string"},
	{"{\"a\": true}", "!\"a\" is not a string"},
	{"{\"a\": {}}", "!\"a\" is not a string"},
	{"{\"a\": [\"b\"]}", "!\"a\" is not a string"},
	{"{\"\": \"b\"}", "!a header's name must not be empty"},
	{"{\"a:\": \"b\"}", "!invalid header name \"a:\""},
	{"{\"a\": \"b\\r\\nc: d\"}", "!invalid value of \"a\""},
	{"{\"a\": \"b \"}", "!invalid value of \"a\""}
};

static char *tell(const char *text);
static void test_size(void);

int
main(void)
{
	for (int i = 0; i < lengthof(cases); i++)
		is_string(tell(cases[i].text), cases[i].want, "text %d", i);
	test_size();
	return tap_done();
}

static char *
tell(const char *text)
{
	S3Fields	headers = {0};
	S3Error		err = {0};
	StringInfoData told;

	initStringInfo(&told);
	if (!s3_metadata_parse(pstrdup(text), &headers, &err))
		return psprintf("!%s", err.message);
	for (int i = 0; i < headers.count; i++)
		appendStringInfo(&told, "%s=%s;", headers.items[i].name, headers.items[i].value);
	return told.data;
}

static void
test_size(void)
{
	S3Fields	headers = {0};
	S3Error		err = {0};
	char		value[S3_METADATA_SIZE_MAX + 1];

	memset(value, 'x', sizeof(value));
	value[S3_METADATA_SIZE_MAX - 3] = '\0';
	s3_fields_add(&headers, "content-disposition", value);
	s3_fields_add(&headers, S3_METADATA_PREFIX "a", value);
	s3_fields_add(&headers, S3_METADATA_PREFIX "b", "c");
	ok(s3_metadata_check_size(&headers, &err), "as much as S3 allows");
	s3_fields_set(&headers, S3_METADATA_PREFIX "b", "cd");
	ok(!s3_metadata_check_size(&headers, &err), "a byte more");
	is_int(err.kind, S3_ERROR_TOO_LARGE, "... is too large");
}
