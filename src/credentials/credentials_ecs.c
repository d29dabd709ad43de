/*-------------------------------------------------------------------------
 *
 * credentials_ecs.c
 *	  Temporary keys from the endpoint that a container's platform offers.
 *
 * Specification: "Container credential provider" in the AWS SDKs and Tools
 * Reference Guide.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "credentials/credentials_ecs.h"
#include "credentials/credentials_http.h"
#include "credentials/credentials_response.h"
#include "credentials/small_file.h"
#include "s3/request.h"

#define WHOM	"the container endpoint"

static bool ask(const char *url, const char *token, S3AccessKeys *keys, S3Error *err);

bool
s3_credentials_ecs_fetch(const void *arg, S3AccessKeys *keys, S3Error *err)
{
	const S3ContainerEndpoint *endpoint = arg;
	char	   *token = NULL;
	bool		good;

	/* The one in a file is renewed; it wins over the one that is not. */
	if (endpoint->token_file != NULL)
		token = s3_small_file_token("authorization token file", endpoint->token_file, err);
	else if (endpoint->token != NULL)
		token = pstrdup(endpoint->token);
	if (token == NULL && endpoint->token_file != NULL)
		return s3_credentials_http_refuse(WHOM, err);

	good = ask(endpoint->url, token, keys, err);
	if (token != NULL)
		explicit_bzero(token, strlen(token));
	return good || s3_credentials_http_refuse(WHOM, err);
}

static bool
ask(const char *url, const char *token, S3AccessKeys *keys, S3Error *err)
{
	S3CredentialsHttp service = {S3_KEY_SERVICE_TIMEOUT, NULL, NULL, true};
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
