/*
 * Fuzzes XML documents.
 */
#include "base/xml.h"
#include "fuzz.h"

const FuzzSeed fuzz_seeds[] = {
	SEED("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>a</Message></Error>"),
	SEED("<Error xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><A><B>1</B></A></Error>"),
	SEED("<s:Error xmlns:s='x'>&lt;&#252;<![CDATA[<b>]]><!-- c --></s:Error>"),
	SEED("<Error>a&#x01;b&#31;]&#0;<A>&#x1f;</A></Error>"),
	SEED("<!DOCTYPE Error [<!ENTITY a 'b'>]><Error>&a;</Error>"),
	SEED("<?xml version='1.0' encoding='UTF-16'?><Error/>"),
	SEED("<?xml version='1.0' encoding='ISO-8859-1'?><Error>\xfc</Error>"),
	SEED("\xff\xfe<\0E\0r\0r\0o\0r\0/\0>\0"),
	SEED("<Error><Error><Error><Error><Error>a</Error>b</Error>c</Error>d</Error></Error>"),
	SEED("<html><body>Bad Gateway</body></html>"),
	{NULL, 0}
};

typedef struct Told
{
	int			elements;
	int			root_ends;
} Told;

static void note(void *arg, int depth, const char *name, S3Slice text);

void
fuzz_one(const uint8 *data, size_t size)
{
	Told		told = {0};
	S3Error		err;

	if (s3_xml_parse(s3_slice((const char *) data, size), "Error", note, &told, &err))
		MUST(told.root_ends == 1);
	else
	{
		must_be_error(&err);
		MUST(err.kind == S3_ERROR_PROTOCOL);
	}
}

static void
note(void *arg, int depth, const char *name, S3Slice text)
{
	Told	   *told = arg;

	MUST(told->root_ends == 0);
	MUST(depth >= 0 && depth < S3_XML_DEPTH_MAX);
	MUST(strlen(name) <= S3_XML_NAME_MAX && text.len <= S3_XML_TEXT_MAX);
	MUST(is_utf8(text) && memchr(text.data, '\0', text.len) == NULL);
	told->elements++;
	told->root_ends += depth == 0;
}
