/*-------------------------------------------------------------------------
 *
 * credentials_response.c
 *	  Parses the documents in which services hand out temporary access keys.
 *
 *		{"Code": "Success", "AccessKeyId": "...", "SecretAccessKey": "...",
 *		 "Token": "...", "Expiration": "2024-01-02T03:04:05Z", ...}
 *
 *		<AssumeRoleWithWebIdentityResponse>
 *		  <AssumeRoleWithWebIdentityResult>
 *			<Credentials>
 *			  <AccessKeyId/> <SecretAccessKey/> <SessionToken/> <Expiration/>
 *
 * Pure.  Errors show nothing of a document but the name of what is missing,
 * and the service's own error code.
 *
 * Specification: "Retrieve security credentials from instance metadata" in the
 * Amazon EC2 User Guide; AssumeRoleWithWebIdentity in the AWS STS API Reference.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/date.h"
#include "base/json.h"
#include "base/xml.h"
#include "credentials/credentials_response.h"

#define CREDENTIALS_DEPTH	3	/* of the elements in Credentials */

/* What a document calls the parts of the access keys. */
typedef struct PartNames
{
	const char *id;
	const char *secret;
	const char *token;
} PartNames;

/* A document as it is read. */
typedef struct DocumentReader
{
	const PartNames *names;
	S3AccessKeys *keys;
	bool		too_long;		/* one of the values */
	bool		has_expiration;
	int64		expiration;		/* microseconds since 1970 */
	char	   *code;			/* of an error, S3_ERROR_CODE_MAX, or NULL */
} DocumentReader;

static const PartNames json_names = {"AccessKeyId", "SecretAccessKey", "Token"};
static const PartNames xml_names = {"AccessKeyId", "SecretAccessKey", "SessionToken"};

static bool read_members(DocumentReader *reader, char *text, size_t len, char *code,
						 S3Error *err);
static void read_xml_element(void *arg, int depth, const char *name, S3Slice text);
static void read_part(DocumentReader *reader, const char *name, S3Slice value);
static void keep(DocumentReader *reader, char *dst, size_t size, S3Slice value);
static bool finish(DocumentReader *reader, S3Error *err);
static bool refuse(DocumentReader *reader, S3Error *err, const char *fmt,
				   const char *name) pg_attribute_printf(3, 0);
static void read_code(void *arg, int depth, const char *name, S3Slice text);

bool
s3_credentials_response_json(char *text, size_t len, S3AccessKeys *keys, S3Error *err)
{
	DocumentReader reader = {&json_names, keys};
	char		code[S3_ERROR_CODE_MAX] = "";

	memset(keys, 0, sizeof(*keys));
	if (!read_members(&reader, text, len, code, err))
	{
		explicit_bzero(keys, sizeof(*keys));
		return false;
	}
	if (code[0] != '\0' && strcmp(code, "Success") != 0)
	{
		explicit_bzero(keys, sizeof(*keys));
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
							"it answers \"%s\" instead of giving access keys", code);
	}
	return finish(&reader, err);
}

bool
s3_credentials_response_xml(S3Slice document, S3AccessKeys *keys, S3Error *err)
{
	DocumentReader reader = {&xml_names, keys};

	memset(keys, 0, sizeof(*keys));
	if (!s3_xml_parse(document, "AssumeRoleWithWebIdentityResponse", read_xml_element,
					  &reader, err))
	{
		explicit_bzero(keys, sizeof(*keys));
		return false;
	}
	return finish(&reader, err);
}

void
s3_credentials_response_xml_error(S3Slice document, S3Error *err)
{
	S3Error		ignored;

	err->code[0] = '\0';
	/* Ceph leaves the outer element out. */
	if (!s3_xml_parse(document, "ErrorResponse", read_code, err->code, &ignored))
		(void) s3_xml_parse(document, "Error", read_code, err->code, &ignored);
}

