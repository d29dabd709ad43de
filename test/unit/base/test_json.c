/*
 * Unit tests of the JSON reader: what it tells of a text, and what it refuses.
 */
#include "base/json.h"
#include "tap.h"

/* A text, and how it is told: name, kind, value; '!' and the reason */
static const struct
{
	const char *text;
	const char *want;
}			json_cases[] =
{
	{"{}", ""},
	{" \t\r\n{ } \n", ""},
	{"{\"a\": \"b\"}", "a=s:b;"},
	{"{\"a\":\"\",\"\":\"b\"}", "a=s:;=s:b;"},
	{"{\"a\": true, \"b\": false, \"c\": null}", "a=t;b=f;c=n;"},
	{"{\"a\": 0, \"b\": -1, \"c\": 10.25, \"d\": 1e5, \"e\": -2.5E-3, \"f\": 1E+2}",
	"a=#:0;b=#:-1;c=#:10.25;d=#:1e5;e=#:-2.5E-3;f=#:1E+2;"},
	{"{\"a\": {}}", "a={;};"},
	{"{\"a\": {\"b\": \"c\"}, \"d\": 1}", "a={;b=s:c;};d=#:1;"},
	{"{\"a\": {\"b\": {\"c\": null}}}", "a={;b={;c=n;};};"},
	{"{\"a\": \"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "a=s:\"\\/\b\f\n\r\t;"},
	{"{\"\\u0041\": \"\\u00fc\\u65e5\\ud83d\\uDE00\"}", "A=s:\xc3\xbc\xe6\x97\xa5\xf0\x9f\x98\x80;"},
	{"{\"a\": \"\\uFFFF\\u007f\\u0080\\u07ff\\u0800\"}", "a=s:\xef\xbf\xbf\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80;"},
	{"{\"a\": \"\xc3\xbc\xff\"}", "a=s:\xc3\xbc\xff;"},
	{"{\"a\": 1, \"a\": 2}", "a=#:1;a=#:2;"},

	{"", "!\"{\" at line 1, byte 1"},
	{" ", "!\"{\" at line 1, byte 2"},
	{"[]", "!\"{\" at line 1, byte 1"},
	{"\"a\"", "!\"{\" at line 1, byte 1"},
	{"null", "!\"{\" at line 1, byte 1"},
	{"{", "!a string at line 1, byte 2"},
	{"{\n\n \"a\" 1}", "!\":\" at line 3, byte 6"},
	{"{\"a\"", "!\":\" at line 1, byte 5"},
	{"{\"a\":", "!a value at line 1, byte 6"},
	{"{\"a\": }", "!a value at line 1, byte 7"},
	{"{\"a\": 1", "!\",\" or \"}\" at line 1, byte 8"},
	{"{\"a\": 1 \"b\": 2}", "!\",\" or \"}\" at line 1, byte 9"},
	{"{\"a\": 1;}", "!\",\" or \"}\" at line 1, byte 8"},
	{"{,}", "!a string at line 1, byte 2"},
	{"{a: 1}", "!a string at line 1, byte 2"},
	{"{'a': 1}", "!a string at line 1, byte 2"},
	{"{1: 1}", "!a string at line 1, byte 2"},
	{"{} {}", "!the end at line 1, byte 4"},
	{"{}}", "!the end at line 1, byte 3"},
	{"{\"a", "!the end of a string at line 1, byte 4"},
	{"{\"a\n\": 1}", "!the end of a string at line 1, byte 4"},
	{"{\"a\": \"\t\"}", "!the end of a string at line 1, byte 8"},
	{"{\"a\": \"\\x\"}", "!an escape sequence at line 1, byte 9"},
	{"{\"a\": \"\\", "!an escape sequence at line 1, byte 9"},
	{"{\"a\": \"\\u12\"}", "!four hexadecimal digits at line 1, byte 12"},
	{"{\"a\": \"\\u12", "!four hexadecimal digits at line 1, byte 12"},
	{"{\"a\": \"\\u0000\"}", "!a character other than \\u0000 at line 1, byte 14"},
	{"{\"a\": \"\\ud83d\"}", "!both halves of a surrogate pair at line 1, byte 14"},
	{"{\"a\": \"\\ud83dx\"}", "!both halves of a surrogate pair at line 1, byte 14"},
	{"{\"a\": \"\\ud83d\\n\"}", "!both halves of a surrogate pair at line 1, byte 15"},
	{"{\"a\": \"\\ud83d\\u0041\"}", "!both halves of a surrogate pair at line 1, byte 20"},
	{"{\"a\": \"\\ud83d\\ud83d\"}", "!both halves of a surrogate pair at line 1, byte 20"},
	{"{\"a\": \"\\ude00\"}", "!both halves of a surrogate pair at line 1, byte 14"},
	{"{\"a\": tru}", "!a value at line 1, byte 7"},
	{"{\"a\": True}", "!a value at line 1, byte 7"},
	{"{\"a\": truex}", "!\",\" or \"}\" at line 1, byte 11"},
	{"{\"a\": n", "!a value at line 1, byte 7"},
	{"{\"a\": NaN}", "!a value at line 1, byte 7"},
	{"{\"a\": +1}", "!a value at line 1, byte 7"},
	{"{\"a\": .5}", "!a value at line 1, byte 7"},
	{"{\"a\": -}", "!a digit at line 1, byte 8"},
	{"{\"a\": 1.}", "!a digit at line 1, byte 9"},
	{"{\"a\": 1.e1}", "!a digit at line 1, byte 9"},
	{"{\"a\": 1e}", "!a digit at line 1, byte 9"},
	{"{\"a\": 1e+}", "!a digit at line 1, byte 10"},
	{"{\"a\": 01}", "!\",\" or \"}\" at line 1, byte 8"},
	{"{\"a\": 0x1}", "!\",\" or \"}\" at line 1, byte 8"},
	{"{\"a\": [\"b\"]}", "a=[:b;"},
	{"{\"a\":[\"b\",\"c\"],\"d\":1}", "a=[:b,c;d=#:1;"},
	{"{\"a\": [ \"\\u00fc\" ,\n\t\"\\\"]\" ] }", "a=[:\xc3\xbc,\"];"},
	{"{\"a\": []}", "!a string at line 1, byte 8"},
	{"{\"a\": [1]}", "!a string at line 1, byte 8"},
	{"{\"a\": [[\"b\"]]}", "!a string at line 1, byte 8"},
	{"{\"a\": [\"b\",]}", "!a string at line 1, byte 12"},
	{"{\"a\": [\"b\" \"c\"]}", "!\",\" or \"]\" at line 1, byte 12"},
	{"{\"a\": [\"b\"}", "!\",\" or \"]\" at line 1, byte 11"},
	{"{\"a\": [\"b\"", "!\",\" or \"]\" at line 1, byte 11"},
	{"{\"a\": [", "!a string at line 1, byte 8"},
	{"{\"a\": [\"b", "!the end of a string at line 1, byte 10"},
	{"{\"a\": [\"\"]}", "!a string that is not empty and has no comma at line 1, byte 10"},
	{"{\"a\": [\"b\", \"c,d\"]}", "!a string that is not empty and has no comma at line 1, byte 18"},

	/* "take" is passed over */
	{"{\"take\": {}}", "take={:{};"},
	{"{\"take\":{\"a\": {\"}\": \"\\\"{\"}},\"b\":1}", "take={:{\"a\": {\"}\": \"\\\"{\"}};b=#:1;"},
	{"{\"take\": {\"a\": [1, null\n, {}]}\n\n,\"b\" 1}", "!\":\" at line 4, byte 6"},
	{"{\"take\": {\"a\": \"\\u00fc\\\\\"}, \"take\" : { } }", "take={:{\"a\": \"\\u00fc\\\\\"};take={:{ };"},
	{"{\"take\": {", "!\"}\" at line 1, byte 11"},
	{"{\"take\": {{}", "!\"}\" at line 1, byte 13"},
	{"{\"take\": {\"a", "!the end of a string at line 1, byte 13"},
	{"{\"take\": {\"a\\", "!the end of a string at line 1, byte 14"},
	{"{\"take\": {\"a\\\"}}", "!the end of a string at line 1, byte 17"},
	{"{\"take\": {\"a\n\"}}", "!the end of a string at line 1, byte 13"},
	{"{\"a\": 1, // b\n}", "!a string at line 1, byte 10"},
	{"{\"a\": 1,}", "!a string at line 1, byte 9"}
};

