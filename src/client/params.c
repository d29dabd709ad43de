/*-------------------------------------------------------------------------
 *
 * params.c
 *	  The parameters that boto3 takes, made fields of a request.
 *
 * Only parameters that param_rules.c names get into the query or a header, and
 * headers, those of the answer too, have only values that HTTP allows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "backend/fields_jsonb.h"
#include "base/date.h"
#include "base/digest.h"
#include "base/uri.h"
#include "client/params.h"
#include "common/base64.h"
#include "fmgr.h"
#include "s3/metadata.h"
#include "s3/metadata_words.h"
#include "s3/param_rules.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#define SSE_KEY_LEN			32	/* bytes of an SSE-C key */
#define VERSION_MARK		"?versionId="
#define COPY_SOURCE_WANTED	"\"bucket/key\", or an object with Bucket, Key and, where it matters, VersionId"

static bool take(Jsonb **params, const char *name, JsonbValue *value);
static void apply_given(const S3Operation *operation, Jsonb *params, S3Request *request);
static char *member_name(const JsonbValue *name);
static void check_required(const S3Operation *operation, const S3Request *request);
static const S3ParamRule *find_rule(const S3Operation *operation, const char *name);
static char *list_rules(const S3Operation *operation);
static void apply_rule(const S3ParamRule *rule, JsonbValue *value, S3Request *request);
static char *query_text(const S3ParamRule *rule, JsonbValue *value);
static void apply_sse_key(const S3ParamRule *rule, JsonbValue *value, S3Request *request);
static int	decode_sse_key(const char *text, uint8 *key, size_t size);
static void add_sse_key_md5(const char *name, const char *md5_name, S3Request *request);
static void apply_metadata(const char *what, JsonbContainer *object, S3Request *request);
static char *metadata_text(const char *what, const char *name, JsonbValue *value);
static char *copy_source_text(const S3ParamRule *rule, JsonbValue *value);
static char *find_version(char *source);
static char *copy_source_of_parts(const char *what, JsonbContainer *object, char **version);
static char *scalar_text(const S3ParamRule *rule, JsonbValue *value);
static char *integer_text(const char *name, JsonbValue *value);
static char *date_text(const S3ParamRule *rule, JsonbValue *value);
static char *string_text(const char *name, JsonbValue *value);
static void require_type(const char *name, bool good, const char *wanted);
static void add_header(const char *what, const char *name, const char *value, S3Request *request);
static void require_object(const char *what, Jsonb *json);

const S3Operation *
s3_params_operation(const text *name)
{
	const S3Operation *operation;
	S3Error		err;

	operation = s3_operation_find(s3_utf8_cstring(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)),
								  &err);
	if (operation == NULL)
		s3_error_throw(&err);
	return operation;
}

void
s3_params_apply(const S3Operation *operation, Jsonb *params, S3Request *request)
{
	if (params != NULL)
		apply_given(operation, params, request);
	check_required(operation, request);
	add_sse_key_md5(S3_PARAM_SSE_KEY, S3_PARAM_SSE_KEY "-md5", request);
	add_sse_key_md5(S3_PARAM_SOURCE_SSE_KEY, S3_PARAM_SOURCE_SSE_KEY "-md5", request);

	if (operation->query_name != NULL)
		s3_fields_add(&request->query, operation->query_name, operation->query_value);
	/* As boto3 does: XML cannot hold every character that a key can. */
	if (operation->id == S3_LIST_OBJECTS_V2 &&
		s3_fields_find(&request->query, S3_PARAM_ENCODING_TYPE) == NULL)
		s3_fields_add(&request->query, S3_PARAM_ENCODING_TYPE, "url");
}

char *
s3_params_take_string(Jsonb **params, const char *name)
{
	JsonbValue	value;

	return take(params, name, &value) ? string_text(name, &value) : NULL;
}

bool
s3_params_take_bool(Jsonb **params, const char *name)
{
	JsonbValue	value;

	if (!take(params, name, &value))
		return false;
	require_type(name, value.type == jbvBool, "true or false");
	return value.val.boolean;
}

void
s3_params_apply_metadata(Jsonb *metadata, S3Request *request)
{
	if (metadata == NULL)
		return;
	require_object("metadata", metadata);
	apply_metadata("metadata", &metadata->root, request);
}

