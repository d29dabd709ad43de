/*
 * Unit tests of the request room: fields, headers; and of percent-encoding.
 */
#include "base/uri.h"
#include "s3/request.h"
#include "tap.h"

/* NULL: good; else what the detail names */
static const struct
{
	const char *value;
	const char *detail;
}			value_cases[] =
{
	{"", NULL},
	{"a", NULL},
	{"text/plain; charset=utf-8", NULL},
	{"a  b\tc", NULL},
	{"\"quoted\" \\ (comment)", NULL},
	{"J\xc3\xbcrgen", NULL},
	{"\xff\x80", NULL},
	{"~", NULL},
	{"a\r\nx-evil: 1", "0x0d"},
	{"a\nb", "0x0a"},
	{"\n", "0x0a"},
	{"a\r", "0x0d"},
	{"a\x01" "b", "0x01"},
	{"a\x1f", "0x1f"},
	{"a\x7f", "0x7f"},
	{"\x1b[31m", "0x1b"},
	{" a", "blank"},
	{"a ", "blank"},
	{"\ta", "blank"},
	{"a\t", "blank"},
	{" ", "blank"}
};

static const struct
{
	const char *name;
	bool		good;
}			name_cases[] =
{
	{"x-amz-meta-a", true},
	{"Content-Type", true},
	{"a", true},
	{"0", true},
	{"!#$%&'*+-.^_`|~", true},
	{"", false},
	{"a b", false},
	{" a", false},
	{"a:", false},
	{"a\r\nb", false},
	{"a\n", false},
	{"a\t", false},
	{"a\x7f", false},
	{"a\"b", false},
	{"a(b)", false},
	{"a,b", false},
	{"a/b", false},
	{"a;b", false},
	{"a=b", false},
	{"a@b", false},
	{"a[b]", false},
	{"a\\b", false},
	{"{a}", false},
	{"\xc3\xbc", false}
};

static void test_fields(void);
static void test_values(void);
static void test_names(void);
static void test_encoding(void);
static void test_decoding(void);
static const char *encode(S3Slice bytes, bool path);

int
main(void)
{
	test_fields();
	test_values();
	test_names();
	test_encoding();
	test_decoding();
	return tap_done();
}

static void
test_fields(void)
{
	S3Fields	fields = {0};

	is_string(s3_fields_find(&fields, "a"), NULL, "no field in none");
	for (int i = 0; i < 100; i++)
		s3_fields_add(&fields, psprintf("name%d", i), psprintf("value%d", i));
	s3_fields_add(&fields, "name50", "another");
	is_int(fields.count, 101, "all fields are there");
	is_string(s3_fields_find(&fields, "name0"), "value0", "the first field");
	is_string(s3_fields_find(&fields, "name99"), "value99", "the last field");
	is_string(s3_fields_find(&fields, "name50"), "value50", "the first of two of a name");
	is_string(s3_fields_find(&fields, "name"), NULL, "no field of a name that begins alike");
	is_string(s3_fields_find(&fields, "NAME0"), NULL, "names have a case");

	s3_fields_set(&fields, "name50", "yet another");
	is_int(fields.count, 101, "a field is put in the place of another");
	is_string(s3_fields_find(&fields, "name50"), "yet another", "... which is gone");
	s3_fields_set(&fields, "new", "value");
	is_int(fields.count, 102, "a field is put where there is none");
	is_string(s3_fields_find(&fields, "new"), "value", "... and is there");
}

static void
test_values(void)
{
	for (int i = 0; i < lengthof(value_cases); i++)
	{
		S3Error		err = {0};
		bool		good = s3_check_header_value("ContentType", value_cases[i].value, &err);

		is_int(good, value_cases[i].detail == NULL, "header value %d", i);
		if (good)
			continue;
		is_int(err.kind, S3_ERROR_ARGUMENT, "kind of header value %d", i);
		ok(strstr(err.message, "\"ContentType\"") != NULL, "header value %d is named", i);
		ok(value_cases[i].detail != NULL && strstr(err.detail, value_cases[i].detail) != NULL,
		   "reason of header value %d", i);
	}
}

static void
test_names(void)
{
	for (int i = 0; i < lengthof(name_cases); i++)
	{
		S3Error		err = {0};

		is_int(s3_check_header_name(name_cases[i].name, &err), name_cases[i].good,
			   "header name %d", i);
		is_int(err.kind, name_cases[i].good ? S3_ERROR_NONE : S3_ERROR_ARGUMENT,
			   "kind of header name %d", i);
		ok(strpbrk(err.message, "\r\n\t") == NULL, "header name %d is shown clean", i);
	}
}

static void
test_encoding(void)
{
	for (int byte = 0; byte < 256; byte++)
	{
		char		c = (char) byte;
		bool		unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c) != NULL);
		char	   *percent = psprintf("%%%02X", byte);
		char	   *itself = psprintf("%c", byte);

		is_string(encode(s3_slice(&c, 1), false), unreserved ? itself : percent,
				  "byte 0x%02x of a value", byte);
		is_string(encode(s3_slice(&c, 1), true), unreserved || c == '/' ? itself : percent,
				  "byte 0x%02x of a path", byte);
	}
	is_string(encode(s3_slice("", 0), false), "before ", "nothing to encode");
	is_string(encode(s3_slice_cstring("a b/c%20"), false), "a%20b%2Fc%2520", "a value");
	is_string(encode(s3_slice_cstring("a b/c%20"), true), "a%20b/c%2520", "a path");
}

static void
test_decoding(void)
{
	static const char *const bad[] = {"%", "a%", "%4", "%4g", "%g4", "%%41", "%00", "% 1", "%+1"};
	char		good[] = "a+b%20%2B%2f%C3%BC%41%25";
	size_t		len = strlen(good);

	ok(s3_uri_decode_form(good, &len), "what a form has encoded");
	is_bytes(s3_slice(good, len), s3_slice_cstring("a b +/\xc3\xbc" "A%"), "... is decoded");
	for (int i = 0; i < lengthof(bad); i++)
	{
		len = strlen(bad[i]);
		ok(!s3_uri_decode_form(s3_slice_dup(s3_slice_cstring(bad[i])), &len),
		   "\"%s\" is no encoding", bad[i]);
	}
	for (int byte = 1; byte < 256; byte++)
	{
		char		c = (char) byte;
		char	   *text = pstrdup(encode(s3_slice(&c, 1), false));

		len = strlen(text);
		ok(s3_uri_decode_form(text, &len) && len == 1 && text[0] == c,
		   "byte 0x%02x comes back", byte);
	}
}

/* Encodes behind other text, which is left out again. */
static const char *
encode(S3Slice bytes, bool path)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "before ");
	if (path)
		s3_uri_encode_path(&text, bytes);
	else
		s3_uri_encode(&text, bytes);
	return bytes.len == 0 ? text.data : text.data + strlen("before ");
}