static void test_texts(void);
static void test_positions(void);
static char *tell(S3Slice text);
static bool tell_object(S3JsonReader *reader, StringInfo told, S3Error *err);

int
main(void)
{
	test_texts();
	test_positions();
	return tap_done();
}

static void
test_texts(void)
{
	for (int i = 0; i < lengthof(json_cases); i++)
		is_string(tell(s3_slice_cstring(json_cases[i].text)), json_cases[i].want,
				  "text %d", i);
	is_string(tell(s3_slice("{\0}", 3)), "!a string at line 1, byte 2",
			  "a NUL byte between tokens");
	is_string(tell(s3_slice("{\"a\0\": 1}", 9)), "!the end of a string at line 1, byte 4",
			  "a NUL byte in a string");
	is_string(tell(s3_slice("{\"a\": \"\\\0\"}", 11)), "!an escape sequence at line 1, byte 9",
			  "a NUL byte in an escape");
}

/* Where the value's token stood. */
static void
test_positions(void)
{
	char		text[] = "{ \"a\" : \"b\\n\" , \"c\":12}";
	S3JsonReader reader;
	S3JsonMember member;
	S3Error		err = {0};

	s3_json_start(&reader, text, strlen(text));
	ok(s3_json_begin_object(&reader, &err), "an object begins");
	ok(s3_json_next_member(&reader, &member, &err), "its first member");
	is_int(member.value_start, 8, "... where its value starts");
	is_int(member.value_end, 13, "... where it ends");
	is_int(member.value.data[member.value.len], '\0', "... a NUL follows the string");
	ok(s3_json_next_member(&reader, &member, &err), "its second member");
	is_int(member.value_start, 20, "... where its value starts");
	is_int(member.value_end, 22, "... where it ends");
	ok(s3_json_next_member(&reader, &member, &err) && member.name.data == NULL, "its end");
	ok(s3_json_end(&reader, &err), "nothing follows");
}