/* Returns false when the parameter is not there, or null. */
static bool
take(Jsonb **params, const char *name, JsonbValue *value)
{
	text	   *key = cstring_to_text(name);

	if (*params == NULL)
		return false;
	require_object("params", *params);
	if (getKeyJsonValueFromContainer(&(*params)->root, name, (int) strlen(name), value) == NULL)
		return false;
	*params = DatumGetJsonbP(DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(*params),
												 PointerGetDatum(key)));
	return value->type != jbvNull;
}

static void
apply_given(const S3Operation *operation, Jsonb *params, S3Request *request)
{
	JsonbIterator *iterator;
	JsonbValue	name;
	JsonbValue	value;

	require_object("params", params);
	iterator = JsonbIteratorInit(&params->root);
	while (s3_member_next(&iterator, &name, &value))
	{
		if (value.type != jbvNull)
			apply_rule(find_rule(operation, member_name(&name)), &value, request);
	}
}

static char *
member_name(const JsonbValue *name)
{
	return pnstrdup(name->val.string.val, name->val.string.len);
}

/* A parameter that was given has a field in the request. */
static void
check_required(const S3Operation *operation, const S3Request *request)
{
	for (int i = 0; i < s3_param_rules_count; i++)
	{
		const S3ParamRule *rule = &s3_param_rules[i];
		bool		in_query = rule->place == S3_PARAM_IN_QUERY;

		if ((rule->required & operation->id) != 0 &&
			s3_fields_find(in_query ? &request->query : &request->headers,
						   rule->wire_name) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("parameter \"%s\" is missing for %s", rule->name, operation->name),
					 errdetail("%s needs it in \"params\".", operation->name)));
	}
}

static const S3ParamRule *
find_rule(const S3Operation *operation, const char *name)
{
	for (int i = 0; i < s3_param_rules_count; i++)
	{
		const S3ParamRule *rule = &s3_param_rules[i];

		if ((rule->operations & operation->id) != 0 && strcmp(rule->name, name) == 0)
			return rule;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid parameter \"%s\" for %s", s3_shown_cstring(name), operation->name),
			 errdetail("Valid parameters: %s.", list_rules(operation))));
}

static char *
list_rules(const S3Operation *operation)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < s3_param_rules_count; i++)
	{
		if ((s3_param_rules[i].operations & operation->id) != 0)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", s3_param_rules[i].name);
	}
	return names.data;
}

static void
apply_rule(const S3ParamRule *rule, JsonbValue *value, S3Request *request)
{
	if (rule->type == S3_PARAM_METADATA)
	{
		require_type(rule->name, value->type == jbvBinary &&
					 JsonContainerIsObject(value->val.binary.data), "an object of strings");
		apply_metadata(rule->name, value->val.binary.data, request);
	}
	else if (rule->type == S3_PARAM_SSE_CUSTOMER_KEY)
		apply_sse_key(rule, value, request);
	else if (rule->place == S3_PARAM_IN_QUERY)
		s3_fields_add(&request->query, rule->wire_name, query_text(rule, value));
	else
		add_header(rule->name, rule->wire_name, scalar_text(rule, value), request);
}

/*
 * A query may hold any text, but servers make headers of some: with a line break
 * in it, whoever chose a file's name would choose headers and content, too.
 */
static char *
query_text(const S3ParamRule *rule, JsonbValue *value)
{
	char	   *text = scalar_text(rule, value);
	S3Error		err;

	if (rule->type == S3_PARAM_ANSWER_HEADER && !s3_check_header_value(rule->name, text, &err))
		s3_error_throw(&err);
	return text;
}

/*
 * An SSE-C key: boto3 takes the 32 bytes themselves.  A JSON string cannot have
 * all bytes, so their base64 form is taken, too, which is what S3 wants.
 */
