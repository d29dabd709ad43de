/*-------------------------------------------------------------------------
 *
 * endpoints.c
 *	  Parses the text of s3store.endpoints:
 *
 *		{"s3": {}, "s3-minio": {"endpoint_url": "http://minio:9000"}}
 *
 * Guarantees: what comes out has passed every check of setting_defs.c; no error
 * shows a value; no secret is copied out of the text.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/json.h"
#include "s3/credentials_syntax.h"
#include "s3/location.h"
#include "settings/endpoints.h"

#define ENTRIES_INITIAL	8
#define NAME_SHOWN_MAX	64

static bool parse_entry(S3JsonReader *reader, const S3JsonMember *member,
						S3Endpoints *endpoints, S3Error *err);
static bool check_entry_name(const S3JsonMember *member, const S3Endpoints *endpoints,
							 S3Error *err);
static bool check_lower_case(S3Slice name, S3Error *err);
static S3EndpointEntry *add_entry(S3Endpoints *endpoints, const char *scheme);
static bool parse_setting(S3JsonReader *reader, S3JsonMember *member,
						  S3EndpointEntry *entry, S3Error *err);
static bool put_value(S3JsonReader *reader, const S3SettingDef *def, S3JsonMember *member,
					  S3Settings *values, S3Error *err);
static bool refuse_unknown_setting(S3Slice name, S3Error *err);
static void copy_name(char *dst, size_t dst_size, S3Slice name);
static bool is_secret(const S3JsonMember *member);

bool
s3_endpoints_parse(char *text, S3Endpoints *endpoints, S3Error *err)
{
	S3JsonReader reader;
	S3JsonMember member;

	memset(endpoints, 0, sizeof(*endpoints));
	s3_json_start(&reader, text, strlen(text));

	if (!s3_json_begin_object(&reader, err))
		return false;
	for (;;)
	{
		if (!s3_json_next_member(&reader, &member, err))
			return false;
		if (member.name.data == NULL)
			return s3_json_end(&reader, err);
		if (!parse_entry(&reader, &member, endpoints, err))
			return false;
	}
}

static bool
parse_entry(S3JsonReader *reader, const S3JsonMember *member,
			S3Endpoints *endpoints, S3Error *err)
{
	S3EndpointEntry *entry;
	S3JsonMember setting;

	if (!check_entry_name(member, endpoints, err))
		return false;
	entry = add_entry(endpoints, member->name.data);

	if (!s3_json_begin_object(reader, err))
		return s3_endpoint_entry_refuse(entry->scheme, err);
	for (;;)
	{
		if (!s3_json_next_member(reader, &setting, err))
			return s3_endpoint_entry_refuse(entry->scheme, err);
		if (setting.name.data == NULL)
			return true;
		if (!parse_setting(reader, &setting, entry, err))
			return s3_endpoint_entry_refuse(entry->scheme, err);
	}
}

static bool
check_entry_name(const S3JsonMember *member, const S3Endpoints *endpoints, S3Error *err)
{
	char		shown[NAME_SHOWN_MAX];

	copy_name(shown, sizeof(shown), member->name);
	if (!s3_check_scheme(member->name, err) || !check_lower_case(member->name, err))
	{
		s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" is not the name of a scheme", shown);
		return s3_error_detail(err, "A scheme is a lower-case letter followed by lower-case letters, digits, \"+\", \"-\" and \".\", at most %d in all.",
							   S3_SCHEME_MAX);
	}
	for (int i = 0; i < endpoints->count; i++)
		if (s3_slice_equal(s3_slice_cstring(endpoints->entries[i].scheme), member->name))
			return s3_error_set(err, S3_ERROR_ARGUMENT, "entry \"%s\" is there twice", shown);
	if (member->kind != S3_JSON_OBJECT)
		return s3_error_set(err, S3_ERROR_ARGUMENT, "entry \"%s\" is not an object", shown);
	return true;
}

/* Schemes in URLs are compared without regard to case, so each has one spelling here. */
static bool
check_lower_case(S3Slice name, S3Error *err)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] >= 'A' && name.data[i] <= 'Z')
			return s3_error_set(err, S3_ERROR_ARGUMENT, "upper case");
	return true;
}

static S3EndpointEntry *
add_entry(S3Endpoints *endpoints, const char *scheme)
{
	S3EndpointEntry *entry;

	if (endpoints->count == endpoints->capacity)
	{
		size_t		size;

		endpoints->capacity = Max(ENTRIES_INITIAL, endpoints->capacity * 2);
		size = endpoints->capacity * sizeof(S3EndpointEntry);
		endpoints->entries = endpoints->entries == NULL ?
			palloc(size) : repalloc(endpoints->entries, size);
	}
	entry = &endpoints->entries[endpoints->count++];
	memset(entry, 0, sizeof(*entry));
	entry->scheme = scheme;
	return entry;
}

