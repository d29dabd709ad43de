/*-------------------------------------------------------------------------
 *
 * credentials_ecs.c
 *	  Temporary access keys from the endpoint that a container's platform
 *	  offers: ECS, EKS Pod Identity, Greengrass.
 *
 * Specification: "Container credential provider" in the AWS SDKs and Tools
 * Reference Guide.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/error_report.h"
#include "credentials/credentials_cache.h"
#include "credentials/credentials_ecs.h"
#include "credentials/credentials_hosts.h"
#include "credentials/credentials_http.h"
#include "credentials/credentials_response.h"
#include "credentials/environment.h"
#include "credentials/small_file.h"
#include "s3/request.h"

#define RELATIVE_URI_HOST	"http://169.254.170.2"
#define URL_SIZE			(2 * MAXPGPATH)

typedef struct ContainerEndpoint
{
	char		url[URL_SIZE];
	const char *token;			/* for its Authorization header, or NULL */
	const char *token_file;		/* the same, in a file; or NULL */
} ContainerEndpoint;

static const char *get_url(char *url);
static bool fetch(const void *request, S3AccessKeys *keys, S3Error *err);
static bool ask(const char *url, const char *token, S3AccessKeys *keys, S3Error *err);

const S3AccessKeys *
s3_credentials_ecs_find(void)
{
	static const S3CredentialsService service = {"the container endpoint", fetch};
	ContainerEndpoint endpoint;
	const char *variable = get_url(endpoint.url);
	char		origin[S3_CREDENTIALS_ORIGIN_MAX];
	const S3AccessKeys *keys;
	S3Error		err;

	if (variable == NULL)
		return NULL;
	if (!s3_credentials_hosts_check_container(variable, endpoint.url, &err))
		s3_error_throw(&err);
	endpoint.token = s3_environment_get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	endpoint.token_file = s3_environment_get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");

	snprintf(origin, sizeof(origin), "%s\n%s", endpoint.url,
			 endpoint.token_file == NULL ? "" : endpoint.token_file);
	keys = s3_credentials_cache_find(&service, origin, &endpoint, &err);
	if (keys == NULL)
		s3_error_throw(&err);
	return keys;
}

/* Returns the variable that gives the URL, NULL when none does. */
static const char *
get_url(char *url)
{
	const char *variable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
	const char *value = s3_environment_get(variable);

	if (value != NULL)
	{
		snprintf(url, URL_SIZE, RELATIVE_URI_HOST "%s%s", value[0] == '/' ? "" : "/", value);
		return variable;
	}
	variable = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
	value = s3_environment_get(variable);
	if (value == NULL)
		return NULL;
	strlcpy(url, value, URL_SIZE);
	return variable;
}

static bool
fetch(const void *request, S3AccessKeys *keys, S3Error *err)
{
	const ContainerEndpoint *endpoint = request;
	char	   *token = NULL;
	bool		good;

	/* The platform renews the token in the file, not the other one. */
	if (endpoint->token_file != NULL)
	{
		token = s3_small_file_token("authorization token file", endpoint->token_file, err);
		if (token == NULL)
			return false;
	}
	else if (endpoint->token != NULL)
		token = pstrdup(endpoint->token);

	good = ask(endpoint->url, token, keys, err);
	if (token != NULL)
		explicit_bzero(token, strlen(token));
	return good;
}

static bool
ask(const char *url, const char *token, S3AccessKeys *keys, S3Error *err)
{
	S3CredentialsHttp service = {S3_CREDENTIALS_HTTP_TIMEOUT, NULL, NULL, true};
	S3Fields	headers = {0};
	S3HttpResponse response;
	S3Slice		none = {0};
	bool		good;

	s3_fields_add(&headers, "accept", "application/json");
	if (token != NULL)
	{
		if (!s3_check_header_value("authorization", token, err))
			return false;
		s3_fields_add(&headers, "authorization", token);
	}
	good = s3_credentials_http_ask(&service, "GET", url, &headers, none, &response, err) &&
		s3_credentials_response_json(response.body, response.body_len, keys, err);
	s3_credentials_http_wipe(&response);
	return good;
}
