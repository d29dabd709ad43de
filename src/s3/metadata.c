/*-------------------------------------------------------------------------
 *
 * metadata.c
 *	  User metadata as the settings have it: JSON text -> headers.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/json.h"
#include "s3/metadata.h"
#include "s3/metadata_words.h"

static bool add_member(const S3JsonMember *member, S3Fields *headers, S3Error *err);
static char *header_name(S3Slice name);

bool
s3_metadata_parse(char *text, S3Fields *headers, S3Error *err)
{
	S3JsonReader reader;
	S3JsonMember member;

	if (text[0] == '\0')
		return true;
	s3_json_start(&reader, text, strlen(text));
	if (!s3_json_begin_object(&reader, err))
		return false;
	for (;;)
	{
		if (!s3_json_next_member(&reader, &member, err))
			return false;
		if (member.name.data == NULL)
			break;
		if (!add_member(&member, headers, err))
			return false;
	}
	return s3_json_end(&reader, err);
}

static bool
add_member(const S3JsonMember *member, S3Fields *headers, S3Error *err)
{
	const char *name = header_name(member->name);

	if (!s3_check_header_name(member->name.data, err))
		return false;
	if (s3_fields_find(headers, name) != NULL)
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" is there twice",
							name + strlen(S3_METADATA_PREFIX));
	if (member->kind == S3_JSON_NULL)
		return true;
	if (member->kind != S3_JSON_STRING)
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" is not a string",
							member->name.data);
	if (!s3_check_header_value(member->name.data, member->value.data, err))
		return false;
	s3_fields_add(headers, name, s3_metadata_words_encode(member->value.data));
	return true;
}

static char *
header_name(S3Slice name)
{
	char	   *header = psprintf(S3_METADATA_PREFIX "%.*s", S3_SLICE_ARGS(name));

	for (char *p = header; *p != '\0'; p++)
		*p = (char) pg_ascii_tolower((unsigned char) *p);
	return header;
}

bool
s3_metadata_check_size(const S3Fields *headers, S3Error *err)
{
	size_t		size = 0;

	for (int i = 0; i < headers->count; i++)
		if (s3_metadata_is_header(headers->items[i].name))
			size += strlen(headers->items[i].name) - strlen(S3_METADATA_PREFIX) +
				strlen(s3_metadata_words_decode(headers->items[i].value));
	if (size <= S3_METADATA_SIZE_MAX)
		return true;
	s3_error_set(err, S3_ERROR_TOO_LARGE, "user metadata are too large");
	return s3_error_detail(err, "Names and values have %zu bytes; S3 allows %d.",
						   size, S3_METADATA_SIZE_MAX);
}

bool
s3_metadata_is_header(const char *name)
{
	return s3_starts_with(name, S3_METADATA_PREFIX);
}
