/*-------------------------------------------------------------------------
 *
 * params.c
 *	  S3's operations, and the parameters that boto3 takes for them.
 *
 * One table holds every parameter: where it goes, under which name, as what
 * type, and for which operations.  Names, places and types are those of the
 * Amazon S3 API Reference, as boto3 spells them.  The user cannot set a
 * header that the signature or the transfer lives by.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/base64.h"
#include "digest.h"
#include "encoding.h"
#include "fmgr.h"
#include "metadata.h"
#include "params.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#define SSE_KEY_LEN			32	/* bytes of an SSE-C key */
#define SSE_KEY_HEADER		"x-amz-server-side-encryption-customer-key"
#define SSE_KEY_MD5_HEADER	SSE_KEY_HEADER "-md5"

#define GET		S3_GET_OBJECT
#define HEAD	S3_HEAD_OBJECT
#define PUT		S3_PUT_OBJECT
#define DELETE	S3_DELETE_OBJECT

typedef enum ParamPlace
{
	PLACE_QUERY,
	PLACE_HEADER
} ParamPlace;

typedef enum ParamType
{
	TYPE_STRING,
	TYPE_INTEGER,
	TYPE_BOOLEAN,
	TYPE_HTTP_DATE,				/* RFC 9110 */
	TYPE_ISO_DATE,				/* ISO 8601 */
	TYPE_SSE_KEY,				/* 32 bytes, or their base64 form */
	TYPE_METADATA				/* an object of strings */
} ParamType;

typedef struct ParamRule
{
	const char *name;
	int			operations;
	ParamPlace	place;
	ParamType	type;
	const char *wire_name;
} ParamRule;

static const S3Operation operations[] = {
	{S3_GET_OBJECT, "get_object", "GET", true, "get", "from"},
	{S3_HEAD_OBJECT, "head_object", "HEAD", true, "look up", "in"},
	{S3_PUT_OBJECT, "put_object", "PUT", false, "put", "into"},
	{S3_DELETE_OBJECT, "delete_object", "DELETE", false, "delete", "from"}
};

/* What no link is made for, under this or any other name. */
static const S3Operation internal_operations[] = {
	{S3_LIST_OBJECTS_V2, "list_objects_v2", "GET", true, "list", "of"},
	{S3_LIST_OBJECT_VERSIONS, "list_object_versions", "GET", true, "list", "of"}
};