static void
apply_sse_key(const S3ParamRule *rule, JsonbValue *value, S3Request *request)
{
	char	   *text = string_text(rule->name, value);
	uint8		key[SSE_KEY_LEN + 3];	/* pg_b64_decode wants room for a
										 * whole group */
	int			len = (int) strlen(text);

	if (len == SSE_KEY_LEN)
		memcpy(key, text, SSE_KEY_LEN);
	else
		len = decode_sse_key(text, key, sizeof(key));
	require_type(rule->name, len == SSE_KEY_LEN, "a string of 32 bytes, or their base64 form");
	add_header(rule->name, rule->wire_name, s3_base64(key, SSE_KEY_LEN), request);
	explicit_bzero(key, sizeof(key));
}

/* Returns the length of the key, or -1. */
static int
decode_sse_key(const char *text, uint8 *key, size_t size)
{
	size_t		len = strlen(text);

	return len > size / 3 * 4 + 4 ? -1 : pg_b64_decode(text, (int) len, (void *) key, (int) size);
}

/*
 * S3 wants the MD5 of an SSE-C key with it.  Added after all parameters, since
 * one of them may give it.
 */
static void
add_sse_key_md5(const char *name, const char *md5_name, S3Request *request)
{
	const char *base64 = s3_fields_find(&request->headers, name);
	uint8		key[SSE_KEY_LEN + 3];
	uint8		md5[S3_MD5_LEN];
	S3Error		err;
	bool		ok;

	if (base64 == NULL || s3_fields_find(&request->headers, md5_name) != NULL)
		return;
	if (decode_sse_key(base64, key, sizeof(key)) != SSE_KEY_LEN)
		elog(ERROR, "could not decode an SSE-C key that was encoded here");
	ok = s3_md5(s3_slice((char *) key, SSE_KEY_LEN), md5, &err);
	explicit_bzero(key, sizeof(key));
	if (!ok)
		s3_error_throw(&err);
	s3_fields_add(&request->headers, md5_name, s3_base64(md5, sizeof(md5)));
}

static void
apply_metadata(const char *what, JsonbContainer *object, S3Request *request)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbValue	member;
	JsonbValue	value;
	S3Error		err;
	size_t		size = 0;

	while (s3_member_next(&iterator, &member, &value))
	{
		char	   *name = member_name(&member);
		char	   *text;

		if (!s3_check_header_name(name, &err))
			s3_error_throw(&err);
		text = metadata_text(what, name, &value);
		size += strlen(name) + strlen(text);
		for (char *p = name; *p != '\0'; p++)
			*p = pg_ascii_tolower((unsigned char) *p);
		if (!s3_check_header_value(name, text, &err))
			s3_error_throw(&err);
		add_header(name, psprintf(S3_METADATA_PREFIX "%s", name),
				   s3_metadata_words_encode(text), request);
	}
	if (size > S3_METADATA_SIZE_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("user metadata in \"%s\" is too large", what),
				 errdetail("Names and values have %zu bytes; S3 allows %d.",
						   size, S3_METADATA_SIZE_MAX)));
}

static char *
metadata_text(const char *what, const char *name, JsonbValue *value)
{
	if (value->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value of \"%s\" in \"%s\"", s3_error_text(name), what),
				 errdetail("User metadata are strings."),
				 errhint("Write \"1\" for 1.")));
	return s3_utf8_cstring(value->val.string.val, value->val.string.len);
}

/*
 * What is to be copied: "bucket/key" with "?versionId=" behind it where there
 * is a version, or an object of the three, whose key may hold anything.  The
 * version goes over the wire as it stands.
 */
static char *
copy_source_text(const S3ParamRule *rule, JsonbValue *value)
{
	StringInfoData text;
	char	   *source;
	char	   *version = NULL;

	if (value->type == jbvString)
	{
		source = string_text(rule->name, value);
		version = find_version(source);
		if (version != NULL)
		{
			*version = '\0';
			version += strlen(VERSION_MARK);
		}
	}
	else
	{
		require_type(rule->name, value->type == jbvBinary &&
					 JsonContainerIsObject(value->val.binary.data), COPY_SOURCE_WANTED);
		source = copy_source_of_parts(rule->name, value->val.binary.data, &version);
	}
	initStringInfo(&text);
	s3_uri_encode_path(&text, s3_slice_cstring(source));
	if (version != NULL)
		appendStringInfo(&text, VERSION_MARK "%s", version);
	return text.data;
}