static bool
parse_setting(S3JsonReader *reader, S3JsonMember *member, S3EndpointEntry *entry,
			  S3Error *err)
{
	const S3SettingDef *def = s3_setting_find(member->name);
	uint64		bit;

	if (def == NULL)
		return refuse_unknown_setting(member->name, err);

	bit = S3_SETTING_BIT(def - s3_setting_defs);
	if ((entry->named & bit) != 0)
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" is there twice", def->name);
	entry->named |= bit;
	if (member->kind == S3_JSON_NULL)
		return true;
	if (!put_value(reader, def, member, &entry->values, err))
		return false;
	entry->given |= bit;
	return true;
}

static bool
put_value(S3JsonReader *reader, const S3SettingDef *def, S3JsonMember *member,
		  S3Settings *values, S3Error *err)
{
	switch (member->kind)
	{
		case S3_JSON_STRING:
			return s3_setting_put_string(def, member->value.data, values, err);
		case S3_JSON_NUMBER:
			return s3_setting_put_number(def, member->value, values, err);
		case S3_JSON_TRUE:
		case S3_JSON_FALSE:
			return s3_setting_put_bool(def, member->kind == S3_JSON_TRUE, values, err);
		case S3_JSON_OBJECT:
			if ((def->flags & S3_SETTING_OBJECT) == 0)
				break;
			return s3_json_take_object(reader, member, err) &&
				s3_setting_put_string(def, member->value.data, values, err);
		case S3_JSON_ARRAY:
			if ((def->flags & S3_SETTING_LIST) == 0)
				break;
			return s3_json_take_list(reader, member, err) &&
				s3_setting_put_string(def, member->value.data, values, err);
		case S3_JSON_NULL:
			break;
	}
	return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" cannot be an %s", def->name,
						member->kind == S3_JSON_OBJECT ? "object" : "array");
}

static bool
refuse_unknown_setting(S3Slice name, S3Error *err)
{
	char		shown[NAME_SHOWN_MAX];
	char		valid[S3_ERROR_DETAIL_MAX] = "";

	for (int i = 0; i < S3_ENDPOINT_SETTINGS_COUNT; i++)
	{
		if (i > 0)
			strlcat(valid, ", ", sizeof(valid));
		strlcat(valid, s3_setting_defs[i].name, sizeof(valid));
	}
	copy_name(shown, sizeof(shown), name);
	s3_error_set(err, S3_ERROR_ARGUMENT, "there is no setting \"%s\"", shown);
	return s3_error_detail(err, "Valid settings are %s.", valid);
}

bool
s3_endpoint_entry_refuse(const char *scheme, S3Error *err)
{
	char		message[S3_ERROR_MESSAGE_MAX];

	strlcpy(message, err->message, sizeof(message));
	snprintf(err->message, sizeof(err->message), "entry \"%s\": %s", scheme, message);
	return false;
}

/* Copies a name for a message; what looks like a key, put there by mistake, is masked. */
static void
copy_name(char *dst, size_t dst_size, S3Slice name)
{
	if (s3_looks_like_secret(name.data))
		strlcpy(dst, S3_SECRET_MASK, dst_size);
	else
		s3_error_copy_text(dst, dst_size, name);
}

void
s3_endpoints_mask(const char *text, StringInfo masked)
{
	size_t		len = strlen(text);
	char	   *copy = pstrdup(text);
	size_t		shown = 0;		/* what is before this byte is appended */
	int			depth = 1;
	S3JsonReader reader;
	S3JsonMember member;
	S3Error		err;

	s3_json_start(&reader, copy, len);
	if (!s3_json_begin_object(&reader, &err))
		depth = 0;
	while (depth > 0)
	{
		if (!s3_json_next_member(&reader, &member, &err))
			break;
		if (member.name.data == NULL)
			depth--;
		else if (member.kind == S3_JSON_OBJECT && s3_json_begin_object(&reader, &err))
			depth++;
		else if (member.kind == S3_JSON_ARRAY && !s3_json_take_list(&reader, &member, &err))
			break;
		else if (is_secret(&member))
		{
			appendBinaryStringInfo(masked, text + shown, member.value_start - shown);
			appendStringInfoString(masked, "\"" S3_SECRET_MASK "\"");
			shown = member.value_end;
		}
	}

	/* Text that passed the check can be read to its end. */
	if (depth == 0)
		appendBinaryStringInfo(masked, text + shown, len - shown);
	explicit_bzero(copy, len);
	pfree(copy);
}

static bool
is_secret(const S3JsonMember *member)
{
	const S3SettingDef *def = s3_setting_find(member->name);

	return def != NULL && (def->flags & S3_SETTING_SECRET) != 0 && member->value.len > 0;
}
