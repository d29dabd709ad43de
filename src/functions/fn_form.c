/*-------------------------------------------------------------------------
 *
 * fn_form.c
 *	  SQL function that signs browser forms: s3_presign_post.
 *
 * Never touches the network.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "backend/fields_jsonb.h"
#include "fmgr.h"
#include "links/form_policy.h"
#include "links/presign.h"
#include "settings/privileges.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define COMMAND			"s3_presign_post()"
#define FILE_NAME		"${filename}"	/* S3 puts the file's name there */
#define CONTENT_TYPE	"Content-Type"

enum
{
	ARG_URL,
	ARG_EXPIRES,
	ARG_MAX_SIZE,
	ARG_CONTENT_TYPE,
	ARG_FIELDS,
	ARG_CONDITIONS,
	ARG_SIGNED_AT
};

PG_FUNCTION_INFO_V1(s3store_presign_post);

static void sign_form(FunctionCallInfo fcinfo, S3Call *call, S3Fields *fields);
static void refuse_conditions(FunctionCallInfo fcinfo);
static void add_conditions(FunctionCallInfo fcinfo, const S3Call *call,
						   const S3Fields *fields, StringInfo policy);
static void add_given_fields(Jsonb *given, S3Fields *fields);
static void check_field(const S3Field *field);
static void check_field_name(const char *name);
static void add_content_type(const char *content_type, S3Fields *fields);
static int64 check_max_size(int64 max_size);
static Datum form_datum(const char *url, const S3Fields *fields);

/*
 * s3_presign_post(url text, expires interval, max_size bigint,
 *				   content_type text, fields jsonb, conditions jsonb,
 *				   signed_at timestamptz) returns jsonb
 */
Datum
s3store_presign_post(PG_FUNCTION_ARGS)
{
	S3Call		call;
	S3Fields	fields = {0};

	if (PG_ARGISNULL(ARG_URL))
		PG_RETURN_NULL();
	s3_privileges_require_write(COMMAND);
	if (!s3_call_open(&call, S3_PUT_OBJECT, COMMAND, S3_CALL_LINK, PG_GETARG_TEXT_PP(ARG_URL)))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(ARG_FIELDS))
		add_given_fields(PG_GETARG_JSONB_P(ARG_FIELDS), &fields);
	if (!PG_ARGISNULL(ARG_CONTENT_TYPE))
		add_content_type(text_to_cstring(PG_GETARG_TEXT_PP(ARG_CONTENT_TYPE)), &fields);
	s3_fields_add(&fields, "key", call.key.data);

	if (s3_call_is_unsigned(&call))
		refuse_conditions(fcinfo);
	else
		sign_form(fcinfo, &call, &fields);
	PG_RETURN_DATUM(form_datum(s3_presign_form_url(&call), &fields));
}

static void
sign_form(FunctionCallInfo fcinfo, S3Call *call, S3Fields *fields)
{
	Interval   *expires = PG_ARGISNULL(ARG_EXPIRES) ? NULL : PG_GETARG_INTERVAL_P(ARG_EXPIRES);
	TimestampTz signed_at = PG_ARGISNULL(ARG_SIGNED_AT) ? 0 : PG_GETARG_TIMESTAMPTZ(ARG_SIGNED_AT);
	S3Lifetime	lifetime = s3_lifetime(&call->endpoint->settings, expires,
									   PG_ARGISNULL(ARG_SIGNED_AT) ? NULL : &signed_at);
	S3Fields	signing_fields = {0};
	StringInfoData policy;

	s3_presign_start_form(call, &lifetime, &signing_fields);
	initStringInfo(&policy);
	s3_form_policy_start(&policy, lifetime.signed_at + lifetime.expires);
	add_conditions(fcinfo, call, fields, &policy);
	s3_form_policy_add_fields(&policy, &signing_fields);
	for (int i = 0; i < signing_fields.count; i++)
		s3_fields_add(fields, signing_fields.items[i].name, signing_fields.items[i].value);
	s3_presign_sign_form(call, &lifetime, s3_form_policy_finish(&policy), fields);
}

