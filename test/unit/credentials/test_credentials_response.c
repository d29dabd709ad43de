/*-------------------------------------------------------------------------
 *
 * test_credentials_response.c
 *	  Documents in which services hand out keys, good ones and others.
 *
 *-------------------------------------------------------------------------
 */
#include "credentials/credentials_response.h"
#include "tap.h"

#define PARTS	"\"AccessKeyId\": \"ASIA1\", \"SecretAccessKey\": \"s/+=\", \"Token\": \"t/=\", "
#define ALL		PARTS "\"Expiration\": \"2024-01-02T03:04:05Z\""
#define XML(inside) \
	"<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">" \
	"<AssumeRoleWithWebIdentityResult>" inside \
	"</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
#define XML_PARTS \
	"<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s/+=</SecretAccessKey>" \
	"<SessionToken>t/=</SessionToken>"
#define XML_ALL	XML_PARTS "<Expiration>2024-01-02T03:04:05Z</Expiration>"

#define GOOD	"ASIA1 s/+= t/= 1704164645"

static const struct
{
	const char *text;
	const char *want;			/* the keys, or "!" and the error */
}			json_cases[] =
{
	{"{" ALL "}", GOOD},
	{"{\"Code\": \"Success\", \"Type\": \"AWS-HMAC\", " ALL ", \"LastUpdated\": \"x\"}", GOOD},
	{" {\"a\": {\"Token\": \"no\", \"b\": [{}]}, \"c\": [\"d\"], \"e\": null, \"f\": 1.5, \"g\": true, " ALL "}\n", GOOD},
	{"{" PARTS "\"Expiration\": \"2024-01-02T04:04:05.5+01:00\"}", GOOD},
	{"{\"AccessKeyId\": \"\\u0041SIA1\", \"SecretAccessKey\": \"s\\/+=\", \"Token\": \"t/=\", "
	"\"Expiration\": \"2024-01-02T03:04:05Z\"}", GOOD},

	/* something is missing */
	{"{}", "!the answer has no AccessKeyId"},
	{"{\"accesskeyid\": \"a\"}", "!the answer has no AccessKeyId"},
	{"{\"AccessKeyId\": \"a\", \"Token\": \"t\"}", "!the answer has no SecretAccessKey"},
	{"{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"s\"}", "!the answer has no Token"},
	{"{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"s\", \"Token\": \"\"}", "!the answer has no Token"},
	{"{\"AccessKeyId\": \"a\", \"SecretAccessKey\": null, \"Token\": \"t\"}", "!the answer has no SecretAccessKey"},
	{"{\"AccessKeyId\": 1, \"SecretAccessKey\": \"s\", \"Token\": \"t\"}", "!the answer has no AccessKeyId"},
	{"{" PARTS "\"x\": 1}", "!the answer has no valid Expiration"},
	{"{" PARTS "\"Expiration\": \"soon\"}", "!the answer has no valid Expiration"},
	{"{" PARTS "\"Expiration\": 1704164645}", "!the answer has no valid Expiration"},
	{"{" PARTS "\"Expiration\": \"1970-01-01T00:00:00Z\"}", "!the answer has no valid Expiration"},

	/* something is wrong */
	{"", "!the answer is not a JSON object"},
	{"<html>", "!the answer is not a JSON object"},
	{"[]", "!the answer is not a JSON object"},
	{"\"ASIA1\"", "!the answer is not a JSON object"},
	{"{" ALL, "!the answer is not valid JSON"},
	{"{" ALL "} {}", "!the answer is not valid JSON"},
	{"{" ALL ", \"a\": [1]}", "!the answer is not valid JSON"},
	{"{\"AccessKeyId\": \"a b\", \"SecretAccessKey\": \"s\", \"Token\": \"t\", \"Expiration\": \"2024-01-02T03:04:05Z\"}",
	"!\"AccessKeyId\" contains a character other than printable ASCII, or a blank"},
	{"{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"s\\n\", \"Token\": \"t\", \"Expiration\": \"2024-01-02T03:04:05Z\"}",
	"!\"SecretAccessKey\" contains a character other than printable ASCII, or a blank"},
	{"{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"s\", \"Token\": \"t\\r\\nx: y\", \"Expiration\": \"2024-01-02T03:04:05Z\"}",
	"!\"Token\" contains a character other than printable ASCII, or a blank"},

	/* the service says no */
	{"{\"Code\": \"AssumeRoleUnauthorizedAccess\", \"Message\": \"m\"}",
	"!it answers \"AssumeRoleUnauthorizedAccess\" instead of giving access keys (none)"},
	{"{\"Code\": \"Fail\\u0007ed\", " ALL "}", "!it answers \"Fail?ed\" instead of giving access keys (none)"},
};

