/*-------------------------------------------------------------------------
 *
 * form_policy.c
 *	  The policy of a browser form: what may be uploaded with it.
 *
 *	{"expiration": "2024-01-02T03:04:05Z", "conditions": [
 *		{"acl": "private"}, ["starts-with", "$key", "user/"],
 *		["content-length-range", 0, 1048576]]}
 *
 * Guarantees: the policy is JSON in UTF-8, each condition of one of the three
 * forms above; a condition that is not understood is an error, since leaving it
 * out would allow more than was meant.  No character is escaped that need not be:
 * Ceph refuses the two escapes of one beyond U+FFFF.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "backend/fields_jsonb.h"
#include "base/date.h"
#include "base/digest.h"
#include "fmgr.h"
#include "links/form_policy.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#define CONDITION_PARTS	3		/* of a condition that is an array */
#define SIZE_DIGITS_MAX	19		/* of a size in bytes */

static void add_exact_given(StringInfo policy, JsonbContainer *object);
static void add_array_given(StringInfo policy, JsonbContainer *array);
static void add_match(StringInfo policy, const char *operator, JsonbValue *parts);
static void add_size_range(StringInfo policy, JsonbValue *parts);
static const char *size_text(JsonbValue *value);
static char *string_text(JsonbValue *value);
static void require(bool good, const char *detail);
static void start_condition(StringInfo policy);
static void append_json(StringInfo dst, const char *utf8);

void
s3_form_policy_start(StringInfo policy, int64 ends_at)
{
	char		text[S3_ISO_DATE_SIZE];

	if (!s3_date_format_iso(ends_at, text))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("signing time out of range"),
				 errdetail("A form ends by the year 9999.")));
	appendStringInfo(policy, "{\"expiration\": \"%s\", \"conditions\": [", text);
}

void
s3_form_policy_add_given(StringInfo policy, Jsonb *conditions)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;

	require(JB_ROOT_IS_ARRAY(conditions) && !JB_ROOT_IS_SCALAR(conditions),
			"They must be a JSON array.");
	iterator = JsonbIteratorInit(&conditions->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		require(value.type == jbvBinary, "Each condition must be an object or an array.");
		if (JsonContainerIsObject(value.val.binary.data))
			add_exact_given(policy, value.val.binary.data);
		else
			add_array_given(policy, value.val.binary.data);
	}
}

void
s3_form_policy_add_exact(StringInfo policy, const char *field, const char *value)
{
	start_condition(policy);
	appendStringInfoChar(policy, '{');
	append_json(policy, field);
	appendStringInfoString(policy, ": ");
	append_json(policy, value);
	appendStringInfoChar(policy, '}');
}

void
s3_form_policy_add_fields(StringInfo policy, const S3Fields *fields)
{
	for (int i = 0; i < fields->count; i++)
		s3_form_policy_add_exact(policy, fields->items[i].name, fields->items[i].value);
}

void
s3_form_policy_add_start(StringInfo policy, const char *field, const char *start)
{
	start_condition(policy);
	appendStringInfoString(policy, "[\"starts-with\", ");
	append_json(policy, psprintf("$%s", field));
	appendStringInfoString(policy, ", ");
	append_json(policy, start);
	appendStringInfoChar(policy, ']');
}

void
s3_form_policy_add_max_size(StringInfo policy, int64 max_size)
{
	start_condition(policy);
	appendStringInfo(policy, "[\"content-length-range\", 0, " INT64_FORMAT "]", max_size);
}

char *
s3_form_policy_finish(StringInfo policy)
{
	appendStringInfoString(policy, "]}");
	return s3_base64((const uint8 *) policy->data, policy->len);
}

/* {"field": "value"} */
static void
add_exact_given(StringInfo policy, JsonbContainer *object)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbValue	field;
	JsonbValue	value;

	require(JsonContainerSize(object) == 1, "An object has one member, the field and its value.");
	while (s3_member_next(&iterator, &field, &value))
	{
		require(value.type == jbvString, "The value of a field must be a string.");
		s3_form_policy_add_exact(policy, string_text(&field), string_text(&value));
	}
}

