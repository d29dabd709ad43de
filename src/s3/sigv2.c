/*-------------------------------------------------------------------------
 *
 * sigv2.c
 *	  AWS Signature Version 2 for S3.
 *
 *	  string to sign -> signature
 *
 * Pure.  Names in comments are those of "Signing and Authenticating REST
 * Requests (AWS signature version 2)" in the Amazon S3 API Reference.
 *
 * It signs no headers but Content-MD5, Content-Type, Date and x-amz-*: a server
 * does not notice when whoever uses a link leaves out another one.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/date.h"
#include "base/digest.h"
#include "base/uri.h"
#include "s3/sigv2.h"

#define AMZ_PREFIX		"x-amz-"
#define SECURITY_TOKEN	"x-amz-security-token"

static char *make_signature(const S3Request *request, const S3Signing *signing,
							const char *date, S3Error *err);
static const char *header_value(const S3Request *request, const char *name);
static void append_amz_headers(StringInfo dst, const S3Request *request, const char *token);
static void append_sub_resources(StringInfo dst, const S3Fields *query);
static bool is_sub_resource(const char *name);
static char *sign_text(const S3Signing *signing, const char *text, S3Error *err);
static bool refuse_time(S3Error *err);
static void append_parameter(StringInfo url, const char *name, const char *value);

bool
s3_sigv2_sign(S3Request *request, const S3Signing *signing, S3Error *err)
{
	const S3Credentials *credentials = signing->credentials;
	char	   *date = palloc(S3_HTTP_DATE_SIZE);
	char	   *signature;

	if (signing->time < 0 || !s3_date_format_http(signing->time, date))
		return refuse_time(err);
	signature = make_signature(request, signing, date, err);
	if (signature == NULL)
		return false;
	s3_fields_add(&request->headers, "date", date);
	if (credentials->session_token != NULL)
		s3_fields_add(&request->headers, SECURITY_TOKEN, credentials->session_token);
	s3_fields_add(&request->headers, "authorization",
				  psprintf("AWS %s:%s", credentials->access_key_id, signature));
	return true;
}

bool
s3_sigv2_presign(const S3Request *request, const S3Signing *signing,
				 int expires, StringInfo url, S3Error *err)
{
	const S3Credentials *credentials = signing->credentials;
	char		date[S3_HTTP_DATE_SIZE];
	char		end[32];
	char	   *signature;

	if (signing->time < 0 || !s3_date_format_http(signing->time, date))
		return refuse_time(err);
	snprintf(end, sizeof(end), INT64_FORMAT, signing->time + expires);
	signature = make_signature(request, signing, end, err);
	if (signature == NULL)
		return false;

	s3_request_url(request, url);
	appendStringInfoChar(url, request->query.count > 0 ? '&' : '?');
	append_parameter(url, "AWSAccessKeyId=", credentials->access_key_id);
	append_parameter(url, "&Expires=", end);
	if (credentials->session_token != NULL)
		append_parameter(url, "&" SECURITY_TOKEN "=", credentials->session_token);
	append_parameter(url, "&Signature=", signature);
	return true;
}

bool
s3_sigv2_sign_form(const S3Signing *signing, const char *policy, S3Fields *fields,
				   S3Error *err)
{
	char	   *signature = sign_text(signing, policy, err);

	if (signature == NULL)
		return false;
	s3_fields_add(fields, "AWSAccessKeyId", signing->credentials->access_key_id);
	s3_fields_add(fields, "policy", policy);
	s3_fields_add(fields, "signature", signature);
	return true;
}

/*
 * StringToSign: HTTP-Verb, Content-MD5, Content-Type, Date (of a link: when it
 * expires), CanonicalizedAmzHeaders, CanonicalizedResource.  Returns NULL on
 * failure.
 */
static char *
make_signature(const S3Request *request, const S3Signing *signing, const char *date,
			   S3Error *err)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s\n%s\n%s\n%s\n", request->method,
					 header_value(request, "content-md5"),
					 header_value(request, "content-type"), date);
	append_amz_headers(&text, request, signing->credentials->session_token);
	appendStringInfoString(&text, request->resource);
	append_sub_resources(&text, &request->query);
	return sign_text(signing, text.data, err);
}

static const char *
header_value(const S3Request *request, const char *name)
{
	const char *value = s3_fields_find(&request->headers, name);

	return value == NULL ? "" : value;
}

/* CanonicalizedAmzHeaders: sorted; the values have no blanks at their ends. */
static void
append_amz_headers(StringInfo dst, const S3Request *request, const char *token)
{
	S3Fields	sorted = {0};

	for (int i = 0; i < request->headers.count; i++)
	{
		const S3Field *header = &request->headers.items[i];

		if (s3_starts_with(header->name, AMZ_PREFIX))
			s3_fields_add(&sorted, header->name, header->value);
	}
	if (token != NULL)
		s3_fields_add(&sorted, SECURITY_TOKEN, token);
	s3_fields_sort(&sorted);
	for (int i = 0; i < sorted.count; i++)
		appendStringInfo(dst, "%s:%s\n", sorted.items[i].name, sorted.items[i].value);
}

/* The end of CanonicalizedResource: sorted, and not encoded. */
static void
append_sub_resources(StringInfo dst, const S3Fields *query)
{
	S3Fields	sorted = {0};

	for (int i = 0; i < query->count; i++)
	{
		if (is_sub_resource(query->items[i].name))
			s3_fields_add(&sorted, query->items[i].name, query->items[i].value);
	}
	s3_fields_sort(&sorted);
	for (int i = 0; i < sorted.count; i++)
	{
		appendStringInfo(dst, "%c%s", i == 0 ? '?' : '&', sorted.items[i].name);
		if (sorted.items[i].value != NULL)
			appendStringInfo(dst, "=%s", sorted.items[i].value);
	}
}

static bool
is_sub_resource(const char *name)
{
	static const char *const sub_resources[] = {
		"acl", "cors", "delete", "lifecycle", "location", "logging", "notification",
		"partNumber", "policy", "requestPayment", "response-cache-control",
		"response-content-disposition", "response-content-encoding",
		"response-content-language", "response-content-type", "response-expires",
		"restore", "tagging", "torrent", "uploadId", "uploads", "versionId",
		"versioning", "versions", "website"
	};

	for (int i = 0; i < lengthof(sub_resources); i++)
	{
		if (strcmp(sub_resources[i], name) == 0)
			return true;
	}
	return false;
}

/* Signature = Base64(HMAC-SHA1(SecretAccessKey, text)); NULL on failure. */
static char *
sign_text(const S3Signing *signing, const char *text, S3Error *err)
{
	uint8		hash[S3_SHA1_LEN];

	if (!s3_hmac_sha1(s3_slice_cstring(signing->credentials->secret_access_key),
					  s3_slice_cstring(text), hash, err))
		return NULL;
	return s3_base64(hash, sizeof(hash));
}

static bool
refuse_time(S3Error *err)
{
	s3_error_set(err, S3_ERROR_ARGUMENT, "signing time out of range");
	return s3_error_detail(err, "A signature's time lies between the years 1970 and 9999.");
}

static void
append_parameter(StringInfo url, const char *name, const char *value)
{
	appendStringInfoString(url, name);
	s3_uri_encode(url, s3_slice_cstring(value));
}