static const struct
{
	const char *text;
	const char *want;
}			xml_cases[] =
{
	{XML("<Credentials>" XML_ALL "</Credentials>"), GOOD},
	{XML("<AssumedRoleUser><AccessKeyId>no</AccessKeyId></AssumedRoleUser><Credentials>" XML_ALL "</Credentials>"), GOOD},
	{XML("<a><Credentials>" XML_ALL "</Credentials></a>"), "!the answer has no AccessKeyId"},
	{XML(""), "!the answer has no AccessKeyId"},
	{XML("<Credentials>" XML_PARTS "</Credentials>"), "!the answer has no valid Expiration"},
	{XML("<Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>s</SecretAccessKey></Credentials>"),
	"!the answer has no SessionToken"},
	{"<AssumeRoleResponse/>", "!could not understand the server's answer"},
	{"{}", "!could not understand the server's answer"},
	{"", "!could not understand the server's answer"},
	{"<!DOCTYPE a>" XML("<Credentials>" XML_ALL "</Credentials>"), "!could not understand the server's answer"},
};

static const struct
{
	const char *text;
	const char *want;
}			xml_errors[] =
{
	{"<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredTokenException</Code><Message>m</Message></Error>"
	"<RequestId>r</RequestId></ErrorResponse>", "ExpiredTokenException"},
	{"<Error><Code>AccessDenied</Code></Error>", "AccessDenied"},
	{"<Error><Message>m</Message></Error>", ""},
	{"<html/>", ""},
	{"", ""},
};

static void test_json(void);
static void test_xml(void);
static void test_long(void);
static const char *tell(bool good, const S3AccessKeys *keys, const S3Error *err);
static bool is_wiped(const S3AccessKeys *keys);

int
main(void)
{
	test_json();
	test_xml();
	test_long();
	return tap_done();
}

static void
test_json(void)
{
	for (int i = 0; i < lengthof(json_cases); i++)
	{
		char	   *text = pstrdup(json_cases[i].text);
		S3AccessKeys keys;
		S3Error		err;
		bool		good = s3_credentials_response_json(text, strlen(text), &keys, &err);

		is_string(tell(good, &keys, &err), json_cases[i].want, "JSON %d", i);
		ok(good || is_wiped(&keys), "... and nothing is left of it");
	}
}

static void
test_xml(void)
{
	S3AccessKeys keys;
	S3Error		err;

	for (int i = 0; i < lengthof(xml_cases); i++)
	{
		bool		good = s3_credentials_response_xml(s3_slice_cstring(xml_cases[i].text), &keys, &err);

		is_string(tell(good, &keys, &err), xml_cases[i].want, "XML %d", i);
		ok(good || is_wiped(&keys), "... and nothing is left of it");
	}
	for (int i = 0; i < lengthof(xml_errors); i++)
	{
		s3_error_set(&err, S3_ERROR_NO_CREDENTIALS, "it refuses");
		s3_credentials_response_xml_error(s3_slice_cstring(xml_errors[i].text), &err);
		is_string(err.code, xml_errors[i].want, "error %d", i);
	}
}

/* The longest token that we take, and one that is longer. */
static void
test_long(void)
{
	for (int extra = 0; extra <= 1; extra++)
	{
		int			len = S3_SESSION_TOKEN_MAX + extra;
		char	   *token = palloc(len + 1);
		char	   *text;
		S3AccessKeys keys;
		S3Error		err;
		bool		good;

		memset(token, 't', len);
		token[len] = '\0';
		text = psprintf("{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"s\", \"Token\": \"%s\", "
						"\"Expiration\": \"2024-01-02T03:04:05Z\"}", token);
		good = s3_credentials_response_json(text, strlen(text), &keys, &err);
		ok(good == (extra == 0), "a token of %d bytes", len);
		is_string(good ? keys.session_token : err.message,
				  good ? token : "a value in the answer is too long", "... is told");
	}
}

static const char *
tell(bool good, const S3AccessKeys *keys, const S3Error *err)
{
	if (good)
		return psprintf("%s %s %s %lld", keys->access_key_id, keys->secret_access_key,
						keys->session_token, (long long) keys->expires_at);
	return psprintf("!%s%s", err->message,
					err->kind == S3_ERROR_NO_CREDENTIALS ? " (none)" :
					err->kind == S3_ERROR_PROTOCOL ? "" : " (another kind)");
}

static bool
is_wiped(const S3AccessKeys *keys)
{
	static const S3AccessKeys nothing = {0};

	return memcmp(keys, &nothing, sizeof(nothing)) == 0;
}