/* Reads an exact copy, without a NUL behind it. */
static char *
tell(S3Slice text)
{
	static const char malformed[] = "malformed JSON: expected ";
	char	   *copy = palloc(Max(text.len, 1));
	S3JsonReader reader;
	S3Error		err = {0};
	StringInfoData told;

	memcpy(copy, text.data, text.len);
	initStringInfo(&told);
	s3_json_start(&reader, copy, text.len);
	if (tell_object(&reader, &told, &err))
	{
		if (s3_json_end(&reader, &err))
			return told.data;
	}
	if (err.kind != S3_ERROR_ARGUMENT || strncmp(err.message, malformed, strlen(malformed)) != 0)
		return pstrdup(err.message);
	return psprintf("!%s", err.message + strlen(malformed));
}

static bool
tell_object(S3JsonReader *reader, StringInfo told, S3Error *err)
{
	static const char kinds[] = {
		[S3_JSON_STRING] = 's',[S3_JSON_NUMBER] = '#',[S3_JSON_TRUE] = 't',
		[S3_JSON_FALSE] = 'f',[S3_JSON_NULL] = 'n',[S3_JSON_OBJECT] = '{',[S3_JSON_ARRAY] = '['
	};
	S3JsonMember member;

	if (!s3_json_begin_object(reader, err))
		return false;
	for (;;)
	{
		if (!s3_json_next_member(reader, &member, err))
			return false;
		if (member.name.data == NULL)
			return true;
		appendStringInfo(told, "%.*s=%c", S3_SLICE_ARGS(member.name), kinds[member.kind]);
		if (member.kind == S3_JSON_STRING || member.kind == S3_JSON_NUMBER)
			appendStringInfo(told, ":%.*s", S3_SLICE_ARGS(member.value));
		if (member.kind == S3_JSON_ARRAY || strcmp(member.name.data, "take") == 0)
		{
			bool		ok = member.kind == S3_JSON_ARRAY ?
				s3_json_take_list(reader, &member, err) :
				s3_json_take_object(reader, &member, err);

			if (!ok)
				return false;
			appendStringInfo(told, ":%s;", member.value.data);
			continue;
		}
		appendStringInfoChar(told, ';');
		if (member.kind == S3_JSON_OBJECT)
		{
			if (!tell_object(reader, told, err))
				return false;
			appendStringInfoString(told, "};");
		}
	}
}