/* Conditions that are not signed are not enforced: better an error than a limit that is none. */
static void
refuse_conditions(FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(ARG_MAX_SIZE) || !PG_ARGISNULL(ARG_CONDITIONS))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a form that is not signed cannot have conditions"),
				 errhint("Leave out \"max_size\" and \"conditions\", or set s3store.signature_version.")));
}

static void
add_conditions(FunctionCallInfo fcinfo, const S3Call *call, const S3Fields *fields,
			   StringInfo policy)
{
	size_t		end = strlen(FILE_NAME);
	size_t		len = call->key.len;

	if (!PG_ARGISNULL(ARG_CONDITIONS))
		s3_form_policy_add_given(policy, PG_GETARG_JSONB_P(ARG_CONDITIONS));
	if (!PG_ARGISNULL(ARG_MAX_SIZE))
		s3_form_policy_add_max_size(policy, check_max_size(PG_GETARG_INT64(ARG_MAX_SIZE)));
	if (!PG_ARGISNULL(ARG_CONTENT_TYPE))
		s3_form_policy_add_exact(policy, CONTENT_TYPE, s3_fields_find(fields, CONTENT_TYPE));
	s3_form_policy_add_exact(policy, "bucket", s3_slice_dup(call->location.bucket));
	if (len >= end && strcmp(call->key.data + len - end, FILE_NAME) == 0)
		s3_form_policy_add_start(policy, "key", pnstrdup(call->key.data, len - end));
	else
		s3_form_policy_add_exact(policy, "key", call->key.data);
}

static void
add_given_fields(Jsonb *given, S3Fields *fields)
{
	JsonbIterator *iterator;
	JsonbValue	member;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(given))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value of \"fields\""),
				 errdetail("It must be a JSON object, such as {\"acl\": \"private\"}.")));
	iterator = JsonbIteratorInit(&given->root);
	while (s3_member_next(&iterator, &member, &value))
	{
		char	   *name = s3_utf8_cstring(member.val.string.val, member.val.string.len);

		check_field_name(name);
		if (value.type != jbvString)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid value of field \"%s\"",
							s3_shown_utf8(s3_slice_cstring(name))),
					 errdetail("It must be a string.")));
		s3_fields_add(fields, name,
					  s3_utf8_cstring(value.val.string.val, value.val.string.len));
		check_field(&fields->items[fields->count - 1]);
	}
}

/* The server makes headers of the object of them; the tags alone are XML. */
static void
check_field(const S3Field *field)
{
	S3Error		err;

	if (!s3_check_header_name(field->name, &err) ||
		(pg_strcasecmp(field->name, "tagging") != 0 &&
		 !s3_check_header_value(field->name, field->value, &err)))
		s3_error_throw(&err);
}

/* Servers compare the names of fields without regard to case. */
static void
check_field_name(const char *name)
{
	static const char *const own_fields[] = {
		"AWSAccessKeyId", "file", "key", "policy", "signature", "x-amz-algorithm",
		"x-amz-credential", "x-amz-date", "x-amz-security-token", "x-amz-signature"
	};

	for (int i = 0; i < lengthof(own_fields); i++)
	{
		if (pg_strcasecmp(name, own_fields[i]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("field \"%s\" cannot be given", own_fields[i]),
					 errdetail("The form has a field of that name already.")));
	}
}

static void
add_content_type(const char *content_type, S3Fields *fields)
{
	S3Error		err;

	if (!s3_check_header_value("content_type", content_type, &err))
		s3_error_throw(&err);
	for (int i = 0; i < fields->count; i++)
	{
		if (pg_strcasecmp(fields->items[i].name, CONTENT_TYPE) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the content type is given twice"),
					 errdetail("It stands in \"content_type\" and in \"fields\".")));
	}
	s3_fields_add(fields, CONTENT_TYPE, s3_utf8_cstring(content_type, strlen(content_type)));
}

static int64
check_max_size(int64 max_size)
{
	if (max_size < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"max_size\" must not be negative")));
	return max_size;
}

/* {"url": ..., "fields": {...}} */
static Datum
form_datum(const char *url, const S3Fields *fields)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	s3_string_push(&state, WJB_KEY, "url");
	s3_string_push(&state, WJB_VALUE, url);
	s3_string_push(&state, WJB_KEY, "fields");
	(void) s3_fields_push(&state, fields);
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}