static const ParamRule rules[] = {
	{"ACL", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-acl"},
	{"BucketKeyEnabled", PUT, PLACE_HEADER, TYPE_BOOLEAN, "x-amz-server-side-encryption-bucket-key-enabled"},
	{"BypassGovernanceRetention", DELETE, PLACE_HEADER, TYPE_BOOLEAN, "x-amz-bypass-governance-retention"},
	{"CacheControl", PUT, PLACE_HEADER, TYPE_STRING, "cache-control"},
	{"ChecksumAlgorithm", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-sdk-checksum-algorithm"},
	{"ChecksumCRC32", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-checksum-crc32"},
	{"ChecksumCRC32C", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-checksum-crc32c"},
	{"ChecksumMode", GET | HEAD, PLACE_HEADER, TYPE_STRING, "x-amz-checksum-mode"},
	{"ChecksumSHA1", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-checksum-sha1"},
	{"ChecksumSHA256", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-checksum-sha256"},
	{"ContentDisposition", PUT, PLACE_HEADER, TYPE_STRING, "content-disposition"},
	{"ContentEncoding", PUT, PLACE_HEADER, TYPE_STRING, "content-encoding"},
	{"ContentLanguage", PUT, PLACE_HEADER, TYPE_STRING, "content-language"},
	{"ContentLength", PUT, PLACE_HEADER, TYPE_INTEGER, "content-length"},
	{"ContentMD5", PUT, PLACE_HEADER, TYPE_STRING, "content-md5"},
	{"ContentType", PUT, PLACE_HEADER, TYPE_STRING, "content-type"},
	{"ExpectedBucketOwner", GET | HEAD | PUT | DELETE, PLACE_HEADER, TYPE_STRING, "x-amz-expected-bucket-owner"},
	{"Expires", PUT, PLACE_HEADER, TYPE_HTTP_DATE, "expires"},
	{"GrantFullControl", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-grant-full-control"},
	{"GrantRead", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-grant-read"},
	{"GrantReadACP", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-grant-read-acp"},
	{"GrantWriteACP", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-grant-write-acp"},
	{"IfMatch", GET | HEAD | PUT | DELETE, PLACE_HEADER, TYPE_STRING, "if-match"},
	{"IfModifiedSince", GET | HEAD, PLACE_HEADER, TYPE_HTTP_DATE, "if-modified-since"},
	{"IfNoneMatch", GET | HEAD | PUT, PLACE_HEADER, TYPE_STRING, "if-none-match"},
	{"IfUnmodifiedSince", GET | HEAD, PLACE_HEADER, TYPE_HTTP_DATE, "if-unmodified-since"},
	{"MFA", DELETE, PLACE_HEADER, TYPE_STRING, "x-amz-mfa"},
	{"Metadata", PUT, PLACE_HEADER, TYPE_METADATA, "x-amz-meta-"},
	{"ObjectLockLegalHoldStatus", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-object-lock-legal-hold"},
	{"ObjectLockMode", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-object-lock-mode"},
	{"ObjectLockRetainUntilDate", PUT, PLACE_HEADER, TYPE_ISO_DATE, "x-amz-object-lock-retain-until-date"},
	{"PartNumber", GET | HEAD, PLACE_QUERY, TYPE_INTEGER, "partNumber"},
	{"Range", GET | HEAD, PLACE_HEADER, TYPE_STRING, "range"},
	{"RequestPayer", GET | HEAD | PUT | DELETE, PLACE_HEADER, TYPE_STRING, "x-amz-request-payer"},
	{"ResponseCacheControl", GET, PLACE_QUERY, TYPE_STRING, "response-cache-control"},
	{"ResponseContentDisposition", GET, PLACE_QUERY, TYPE_STRING, "response-content-disposition"},
	{"ResponseContentEncoding", GET, PLACE_QUERY, TYPE_STRING, "response-content-encoding"},
	{"ResponseContentLanguage", GET, PLACE_QUERY, TYPE_STRING, "response-content-language"},
	{"ResponseContentType", GET, PLACE_QUERY, TYPE_STRING, "response-content-type"},
	{"ResponseExpires", GET, PLACE_QUERY, TYPE_HTTP_DATE, "response-expires"},
	{"SSECustomerAlgorithm", GET | HEAD | PUT, PLACE_HEADER, TYPE_STRING, "x-amz-server-side-encryption-customer-algorithm"},
	{"SSECustomerKey", GET | HEAD | PUT, PLACE_HEADER, TYPE_SSE_KEY, SSE_KEY_HEADER},
	{"SSECustomerKeyMD5", GET | HEAD | PUT, PLACE_HEADER, TYPE_STRING, SSE_KEY_MD5_HEADER},
	{"SSEKMSEncryptionContext", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-server-side-encryption-context"},
	{"SSEKMSKeyId", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-server-side-encryption-aws-kms-key-id"},
	{"ServerSideEncryption", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-server-side-encryption"},
	{"StorageClass", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-storage-class"},
	{"Tagging", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-tagging"},
	{"VersionId", GET | HEAD | DELETE, PLACE_QUERY, TYPE_STRING, "versionId"},
	{"WebsiteRedirectLocation", PUT, PLACE_HEADER, TYPE_STRING, "x-amz-website-redirect-location"}
};

static const ParamRule *find_rule(const S3Operation *operation, const char *name);
static char *list_rules(const S3Operation *operation);
static void apply_rule(const ParamRule *rule, JsonbValue *value, S3Request *request);
static void apply_sse_key(const ParamRule *rule, JsonbValue *value, S3Request *request);
static int	decode_sse_key(const char *text, uint8 *key, size_t size);
static void add_sse_key_md5(S3Request *request);
static void apply_metadata(const char *what, JsonbContainer *object, S3Request *request);
static char *scalar_text(const ParamRule *rule, JsonbValue *value);
static char *integer_text(const char *name, JsonbValue *value);
static char *date_text(const ParamRule *rule, JsonbValue *value);
static char *format_http_date(const struct pg_tm *tm);
static char *string_text(const char *name, JsonbValue *value);
static void require_type(const char *name, bool good, const char *wanted);
static void add_header(const char *what, const char *name, const char *value, S3Request *request);
static void require_object(const char *what, Jsonb *json);

const S3Operation *
s3_operation(S3OperationId id)
{
	for (int i = 0; i < lengthof(operations); i++)
	{
		if (operations[i].id == id)
			return &operations[i];
	}
	for (int i = 0; i < lengthof(internal_operations); i++)
	{
		if (internal_operations[i].id == id)
			return &internal_operations[i];
	}
	elog(ERROR, "unrecognized S3 operation: %d", (int) id);
}

const S3Operation *
s3_operation_find(const char *name)
{
	StringInfoData valid;

	for (int i = 0; i < lengthof(operations); i++)
	{
		if (pg_strcasecmp(operations[i].name, name) == 0 ||
			pg_strcasecmp(operations[i].method, name) == 0)
			return &operations[i];
	}
	initStringInfo(&valid);
	for (int i = 0; i < lengthof(operations); i++)
		appendStringInfo(&valid, "%s%s (%s)", i > 0 ? ", " : "",
						 operations[i].name, operations[i].method);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid S3 operation \"%s\"", name),
			 errdetail("Valid operations: %s.", valid.data)));
}

void
s3_params_apply(const S3Operation *operation, Jsonb *params, S3Request *request)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (params == NULL)
		return;
	require_object("params", params);
	iterator = JsonbIteratorInit(&params->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char	   *name;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(value.val.string.val, value.val.string.len);
		(void) JsonbIteratorNext(&iterator, &value, true);
		if (value.type != jbvNull)
			apply_rule(find_rule(operation, name), &value, request);
	}
	add_sse_key_md5(request);
}

void
s3_params_apply_metadata(Jsonb *metadata, S3Request *request)
{
	if (metadata == NULL)
		return;
	require_object("metadata", metadata);
	apply_metadata("metadata", &metadata->root, request);
}

static const ParamRule *
find_rule(const S3Operation *operation, const char *name)
{
	for (int i = 0; i < lengthof(rules); i++)
	{
		if ((rules[i].operations & operation->id) != 0 && strcmp(rules[i].name, name) == 0)
			return &rules[i];
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid parameter \"%s\" for %s", name, operation->name),
			 errdetail("Valid parameters: %s.", list_rules(operation))));
}

static char *
list_rules(const S3Operation *operation)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < lengthof(rules); i++)
	{
		if ((rules[i].operations & operation->id) != 0)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", rules[i].name);
	}
	return names.data;
}

static void
apply_rule(const ParamRule *rule, JsonbValue *value, S3Request *request)
{
	if (rule->type == TYPE_METADATA)
	{
		require_type(rule->name, value->type == jbvBinary &&
					 JsonContainerIsObject(value->val.binary.data), "an object of strings");
		apply_metadata(rule->name, value->val.binary.data, request);
	}
	else if (rule->type == TYPE_SSE_KEY)
		apply_sse_key(rule, value, request);
	else if (rule->place == PLACE_QUERY)
		s3_fields_add(&request->query, rule->wire_name, scalar_text(rule, value));
	else
		add_header(rule->name, rule->wire_name, scalar_text(rule, value), request);
}

/*
 * An SSE-C key: boto3 takes the 32 bytes themselves, which JSON can only hold
 * when they are text, so their base64 form is taken, too.  S3 wants the base64
 * form.
 */
static void
apply_sse_key(const ParamRule *rule, JsonbValue *value, S3Request *request)
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
 * Against errors on the way S3 wants the MD5 of an SSE-C key with it.  Added
 * after all parameters, since one of them may give it.
 */
static void
add_sse_key_md5(S3Request *request)
{
	const char *base64 = s3_fields_find(&request->headers, SSE_KEY_HEADER);
	uint8		key[SSE_KEY_LEN + 3];
	uint8		md5[S3_MD5_LEN];
	S3Error		err;
	bool		ok;

	if (base64 == NULL || s3_fields_find(&request->headers, SSE_KEY_MD5_HEADER) != NULL)
		return;
	if (decode_sse_key(base64, key, sizeof(key)) != SSE_KEY_LEN)
		elog(ERROR, "could not decode an SSE-C key that was encoded here");
	ok = s3_md5(s3_slice((char *) key, SSE_KEY_LEN), md5, &err);
	explicit_bzero(key, sizeof(key));
	if (!ok)
		s3_error_throw(&err);
	s3_fields_add(&request->headers, SSE_KEY_MD5_HEADER, s3_base64(md5, sizeof(md5)));
}

static void
apply_metadata(const char *what, JsonbContainer *object, S3Request *request)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	value;
	S3Error		err;
	size_t		size = 0;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char	   *name;
		char	   *text;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(value.val.string.val, value.val.string.len);
		if (!s3_check_header_name(name, &err))
			s3_error_throw(&err);
		(void) JsonbIteratorNext(&iterator, &value, true);
		text = string_text(name, &value);
		size += strlen(name) + strlen(text);
		for (char *p = name; *p != '\0'; p++)
			*p = pg_ascii_tolower((unsigned char) *p);
		add_header(name, psprintf(S3_METADATA_PREFIX "%s", name), text, request);
	}
	if (size > S3_METADATA_SIZE_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("user metadata in \"%s\" is too large", what),
				 errdetail("Names and values have %zu bytes; S3 allows %d.",
						   size, S3_METADATA_SIZE_MAX)));
}

/* The text of a value as it goes over the wire, UTF-8. */
static char *
scalar_text(const ParamRule *rule, JsonbValue *value)
{
	switch (rule->type)
	{
		case TYPE_INTEGER:
			return integer_text(rule->name, value);
		case TYPE_BOOLEAN:
			require_type(rule->name, value->type == jbvBool, "true or false");
			return pstrdup(value->val.boolean ? "true" : "false");
		case TYPE_HTTP_DATE:
		case TYPE_ISO_DATE:
			return date_text(rule, value);
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
date_text(const ParamRule *rule, JsonbValue *value)
{
	TimestampTz timestamp;
	struct pg_tm tm;
	fsec_t		fsec;

	if (value->type == jbvNumeric)
		timestamp = DatumGetTimestampTz(DirectFunctionCall1(float8_timestamptz,
															DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric))));
	else
		timestamp = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in,
															CStringGetDatum(string_text(rule->name, value)),
															ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	if (TIMESTAMP_NOT_FINITE(timestamp) ||
		timestamp2tm(timestamp, NULL, &tm, &fsec, NULL, NULL) != 0 ||
		tm.tm_year < 1 || tm.tm_year > 9999)
		require_type(rule->name, false, "a time in the years 1 to 9999");
	if (rule->type == TYPE_HTTP_DATE)
		return format_http_date(&tm);
	/* Fractions are cut off, as boto3 does. */
	return psprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year, tm.tm_mon, tm.tm_mday,
					tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* RFC 9110, IMF-fixdate; English whatever lc_time says. */
static char *
format_http_date(const struct pg_tm *tm)
{
	static const char *const day_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const month_names[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
	};

	return psprintf("%s, %02d %s %04d %02d:%02d:%02d GMT",
					day_names[j2day(date2j(tm->tm_year, tm->tm_mon, tm->tm_mday))],
					tm->tm_mday, month_names[tm->tm_mon - 1], tm->tm_year,
					tm->tm_hour, tm->tm_min, tm->tm_sec);
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
				 errmsg("invalid value of \"%s\"", name),
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