/* Where "?versionId=" and something without a blank end the text, or NULL. */
static char *
find_version(char *source)
{
	for (char *mark = source; (mark = strstr(mark, VERSION_MARK)) != NULL; mark++)
	{
		const char *version = mark + strlen(VERSION_MARK);

		if (version[0] != '\0' && strpbrk(version, " \t\n\v\f\r") == NULL)
			return mark;
	}
	return NULL;
}

static char *
copy_source_of_parts(const char *what, JsonbContainer *object, char **version)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbValue	member;
	JsonbValue	value;
	char	   *bucket = NULL;
	char	   *key = NULL;

	while (s3_member_next(&iterator, &member, &value))
	{
		char	   *name = member_name(&member);

		if (strcmp(name, "Bucket") == 0)
			bucket = string_text(what, &value);
		else if (strcmp(name, "Key") == 0)
			key = string_text(what, &value);
		else if (strcmp(name, "VersionId") != 0)
			require_type(what, false, COPY_SOURCE_WANTED);
		else if (value.type != jbvNull)
			*version = string_text(what, &value);
	}
	require_type(what, bucket != NULL && key != NULL, COPY_SOURCE_WANTED);
	return psprintf("%s/%s", bucket, key);
}

/* The text of a value as it goes over the wire, UTF-8. */
static char *
scalar_text(const S3ParamRule *rule, JsonbValue *value)
{
	switch (rule->type)
	{
		case S3_PARAM_INTEGER:
			return integer_text(rule->name, value);
		case S3_PARAM_BOOLEAN:
			require_type(rule->name, value->type == jbvBool, "true or false");
			return pstrdup(value->val.boolean ? "true" : "false");
		case S3_PARAM_HTTP_DATE:
		case S3_PARAM_ISO_DATE:
			return date_text(rule, value);
		case S3_PARAM_COPY_SOURCE:
			return copy_source_text(rule, value);
		default:
			return string_text(rule->name, value);
	}
}

static char *
integer_text(const char *name, JsonbValue *value)
{
	char	   *text;

	require_type(name, value->type == jbvNumeric, "a whole number");
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	require_type(name, strlen(text) <= 19 && strspn(text, "0123456789") == strlen(text),
				 "a whole number");
	return text;
}

/* A timestamp in any form that timestamptz takes, or seconds since 1970. */
static char *
date_text(const S3ParamRule *rule, JsonbValue *value)
{
	char	   *text = palloc(Max(S3_HTTP_DATE_SIZE, S3_ISO_DATE_SIZE));
	TimestampTz timestamp;
	int64		seconds = 0;

	if (value->type == jbvNumeric)
		timestamp = DatumGetTimestampTz(DirectFunctionCall1(float8_timestamptz,
															DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric))));
	else
		timestamp = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in,
															CStringGetDatum(string_text(rule->name, value)),
															ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	if (!TIMESTAMP_NOT_FINITE(timestamp))
		seconds = s3_date_to_unix(timestamp);
	/* Fractions are cut off, as boto3 does. */
	require_type(rule->name, !TIMESTAMP_NOT_FINITE(timestamp) &&
				 (rule->type == S3_PARAM_HTTP_DATE ?
				  s3_date_format_http(seconds, text) : s3_date_format_iso(seconds, text)),
				 "a time in the years 1 to 9999");
	return text;
}

static char *
string_text(const char *name, JsonbValue *value)
{
	require_type(name, value->type == jbvString, "a string");
	return s3_utf8_cstring(value->val.string.val, value->val.string.len);
}

static void
require_type(const char *name, bool good, const char *wanted)
{
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value of \"%s\"", s3_shown_cstring(name)),
				 errdetail("It must be %s.", wanted)));
}

static void
add_header(const char *what, const char *name, const char *value, S3Request *request)
{
	S3Error		err;

	if (!s3_check_header_value(what, value, &err))
		s3_error_throw(&err);
	if (s3_fields_find(&request->headers, name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is given twice", what)));
	s3_fields_add(&request->headers, name, value);
}

static void
require_object(const char *what, Jsonb *json)
{
	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value of \"%s\"", what),
				 errdetail("It must be a JSON object, such as {\"ContentType\": \"text/plain\"}.")));
}