/* ["eq" or "starts-with", "$field", "value"], ["content-length-range", min, max] */
static void
add_array_given(StringInfo policy, JsonbContainer *array)
{
	JsonbIterator *iterator = JsonbIteratorInit(array);
	JsonbIteratorToken token;
	JsonbValue	value;
	JsonbValue	parts[CONDITION_PARTS];
	int			count = 0;
	char	   *operator;

	require(JsonContainerSize(array) == CONDITION_PARTS, "An array has three elements.");
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM && count < CONDITION_PARTS)
			parts[count++] = value;
	}
	require(parts[0].type == jbvString,
			"An array begins with \"eq\", \"starts-with\" or \"content-length-range\".");
	operator = string_text(&parts[0]);
	if (strcmp(operator, "content-length-range") == 0)
		add_size_range(policy, parts);
	else
		add_match(policy, operator, parts);
}

static void
add_match(StringInfo policy, const char *operator, JsonbValue *parts)
{
	char	   *field;

	require(strcmp(operator, "eq") == 0 || strcmp(operator, "starts-with") == 0,
			"An array begins with \"eq\", \"starts-with\" or \"content-length-range\".");
	require(parts[1].type == jbvString && parts[2].type == jbvString,
			"Behind \"eq\" and \"starts-with\" there are two strings.");
	field = string_text(&parts[1]);
	require(field[0] == '$' && field[1] != '\0',
			"The name of the field begins with \"$\", such as \"$Content-Type\".");
	start_condition(policy);
	appendStringInfo(policy, "[\"%s\", ", operator);
	append_json(policy, field);
	appendStringInfoString(policy, ", ");
	append_json(policy, string_text(&parts[2]));
	appendStringInfoChar(policy, ']');
}

static void
add_size_range(StringInfo policy, JsonbValue *parts)
{
	start_condition(policy);
	appendStringInfo(policy, "[\"content-length-range\", %s, %s]",
					 size_text(&parts[1]), size_text(&parts[2]));
}

static const char *
size_text(JsonbValue *value)
{
	static const char detail[] = "Behind \"content-length-range\" there are two sizes in bytes.";
	char	   *text;

	require(value->type == jbvNumeric, detail);
	text = DatumGetCString(DirectFunctionCall1(numeric_out,
											   NumericGetDatum(value->val.numeric)));
	require(strlen(text) <= SIZE_DIGITS_MAX && strspn(text, "0123456789") == strlen(text), detail);
	return text;
}

static char *
string_text(JsonbValue *value)
{
	return s3_utf8_cstring(value->val.string.val, value->val.string.len);
}

static void
require(bool good, const char *detail)
{
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value of \"conditions\""),
				 errdetail("%s", detail),
				 errhint("Write them as [{\"acl\": \"private\"}, [\"starts-with\", \"$Content-Type\", \"image/\"], [\"content-length-range\", 0, 1048576]].")));
}

static void
start_condition(StringInfo policy)
{
	if (policy->data[policy->len - 1] != '[')
		appendStringInfoString(policy, ", ");
}

/* A JSON string (RFC 8259). */
static void
append_json(StringInfo dst, const char *utf8)
{
	static const char escapes[] = "\"\"\\\\\nn\rr\tt\bb\ff";

	appendStringInfoChar(dst, '"');
	for (const char *p = utf8; *p != '\0'; p++)
	{
		const char *escape = escapes;

		while (*escape != '\0' && *escape != *p)
			escape += 2;
		if (*escape != '\0')
			appendStringInfo(dst, "\\%c", escape[1]);
		else if ((unsigned char) *p < ' ' || *p == 0x7f)
			appendStringInfo(dst, "\\u%04x", *p);
		else
			appendStringInfoChar(dst, *p);
	}
	appendStringInfoChar(dst, '"');
}
