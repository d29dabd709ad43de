/*
 * Unit tests of the XML room: what is told of a document, and its limits.
 */
#include "base/xml.h"
#include "tap.h"

/* What a document must be told as, "depth name=text;" each; NULL: refused */
static const struct
{
	const char *name;
	const char *document;
	const char *want;
	const char *fault;
}			xml_cases[] =
{
	{"one element", "<R/>", "0 R=;", NULL},
	{"a text", "<R>a</R>", "0 R=a;", NULL},
	{"a declaration", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R>a</R>\n", "0 R=a;", NULL},
	{"children", "<R><A>1</A><B>2</B></R>", "1 A=1;1 B=2;0 R=;", NULL},
	{"grandchildren", "<R><A><B>1</B></A></R>", "2 B=1;1 A=;0 R=;", NULL},
	{"attributes", "<R x='1'><A y=\"2\">3</A></R>", "1 A=3;0 R=;", NULL},
	{"a default namespace", "<R xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><A>1</A></R>",
	"1 A=1;0 R=;", NULL},
	{"a prefix", "<s:R xmlns:s=\"x\"><s:A>1</s:A></s:R>", "1 A=1;0 R=;", NULL},
	{"blanks between", "<R>\n  <A>1</A>\n</R>", "1 A=1;0 R=\n;", NULL},
	{"predefined entities", "<R>&lt;&gt;&amp;&quot;&apos;</R>", "0 R=<>&\"';", NULL},
	{"character references", "<R>&#252;&#x1F600;</R>", "0 R=\xc3\xbc\xf0\x9f\x98\x80;", NULL},
	{"references to control characters", "<R>a&#x01;b&#1;&#31;&#x1F;]&#x0b;c</R>", "0 R=a\x01" "b\x01\x1f\x1f]\x0b" "c;", NULL},
	{"references to tab, LF and CR", "<R>&#9;&#xA;&#13;</R>", "0 R=\t\n\r;", NULL},
	{"a control character in an element in one", "<R>&#1;<A>&#2;</A></R>", "1 A=\x02;0 R=;", NULL},
	{"another's processing instruction", "<R>a<?control?><?control x?><?c 01?>b</R>", "0 R=ab;", NULL},
	{"CDATA", "<R>a<![CDATA[<b>&]]>c</R>", "0 R=a<b>&c;", NULL},
	{"a comment", "<R>a<!-- <B/> -->b</R>", "0 R=ab;", NULL},
	{"a processing instruction", "<?p x?><R>a</R>", "0 R=a;", NULL},
	{"ISO 8859-1", "<?xml version='1.0' encoding='ISO-8859-1'?><R>\xfc</R>", "0 R=\xc3\xbc;", NULL},
	{"a byte order mark", "\xef\xbb\xbf<R>a</R>", "0 R=a;", NULL},

	{"nothing", "", NULL, "no element found"},
	{"blanks only", " \n", NULL, "no element found"},
	{"another root", "<Q/>", NULL, "another root element"},
	{"HTML", "<html><body>Bad Gateway</body></html>", NULL, "another root element"},
	{"another case", "<r/>", NULL, "another root element"},
	{"a root that begins alike", "<RR/>", NULL, "another root element"},
	{"a document type", "<!DOCTYPE R><R/>", NULL, "document type"},
	{"HTML's document type", "<!DOCTYPE html><html></html>", NULL, "document type"},
	{"an internal entity", "<!DOCTYPE R [<!ENTITY a 'b'>]><R>&a;</R>", NULL, "document type"},
	{"an external entity", "<!DOCTYPE R [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><R>&a;</R>", NULL, "document type"},
	{"entities in entities",
	"<!DOCTYPE R [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]><R>&b;</R>", NULL, "document type"},
	{"an entity that is not there", "<R>&a;</R>", NULL, "undefined entity"},
	{"text only", "Bad Gateway", NULL, "syntax error"},
	{"JSON", "{\"Code\": \"NoSuchKey\"}", NULL, "not well-formed"},
	{"a truncated tag", "<R><A", NULL, "unclosed token"},
	{"a truncated text", "<R><A>1", NULL, "no element found"},
	{"a missing end", "<R><A>1</A>", NULL, "no element found"},
	{"tags crossed", "<R><A></R></A>", NULL, "mismatched tag"},
	{"text behind the root", "<R/>x", NULL, "junk after"},
	{"two roots", "<R/><R/>", NULL, "junk after"},
	{"a control character", "<R>\x01</R>", NULL, "not well-formed"},
	{"a reference to NUL", "<R>&#0;</R>", NULL, "reference to invalid character"},
	{"a reference to a surrogate", "<R>&#xD800;</R>", NULL, "reference to invalid character"},
	{"an unfinished reference", "<R>&#1</R>", NULL, "not well-formed"},
	{"a reference with blanks", "<R>&# 1;</R>", NULL, "not well-formed"},
	{"a control character behind the root", "<R/>&#1;", NULL, "outside of the root"},
	{"a control character in a tag", "<R &#1;/>", NULL, "not well-formed"},
	{"a control character in an attribute", "<R a='&#1;'/>", NULL, "not well-formed"},
	{"not UTF-8", "<R>\xff</R>", NULL, "not well-formed"},
	{"another encoding's name", "<?xml version='1.0' encoding='EBCDIC-US'?><R/>", NULL, "unknown encoding"},
	{"an attribute twice", "<R a='1' a='2'/>", NULL, "duplicate attribute"}
};

static void note(void *arg, int depth, const char *name, S3Slice text);
static void test_documents(void);
static void test_partial_documents(void);
static void test_escape(void);
static void test_limits(void);
static void test_limit(const char *name, S3Slice document, bool good, const char *fault);
static S3Slice nested(int depth);
static S3Slice named(size_t len);
static S3Slice with_text(size_t len);
static S3Slice with_attributes(size_t len);
static S3Slice repeated(const char *element, int count);

int
main(void)
{
	test_documents();
	test_partial_documents();
	test_escape();
	test_limits();
	return tap_done();
}

static void
note(void *arg, int depth, const char *name, S3Slice text)
{
	appendStringInfo((StringInfo) arg, "%d %s=%.*s;", depth, name, S3_SLICE_ARGS(text));
}

static void
test_documents(void)
{
	for (int i = 0; i < lengthof(xml_cases); i++)
	{
		StringInfoData told;
		S3Error		err = {0};
		bool		good;

		initStringInfo(&told);
		good = s3_xml_parse(s3_slice_cstring(xml_cases[i].document), "R", note, &told, &err);
		if (xml_cases[i].want != NULL)
		{
			is_string(good ? told.data : err.detail, xml_cases[i].want, "%s", xml_cases[i].name);
			continue;
		}
		ok(!good, "%s is refused", xml_cases[i].name);
		is_int(err.kind, S3_ERROR_PROTOCOL, "... as a protocol error");
		if (!ok(strstr(err.detail, xml_cases[i].fault) != NULL, "... with its reason"))
			printf("# got \"%s\"\n", err.detail);
	}
}

/* Every beginning of a document is refused, and none is read beyond. */
static void
test_partial_documents(void)
{
	static const char document[] =
		"<?xml version=\"1.0\"?><R a='b'><A>1&amp;<![CDATA[x]]></A><!-- c --><B>\xc3\xbc</B></R>";
	int			refused = 0;

	for (size_t len = 0; len < strlen(document); len++)
	{
		char	   *part = palloc(Max(len, 1));
		StringInfoData told;
		S3Error		err = {0};

		memcpy(part, document, len);
		initStringInfo(&told);
		refused += !s3_xml_parse(s3_slice(part, len), "R", note, &told, &err);
	}
	is_int(refused, strlen(document), "no beginning of a document passes for one");
}

/* What is escaped reads as it was. */
static void
test_escape(void)
{
	static const char text[] = "a<b>&amp;\"'\r\n\t\xc3\xbc]]>";
	StringInfoData document;
	StringInfoData told;
	S3Error		err = {0};

	initStringInfo(&document);
	s3_xml_escape(&document, s3_slice_cstring(text));
	is_string(document.data, "a&lt;b&gt;&amp;amp;&quot;&apos;&#13;\n\t\xc3\xbc]]&gt;", "escaped text");
	resetStringInfo(&document);
	appendStringInfoString(&document, "<R>");
	s3_xml_escape(&document, s3_slice_cstring(text));
	appendStringInfoString(&document, "</R>");
	initStringInfo(&told);
	ok(s3_xml_parse(s3_slice(document.data, document.len), "R", note, &told, &err), "... can be read");
	is_string(told.data, psprintf("0 R=%s;", text), "... and is the same");
}

static void
test_limits(void)
{
	test_limit("elements nested as deep as allowed", nested(S3_XML_DEPTH_MAX), true, NULL);
	test_limit("elements nested deeper", nested(S3_XML_DEPTH_MAX + 1), false, "nested too deep");
	test_limit("elements nested far too deep", nested(100000), false, "nested too deep");
	test_limit("a name as long as allowed", named(S3_XML_NAME_MAX), true, NULL);
	test_limit("a longer name", named(S3_XML_NAME_MAX + 1), false, "name is too long");
	test_limit("a text as long as allowed", with_text(S3_XML_TEXT_MAX), true, NULL);
	test_limit("a longer text", with_text(S3_XML_TEXT_MAX + 1), false, "text is too long");
	test_limit("a megabyte of text", with_text(1 << 20), false, "text is too long");
	test_limit("a tag as long as allowed", with_attributes(S3_XML_TOKEN_MAX - 5), true, NULL);
	test_limit("a much longer one", with_attributes(3 * S3_XML_TOKEN_MAX), false, "is too long");
	test_limit("a long comment", repeated(psprintf("<!--%*s-->", 3 * S3_XML_TOKEN_MAX, ""), 1),
			   false, "is too long");
	test_limit("many comments", repeated("<!--            -->", 100000), true, NULL);
	test_limit("as many elements as allowed", repeated("<A/>", S3_XML_NODES_MAX - 1), true, NULL);
	test_limit("more elements", repeated("<A/>", S3_XML_NODES_MAX), false, "too many elements");
	test_limit("as many attributes as allowed", repeated("<A x='' y='' z=''/>", (S3_XML_NODES_MAX - 1) / 4),
			   true, NULL);
	test_limit("more attributes", repeated("<A x='' y='' z=''/>", S3_XML_NODES_MAX / 4), false,
			   "too many elements");
	test_limit("blanks between the steps",
			   repeated(psprintf("<A>%*s</A>", S3_XML_TEXT_MAX, ""), 100), true, NULL);
}

static void
test_limit(const char *name, S3Slice document, bool good, const char *fault)
{
	StringInfoData told;
	S3Error		err = {0};

	initStringInfo(&told);
	is_int(s3_xml_parse(document, "R", note, &told, &err), good, "%s", name);
	if (fault != NULL)
		ok(strstr(err.detail, fault) != NULL, "... is refused for that");
}

static S3Slice
nested(int depth)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < depth; i++)
		appendStringInfoString(&text, "<R>");
	for (int i = 0; i < depth; i++)
		appendStringInfoString(&text, "</R>");
	return s3_slice(text.data, text.len);
}

static S3Slice
named(size_t len)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "<R><");
	for (size_t i = 0; i < len; i++)
		appendStringInfoChar(&text, 'n');
	appendStringInfoString(&text, "/></R>");
	return s3_slice(text.data, text.len);
}

static S3Slice
with_text(size_t len)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "<R>");
	for (size_t i = 0; i < len; i++)
		appendStringInfoChar(&text, 't');
	appendStringInfoString(&text, "</R>");
	return s3_slice(text.data, text.len);
}

static S3Slice
with_attributes(size_t len)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "<R ");
	for (int i = 0; text.len < len - 3; i++)
		appendStringInfo(&text, "a%x='' ", i);
	appendStringInfoString(&text, "/>");
	return s3_slice(text.data, text.len);
}

static S3Slice
repeated(const char *element, int count)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "<R>");
	for (int i = 0; i < count; i++)
		appendStringInfoString(&text, element);
	appendStringInfoString(&text, "</R>");
	return s3_slice(text.data, text.len);
}
