/*-------------------------------------------------------------------------
 *
 * credentials_imds.c
 *	  Temporary access keys of the role of an EC2 instance.
 *
 * Uses version 2 of the metadata service only, which wants a token first:
 * whoever can make this server send a GET somewhere must not get at the keys.
 *
 * Specification: "Use the Instance Metadata Service" in the Amazon EC2 User
 * Guide.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/error_report.h"
#include "base/uri.h"
#include "credentials/credentials_cache.h"
#include "credentials/credentials_hosts.h"
#include "credentials/credentials_http.h"
#include "credentials/credentials_imds.h"
#include "credentials/credentials_response.h"
#include "credentials/environment.h"

#define DEFAULT_URL			"http://169.254.169.254"
#define DEFAULT_URL_IPV6	"http://[fd00:ec2::254]"
#define TOKEN_PATH			"/latest/api/token"
#define ROLE_PATH			"/latest/meta-data/iam/security-credentials/"
#define TOKEN_SECONDS		"60"	/* for the next two requests */
#define TOKEN_MAX			1024
#define ROLE_MAX			256 /* of bytes; AWS has 64 characters */

static const char *get_url(void);
static bool is_set_to(const char *variable, const char *value);
static bool fetch(const void *request, S3AccessKeys *keys, S3Error *err);
static bool get_token(const char *url, S3Fields *headers, S3Error *err);
static char *get_role(const char *url, const S3Fields *headers, S3Error *err);
static bool get_keys(const char *url, const char *role, const S3Fields *headers,
					 S3AccessKeys *keys, S3Error *err);
static bool ask(const char *method, const char *url, const S3Fields *headers,
				S3HttpResponse *response, S3Error *err);
static char *first_line(const S3HttpResponse *response, size_t max);

const S3AccessKeys *
s3_credentials_imds_find(S3Error *err)
{
	static const S3CredentialsService service = {"the instance metadata service", fetch};
	const char *url;

	memset(err, 0, sizeof(*err));
	if (is_set_to("AWS_EC2_METADATA_DISABLED", "true"))
		return NULL;
	url = get_url();
	if (!s3_credentials_hosts_check_metadata("AWS_EC2_METADATA_SERVICE_ENDPOINT", url, err))
		s3_error_throw(err);
	return s3_credentials_cache_find(&service, url, url, err);
}

static const char *
get_url(void)
{
	const char *own_url = s3_environment_get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	size_t		len;

	if (own_url == NULL)
		return is_set_to("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6") ?
			DEFAULT_URL_IPV6 : DEFAULT_URL;
	len = strlen(own_url);
	while (len > 0 && own_url[len - 1] == '/')
		len--;
	return pnstrdup(own_url, len);
}

static bool
is_set_to(const char *variable, const char *value)
{
	const char *found = s3_environment_get(variable);

	return found != NULL && pg_strcasecmp(found, value) == 0;
}

static bool
fetch(const void *request, S3AccessKeys *keys, S3Error *err)
{
	const char *url = request;
	S3Fields	headers = {0};
	char	   *role;
	bool		good;

	if (!get_token(url, &headers, err))
		return false;
	role = get_role(url, &headers, err);
	good = role != NULL && get_keys(url, role, &headers, keys, err);
	explicit_bzero(unconstify(char *, headers.items[0].value), strlen(headers.items[0].value));
	return good;
}

/* Adds the header that the other requests need. */
static bool
get_token(const char *url, S3Fields *headers, S3Error *err)
{
	S3Fields	ask_headers = {0};
	S3HttpResponse response;
	char	   *token;

	s3_fields_add(&ask_headers, "x-aws-ec2-metadata-token-ttl-seconds", TOKEN_SECONDS);
	if (!ask("PUT", psprintf("%s" TOKEN_PATH, url), &ask_headers, &response, err))
	{
		if (err->http_status == 0 || err->kind == S3_ERROR_SERVER)
			return false;
		return s3_error_detail(err, "%sOnly version 2 of the service is used, which gives a token first.",
							   err->detail[0] == '\0' ? "" : " ");
	}
	token = first_line(&response, TOKEN_MAX);
	s3_credentials_http_wipe(&response);
	if (token == NULL)
		return s3_error_set(err, S3_ERROR_PROTOCOL, "the token that it gave is not valid");
	s3_fields_add(headers, "x-aws-ec2-metadata-token", token);
	return true;
}

/* Returns NULL where the instance has none. */
static char *
get_role(const char *url, const S3Fields *headers, S3Error *err)
{
	S3HttpResponse response;
	char	   *role;

	if (!ask("GET", psprintf("%s" ROLE_PATH, url), headers, &response, err))
	{
		if (err->http_status == 404)
			s3_error_detail(err, "The instance has no role.");
		return NULL;
	}
	role = first_line(&response, ROLE_MAX);
	if (role == NULL)
		s3_error_set(err, S3_ERROR_PROTOCOL, "the role name that it gave is not valid");
	return role;
}

static bool
get_keys(const char *url, const char *role, const S3Fields *headers, S3AccessKeys *keys,
		 S3Error *err)
{
	StringInfoData path;
	S3HttpResponse response;
	bool		good;

	initStringInfo(&path);
	appendStringInfo(&path, "%s" ROLE_PATH, url);
	s3_uri_encode(&path, s3_slice_cstring(role));
	good = ask("GET", path.data, headers, &response, err) &&
		s3_credentials_response_json(response.body, response.body_len, keys, err);
	s3_credentials_http_wipe(&response);
	return good;
}

/* Never through a proxy. */
static bool
ask(const char *method, const char *url, const S3Fields *headers, S3HttpResponse *response,
	S3Error *err)
{
	S3CredentialsHttp service = {S3_CREDENTIALS_HTTP_TIMEOUT, NULL, NULL, true};
	S3Slice		none = {0};

	return s3_credentials_http_ask(&service, method, url, headers, none, response, err);
}

/* Returns NULL for what is not one line of printable ASCII without blanks. */
static char *
first_line(const S3HttpResponse *response, size_t max)
{
	size_t		len = response->body_len;
	const char *end = len == 0 ? NULL : memchr(response->body, '\n', len);
	S3Error		ignored;
	char	   *line;

	if (end != NULL)
		len = end - response->body;
	if (len == 0 || len > max || memchr(response->body, '\0', len) != NULL)
		return NULL;
	line = pnstrdup(response->body, len);
	return s3_check_printable("line", line, max, &ignored) ? line : NULL;
}
