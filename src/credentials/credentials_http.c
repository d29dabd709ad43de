/*-------------------------------------------------------------------------
 *
 * credentials_http.c
 *	  Asks a service that hands out access keys.
 *
 * Guarantees: short timeouts; a bounded answer; redirects are failures, lest
 * a token be sent elsewhere; errors show nothing of an answer.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "credentials/credentials_http.h"

#define ATTEMPTS_MAX	2
#define ANSWER_MAX		(64 * 1024)

/* Bounds a service that makes progress, but slowly. */
#define TOTAL_TIMEOUTS	2

static bool ask_once(const S3HttpRequest *request, S3HttpResponse *response, S3Error *err);
static bool refuse_status(int status, S3Error *err);
static bool may_pass(const S3Error *err);

bool
s3_credentials_http_ask(const S3CredentialsHttp *service, const char *method, const char *url,
						const S3Fields *headers, S3Slice body, S3HttpResponse *response,
						S3Error *err)
{
	S3HttpRequest request = {0};

	request.method = method;
	request.url = url;
	request.headers = headers;
	request.body = body;
	request.max_body = ANSWER_MAX;
	request.connect_timeout = service->timeout;
	request.request_timeout = service->timeout;
	request.total_timeout = service->timeout * TOTAL_TIMEOUTS;
	request.proxy = service->proxy;
	request.ca_file = service->ca_file;
	request.verify_tls = service->verify_tls;

	for (int attempt = 1;; attempt++)
	{
		if (ask_once(&request, response, err))
			return true;
		if (attempt == ATTEMPTS_MAX || !may_pass(err))
			return false;
		s3_credentials_http_wipe(response);
	}
}

void
s3_credentials_http_wipe(S3HttpResponse *response)
{
	if (response->body != NULL)
		explicit_bzero(response->body, response->body_len);
	response->body_len = 0;
}

static bool
ask_once(const S3HttpRequest *request, S3HttpResponse *response, S3Error *err)
{
	if (!s3_http_perform(request, response, err))
		return false;
	return response->status / 100 == 2 || refuse_status(response->status, err);
}

static bool
refuse_status(int status, S3Error *err)
{
	bool		busy = status / 100 == 5 || status == 429;

	s3_error_set(err, busy ? S3_ERROR_SERVER : S3_ERROR_NO_CREDENTIALS,
				 status / 100 == 3 ? "it redirects to another address" :
				 status == 404 ? "it has none" :
				 busy ? "it is failing or overloaded" : "it refuses the request");
	err->http_status = status;
	return status / 100 == 3 ? s3_error_detail(err, "Redirects are not followed.") : false;
}

static bool
may_pass(const S3Error *err)
{
	return err->kind == S3_ERROR_CONNECTION || err->kind == S3_ERROR_SERVER;
}
