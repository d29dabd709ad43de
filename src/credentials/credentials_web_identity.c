/*-------------------------------------------------------------------------
 *
 * credentials_web_identity.c
 *	  Temporary access keys for a web identity, from the AWS Security Token
 *	  Service, as EKS and other platforms of containers set it up.
 *
 * The token is in a file that the platform rewrites before it expires, so it
 * is read for each request.
 *
 * Specification: AssumeRoleWithWebIdentity in the AWS STS API Reference.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/error_report.h"
#include "base/uri.h"
#include "credentials/credentials_cache.h"
#include "credentials/credentials_http.h"
#include "credentials/credentials_response.h"
#include "credentials/credentials_web_identity.h"
#include "credentials/environment.h"
#include "credentials/small_file.h"
#include "s3/region.h"

#define TIMEOUT					5000	/* ms: it may be far away */
#define API_VERSION				"2011-06-15"
#define DEFAULT_SESSION_NAME	"s3store"

typedef struct WebIdentity
{
	const char *token_file;
	const char *role_arn;
	const char *session_name;
	const char *url;			/* of the service */
	const char *proxy;
	const char *ca_file;		/* NULL: the system's */
	bool		verify_tls;
} WebIdentity;

static void set_service(WebIdentity *identity, const S3Settings *settings);
static bool fetch(const void *request, S3AccessKeys *keys, S3Error *err);
static bool ask(const WebIdentity *identity, const char *token, S3AccessKeys *keys, S3Error *err);
static void append_field(StringInfo form, const char *name, const char *value);
static void explain(const S3HttpResponse *response, S3Error *err);

const S3AccessKeys *
s3_credentials_web_identity_find(const S3Endpoint *endpoint)
{
	static const S3CredentialsService service = {"STS", fetch};
	WebIdentity identity;
	char		origin[S3_CREDENTIALS_ORIGIN_MAX];
	const S3AccessKeys *keys;
	S3Error		err;

	identity.token_file = s3_environment_get("AWS_WEB_IDENTITY_TOKEN_FILE");
	if (identity.token_file == NULL)
		return NULL;
	identity.role_arn = s3_environment_get("AWS_ROLE_ARN");
	if (identity.role_arn == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("incomplete access keys for endpoint \"%s\"", endpoint->scheme),
				 errdetail("The server's environment has the AWS_WEB_IDENTITY_TOKEN_FILE, but no AWS_ROLE_ARN.")));
	identity.session_name = s3_environment_get("AWS_ROLE_SESSION_NAME");
	if (identity.session_name == NULL)
		identity.session_name = DEFAULT_SESSION_NAME;
	set_service(&identity, &endpoint->settings);

	snprintf(origin, sizeof(origin), "%s\n%s\n%s\n%s\n%s\n%s\n%d",
			 identity.token_file, identity.role_arn, identity.session_name, identity.url,
			 identity.proxy, identity.ca_file == NULL ? "" : identity.ca_file,
			 identity.verify_tls);
	keys = s3_credentials_cache_find(&service, origin, &identity, &err);
	if (keys == NULL)
		s3_error_throw(&err);
	return keys;
}

/*
 * AWS's own service has a certificate that the system trusts: the endpoint's
 * ca_file and verify_tls are for another one.
 */
static void
set_service(WebIdentity *identity, const S3Settings *settings)
{
	const char *own_url = s3_environment_get("AWS_ENDPOINT_URL_STS");

	identity->url = own_url != NULL ? own_url : s3_region_sts_url(settings->region);
	identity->proxy = settings->proxy;
	identity->ca_file = own_url != NULL && settings->ca_file[0] != '\0' ? settings->ca_file : NULL;
	identity->verify_tls = own_url == NULL || settings->verify_tls;
}

static bool
fetch(const void *request, S3AccessKeys *keys, S3Error *err)
{
	const WebIdentity *identity = request;
	char	   *token = s3_small_file_token("web identity token file", identity->token_file, err);
	bool		good;

	if (token == NULL)
		return false;
	good = ask(identity, token, keys, err);
	explicit_bzero(token, strlen(token));
	return good;
}

static bool
ask(const WebIdentity *identity, const char *token, S3AccessKeys *keys, S3Error *err)
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

/* Shows the error code only: STS's message may repeat the token. */
static void
explain(const S3HttpResponse *response, S3Error *err)
{
	s3_credentials_response_xml_error(s3_slice(response->body, response->body_len), err);
	if (response->status / 100 == 4)
		s3_error_hint(err, "Check that the role's trust policy allows the token's issuer, and that the token has not expired.");
}
