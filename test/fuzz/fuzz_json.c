/*
 * Fuzzes the JSON reader.
 */
#include "base/json.h"
#include "fuzz.h"

const FuzzSeed fuzz_seeds[] = {
	SEED("{\"s3\": {}}"),
	SEED("{\"s3-minio\": {\"endpoint_url\": \"http://minio:9000\", \"read_only\": true, \"max_age_seconds\": -1.5e+3}}"),
	SEED("{ \"a\" : \"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fc\\ud83d\\ude00\" , \"b\":null,\"c\":false }\n"),
	SEED("{\"a\": {\"b\": {\"c\": [1]}}}"),
	SEED("{\"aa\": [\"b\", \"c-*\"], \"a\": {\"b\": \"}\\\"\", \"c\": {\"d\": \"e\"}}, \"f\": 1}"),
	{NULL, 0}
};

static bool read_object(S3JsonReader *reader, int depth, S3Error *err);
static bool take(S3JsonReader *reader, S3JsonMember *member, S3Error *err);
static void must_be_within(const S3JsonReader *reader, S3Slice part);

void
fuzz_one(const uint8 *data, size_t size)
{
	char	   *text = palloc(Max(size, 1));
	S3JsonReader reader;
	S3Error		err;

	memcpy(text, data, size);
	s3_json_start(&reader, text, size);
	if (!read_object(&reader, 0, &err) || !s3_json_end(&reader, &err))
		must_be_error(&err);
	else
		MUST(reader.at == size);
}

static bool
read_object(S3JsonReader *reader, int depth, S3Error *err)
{
	S3JsonMember member;

	if (!s3_json_begin_object(reader, err))
		return false;
	for (;;)
	{
		size_t		before = reader->at;

		if (!s3_json_next_member(reader, &member, err))
			return false;
		MUST(reader->at > before && reader->at <= reader->len);
		if (member.name.data == NULL)
			return true;
		must_be_within(reader, member.name);
		MUST(member.value_start <= member.value_end && member.value_end == reader->at);
		if (member.kind == S3_JSON_STRING || member.kind == S3_JSON_NUMBER)
			must_be_within(reader, member.value);
		if (member.kind == S3_JSON_STRING)
			MUST(member.value.data[member.value.len] == '\0');
		if (member.kind == S3_JSON_ARRAY || (member.kind == S3_JSON_OBJECT && member.name.len == 1))
		{
			if (!take(reader, &member, err))
				return false;
		}
		else if (member.kind == S3_JSON_OBJECT && !read_object(reader, depth + 1, err))
			return false;
	}
}

static bool
take(S3JsonReader *reader, S3JsonMember *member, S3Error *err)
{
	bool		ok = member->kind == S3_JSON_ARRAY ?
		s3_json_take_list(reader, member, err) : s3_json_take_object(reader, member, err);

	if (!ok)
		return false;
	MUST(member->value_start < member->value_end && member->value_end == reader->at);
	must_be_within(reader, member->value);
	MUST(member->value.len > 0 && member->value.data[member->value.len] == '\0');
	return true;
}

static void
must_be_within(const S3JsonReader *reader, S3Slice part)
{
	MUST(part.data >= reader->text && part.data + part.len <= reader->text + reader->at);
}
