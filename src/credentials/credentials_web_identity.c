/*-------------------------------------------------------------------------
 *
 * credentials_web_identity.c
 *	  Temporary keys for a web identity, from the AWS Security Token Service.
 *
 * The token, which whoever runs the server puts into a file and renews, is
 * read for each request.
 *
 * Specification: AssumeRoleWithWebIdentity in the AWS STS API Reference.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/uri.h"
#include "credentials/credentials_response.h"
#include "credentials/credentials_web_identity.h"
#include "credentials/small_file.h"

#define WHOM			"STS"
#define TIMEOUT			5000	/* ms: it may be far away */
#define API_VERSION		"2011-06-15"

static bool ask(const S3WebIdentity *identity, const char *token, S3AccessKeys *keys, S3Error *err);
static void append_field(StringInfo form, const char *name, const char *value);
static void explain(const S3HttpResponse *response, S3Error *err);

bool
s3_credentials_web_identity_fetch(const void *arg, S3AccessKeys *keys, S3Error *err)
{
	const S3WebIdentity *identity = arg;
	char	   *token = s3_small_file_token("web identity token file", identity->token_file, err);
	bool		good;

	if (token == NULL)
		return s3_credentials_http_refuse(WHOM, err);
	good = ask(identity, token, keys, err);
	explicit_bzero(token, strlen(token));
	return good || s3_credentials_http_refuse(WHOM, err);
}

static bool
ask(const S3WebIdentity *identity, const char *token, S3AccessKeys *keys, S3Error *err)
{
	S3CredentialsHttp service = {TIMEOUT, identity->proxy, identity->ca_file, identity->verify_tls};
	S3Fields	headers = {0};
	StringInfoData form;
	S3HttpResponse response;
	bool		good;

	initStringInfo(&form);
	/* No copy of the token is left behind when the text grows. */
	enlargeStringInfo(&form, (int) strlen(token) * 3 + 16 * 1024);
	append_field(&form, "Action", "AssumeRoleWithWebIdentity");
	append_field(&form, "Version", API_VERSION);
	append_field(&form, "RoleArn", identity->role_arn);
	append_field(&form, "RoleSessionName", identity->session_name);
	append_field(&form, "WebIdentityToken", token);
	s3_fields_add(&headers, "content-type", "application/x-www-form-urlencoded");
	s3_fields_add(&headers, "accept", "text/xml");

	good = s3_credentials_http_ask(&service, "POST", identity->url, &headers,
								   s3_slice(form.data, form.len), &response, err);
	explicit_bzero(form.data, form.len);
	if (good)
		good = s3_credentials_response_xml(s3_slice(response.body, response.body_len), keys, err);
	else if (err->http_status != 0)
		explain(&response, err);
	s3_credentials_http_wipe(&response);
	return good;
}

static void
append_field(StringInfo form, const char *name, const char *value)
{
	appendStringInfo(form, "%s%s=", form->len > 0 ? "&" : "", name);
	s3_uri_encode(form, s3_slice_cstring(value));
}

/* Its words may hold what was sent; its code does not. */
static void
explain(const S3HttpResponse *response, S3Error *err)
{
	s3_credentials_response_xml_error(s3_slice(response->body, response->body_len), err);
	if (response->status / 100 == 4)
		s3_error_hint(err, "Check that the role's trust policy allows the token's issuer, and that the token has not expired.");
}
