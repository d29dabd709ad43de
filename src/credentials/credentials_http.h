/*-------------------------------------------------------------------------
 *
 * credentials_http.h
 *	  Asks a service that hands out access keys.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_HTTP_H
#define S3STORE_CREDENTIALS_HTTP_H

#include "http/http.h"

#define S3_CREDENTIALS_HTTP_TIMEOUT 2000	/* ms, for hosts that are near */

typedef struct S3CredentialsHttp
{
	int			timeout;		/* ms to connect, and without progress */
	const char *proxy;			/* NULL: none, whatever the settings say */
	const char *ca_file;		/* NULL: the system's */
	bool		verify_tls;
} S3CredentialsHttp;

/*
 * Sends a request, and again when it fails in a way that may pass; returns true
 * for a 2xx answer, and never follows a redirect.  Else "err" says why; for an
 * answer with another status, it is S3_ERROR_NO_CREDENTIALS or S3_ERROR_SERVER
 * with http_status set, and "response" has the answer.  Throws when the query
 * is cancelled.  The caller wipes the answer.
 */
extern bool s3_credentials_http_ask(const S3CredentialsHttp *service, const char *method,
									const char *url, const S3Fields *headers, S3Slice body,
									S3HttpResponse *response, S3Error *err);

/* Wipes an answer's body. */
extern void s3_credentials_http_wipe(S3HttpResponse *response);

#endif							/* S3STORE_CREDENTIALS_HTTP_H */