/* Skips members that it does not know, whatever their values. */
static bool
read_members(DocumentReader *reader, char *text, size_t len, char *code, S3Error *err)
{
	S3JsonReader json;
	S3JsonMember member;
	S3Error		why;

	s3_json_start(&json, text, len);
	if (!s3_json_begin_object(&json, &why))
		return s3_error_set(err, S3_ERROR_PROTOCOL, "the answer is not a JSON object");
	for (;;)
	{
		bool		good = s3_json_next_member(&json, &member, &why);

		if (good && member.name.data == NULL)
			break;
		if (good && member.kind == S3_JSON_OBJECT)
			good = s3_json_take_object(&json, &member, &why);
		else if (good && member.kind == S3_JSON_ARRAY)
			good = s3_json_take_list(&json, &member, &why);
		if (!good)
			return s3_error_set(err, S3_ERROR_PROTOCOL, "the answer is not valid JSON");
		if (member.kind != S3_JSON_STRING)
			continue;
		if (s3_slice_equal(member.name, s3_slice_cstring("Code")))
			s3_error_copy_text(code, S3_ERROR_CODE_MAX, member.value);
		else
			read_part(reader, member.name.data, member.value);
	}
	if (!s3_json_end(&json, &why))
		return s3_error_set(err, S3_ERROR_PROTOCOL, "the answer is not valid JSON");
	return true;
}

/* The parser's callback. */
static void
read_xml_element(void *arg, int depth, const char *name, S3Slice text)
{
	if (depth == CREDENTIALS_DEPTH)
		read_part(arg, name, text);
}

/* Runs in a callback, too: does not throw. */
static void
read_part(DocumentReader *reader, const char *name, S3Slice value)
{
	S3AccessKeys *keys = reader->keys;

	if (strcmp(name, reader->names->id) == 0)
		keep(reader, keys->access_key_id, sizeof(keys->access_key_id), value);
	else if (strcmp(name, reader->names->secret) == 0)
		keep(reader, keys->secret_access_key, sizeof(keys->secret_access_key), value);
	else if (strcmp(name, reader->names->token) == 0)
		keep(reader, keys->session_token, sizeof(keys->session_token), value);
	else if (strcmp(name, "Expiration") == 0)
		reader->has_expiration = s3_date_parse_iso(value, &reader->expiration) &&
			reader->expiration >= USECS_PER_SEC;
}

static void
keep(DocumentReader *reader, char *dst, size_t size, S3Slice value)
{
	if (value.len >= size || (value.len > 0 && memchr(value.data, '\0', value.len) != NULL))
	{
		reader->too_long = true;
		return;
	}
	memcpy(dst, value.data, value.len);
	dst[value.len] = '\0';
}

/* Checks that all four parts are there, and have valid characters. */
static bool
finish(DocumentReader *reader, S3Error *err)
{
	S3AccessKeys *keys = reader->keys;
	const PartNames *names = reader->names;
	S3Error		why;

	if (reader->too_long)
		return refuse(reader, err, "a value in the answer is too long", NULL);
	if (keys->access_key_id[0] == '\0')
		return refuse(reader, err, "the answer has no %s", names->id);
	if (keys->secret_access_key[0] == '\0')
		return refuse(reader, err, "the answer has no %s", names->secret);
	if (keys->session_token[0] == '\0')
		return refuse(reader, err, "the answer has no %s", names->token);
	if (!reader->has_expiration)
		return refuse(reader, err, "the answer has no valid %s", "Expiration");
	if (!s3_check_access_key_id(names->id, keys->access_key_id, &why) ||
		!s3_check_secret_access_key(names->secret, keys->secret_access_key, &why) ||
		!s3_check_session_token(names->token, keys->session_token, &why))
		return refuse(reader, err, "%s", why.message);
	keys->expires_at = reader->expiration / USECS_PER_SEC;
	return true;
}

static bool
refuse(DocumentReader *reader, S3Error *err, const char *fmt, const char *name)
{
	char		message[S3_ERROR_MESSAGE_MAX];

	explicit_bzero(reader->keys, sizeof(S3AccessKeys));
	snprintf(message, sizeof(message), fmt, name);
	return s3_error_set(err, S3_ERROR_PROTOCOL, "%s", message);
}

/* The parser's callback. */
static void
read_code(void *arg, int depth, const char *name, S3Slice text)
{
	if (strcmp(name, "Code") == 0)
		s3_error_copy_text(arg, S3_ERROR_CODE_MAX, text);
}
