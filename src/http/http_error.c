/*-------------------------------------------------------------------------
 *
 * http_error.c
 *	  Why a transfer failed.
 *
 * Never says a path, a query or a header: host and port at most, the system's
 * error, and for TLS what the library found, cleaned.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "http/http_error.h"
#include "http/http_socket.h"

/* The server, without what else the URL says. */
#define SERVER_MAX	300

static bool explain_stop(const S3HttpTransfer *transfer, S3Error *err);
static bool explain_code(const S3HttpTransfer *transfer, S3Error *err);
static bool explain_tunnel(long status, S3Error *err);
static bool explain_slow(const S3HttpTransfer *transfer, S3Error *err);
static bool explain_timeout(const S3HttpTransfer *transfer, S3Error *err);
static bool explain_tls(const S3HttpTransfer *transfer, S3Error *err);
static bool explain_lost(const S3HttpTransfer *transfer, S3Error *err);
static bool explain_ended(const S3HttpTransfer *transfer, S3Error *err);
static bool explain_not_http(S3Error *err);
static bool explain_headers(S3Error *err);
static bool explain_encoding(S3Error *err);
static S3Step failed_step(const S3HttpTransfer *transfer);
static bool is_tls_code(CURLcode code);
static bool is_transient(const S3HttpTransfer *transfer);
static bool met_leftovers(const S3HttpTransfer *transfer);
static long system_error(const S3HttpTransfer *transfer);
static bool add_server(const S3HttpTransfer *transfer, S3Error *err);
static void add_proxy(const S3HttpTransfer *transfer, S3Error *err);
static bool has_proxy(const S3HttpTransfer *transfer);
static bool has_passed(const S3HttpTransfer *transfer, CURLINFO moment);
static S3Slice server_of(const char *url);

bool
s3_http_explain(const S3HttpTransfer *transfer, S3Error *err)
{
	if (transfer->stop != S3_HTTP_STOP_NONE)
		explain_stop(transfer, err);
	else if (transfer->code != CURLE_OK)
		explain_code(transfer, err);
	else if (!transfer->head_complete)
		explain_ended(transfer, err);
	else
		s3_error_set(err, S3_ERROR_PROTOCOL, "server returned HTTP status %d, which does not exist",
					 transfer->status);
	err->step = failed_step(transfer);
	err->transient = is_transient(transfer);
	/* "connected" may be out of date: it was set when the group was tended. */
	err->unsent = !transfer->connected && transfer->sends == 0 &&
		!has_passed(transfer, CURLINFO_PRETRANSFER_TIME_T);
	return add_server(transfer, err);
}

static bool
explain_stop(const S3HttpTransfer *transfer, S3Error *err)
{
	curl_off_t	length = -1;

	switch (transfer->stop)
	{
		case S3_HTTP_STOP_CONNECT:
			return explain_timeout(transfer, err);
		case S3_HTTP_STOP_TIMEOUT:
			return s3_error_set(err, S3_ERROR_CONNECTION,
								"timed out after %d ms without progress",
								transfer->request->request_timeout);
		case S3_HTTP_STOP_SLOW:
			return explain_slow(transfer, err);
		case S3_HTTP_STOP_HEADERS:
			return explain_headers(err);
		case S3_HTTP_STOP_ENCODING:
			return explain_encoding(err);
		case S3_HTTP_STOP_DESCRIPTORS:
			s3_error_set(err, S3_ERROR_CONNECTION, "too many files are open in this session");
			return s3_error_hint(err, "Consider increasing the setting max_files_per_process.");
		case S3_HTTP_STOP_BODY:
			s3_error_set(err, S3_ERROR_TOO_LARGE, "answer is larger than %zu bytes",
						 transfer->body_max);
			curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
			if (length > 0)
				s3_error_detail(err, "The server announced %lld bytes.", (long long) length);
			return false;
		case S3_HTTP_STOP_NONE:
		case S3_HTTP_STOP_ENOUGH:
		case S3_HTTP_STOP_MEMORY:
			break;
	}
	return s3_error_set(err, S3_ERROR_PROTOCOL, "server's answer is not complete");
}

static bool
explain_code(const S3HttpTransfer *transfer, S3Error *err)
{
	long		tunnel = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	if (tunnel / 100 > 2)
		return explain_tunnel(tunnel, err);
	switch (transfer->code)
	{
		case CURLE_COULDNT_RESOLVE_HOST:
			return s3_error_set(err, S3_ERROR_CONNECTION, "could not resolve host name");
		case CURLE_COULDNT_RESOLVE_PROXY:
			return s3_error_set(err, S3_ERROR_CONNECTION, "could not resolve host name of proxy");
		case CURLE_COULDNT_CONNECT:
			return s3_error_set(err, S3_ERROR_CONNECTION, "could not connect to %s",
								has_proxy(transfer) ? "proxy" : "server");
		case CURLE_OPERATION_TIMEDOUT:
			if (has_passed(transfer, CURLINFO_PRETRANSFER_TIME_T))
				return s3_error_set(err, S3_ERROR_CONNECTION, "timed out after %d ms",
									transfer->request->total_timeout);
			return explain_timeout(transfer, err);
		case CURLE_SSL_CACERT_BADFILE:
			s3_error_set(err, S3_ERROR_ARGUMENT,
						 "could not read the file of certificate authorities");
			return s3_error_hint(err, "Check the setting s3store.ca_file.");
		case CURLE_PEER_FAILED_VERIFICATION:
		case CURLE_SSL_CONNECT_ERROR:
		case CURLE_SSL_CERTPROBLEM:
		case CURLE_SSL_CIPHER:
		case CURLE_SSL_ISSUER_ERROR:
		case CURLE_SSL_INVALIDCERTSTATUS:
			return explain_tls(transfer, err);
		case CURLE_PARTIAL_FILE:
		case CURLE_GOT_NOTHING:
			return explain_ended(transfer, err);
		case CURLE_SEND_ERROR:
		case CURLE_RECV_ERROR:
		case CURLE_SEND_FAIL_REWIND:
			return explain_lost(transfer, err);
		case CURLE_URL_MALFORMAT:
		case CURLE_LOGIN_DENIED:	/* user information in the URL */
			return s3_error_set(err, S3_ERROR_ARGUMENT, "address of the server is malformed");
		case CURLE_UNSUPPORTED_PROTOCOL:
		case CURLE_WEIRD_SERVER_REPLY:
			return explain_not_http(err);
		case CURLE_BAD_CONTENT_ENCODING:	/* later releases look first */
			return explain_encoding(err);
		case CURLE_OUT_OF_MEMORY:
#if LIBCURL_VERSION_NUM >= 0x080600
		case CURLE_TOO_LARGE:
#endif
			/* Of a header line; true lack of memory was reported before. */
			return explain_headers(err);
		default:
			s3_error_set(err, S3_ERROR_CONNECTION, "request failed");
			return s3_error_detail(err, "The transfer ended with \"%s\".",
								   curl_easy_strerror(transfer->code));
	}
}

/* The proxy answered where it should have passed us on to the server. */
static bool
explain_tunnel(long status, S3Error *err)
{
	s3_error_set(err, S3_ERROR_CONNECTION, "proxy refused the connection with HTTP status %ld",
				 status);
	return s3_error_hint(err, "Check that the proxy may connect to the server.");
}

/* The connect timeout covers the steps up to the request; all of it may have less time. */
static bool
explain_timeout(const S3HttpTransfer *transfer, S3Error *err)
{
	const S3HttpRequest *request = transfer->request;
	int			timeout = request->connect_timeout;
	const char *step;

	if (request->total_timeout > 0)
		timeout = Min(timeout, request->total_timeout);
	if (!has_passed(transfer, CURLINFO_NAMELOOKUP_TIME_T))
		step = "while resolving the host name";
	else if (!s3_http_is_connected(transfer))
		step = "while connecting";
	else if (has_proxy(transfer))
		step = "while connecting through the proxy";
	else
		step = "while negotiating TLS";
	return s3_error_set(err, S3_ERROR_CONNECTION, "timed out after %d ms %s", timeout, step);
}

/* Bytes came or went, but too few of them. */
static bool
explain_slow(const S3HttpTransfer *transfer, S3Error *err)
{
	curl_off_t	sent = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	if (!transfer->head_complete && sent >= (curl_off_t) transfer->request->body.len)
		return s3_error_set(err, S3_ERROR_CONNECTION,
							"timed out after %d ms before the headers of the answer were complete",
							transfer->request->request_timeout);
	return s3_error_set(err, S3_ERROR_CONNECTION,
						"timed out after %lld ms at less than %d bytes a second",
						(long long) s3_http_longest_slowness(transfer), S3_HTTP_RATE_MIN);
}

static bool
explain_tls(const S3HttpTransfer *transfer, S3Error *err)
{
	bool		untrusted = transfer->code == CURLE_PEER_FAILED_VERIFICATION;
	char		reason[CURL_ERROR_SIZE];

	s3_error_set(err, S3_ERROR_CONNECTION, untrusted ?
				 "TLS certificate verification failed" :
				 "could not establish a TLS connection");

	/* It may quote the certificate, which anyone can have written. */
	s3_error_copy_text(reason, sizeof(reason), s3_slice_cstring(transfer->error_buffer));
	if (reason[0] != '\0')
		s3_error_detail(err, "The TLS library reports: %s.", reason);
	if (untrusted)
		s3_error_hint(err, "If the server's certificate was issued by a private "
					  "certificate authority, name its file in s3store.ca_file.");
	return false;
}

/* libcurl has no code for some of these; its message tells them apart. */
static bool
explain_lost(const S3HttpTransfer *transfer, S3Error *err)
{
	const char *reason = transfer->error_buffer;

	if (transfer->code == CURLE_RECV_ERROR && transfer->head_complete &&
		strstr(reason, "chunk") != NULL)
		return explain_not_http(err);

	/* From OpenSSL 3 and libcurl 8 on: TLS was not closed before TCP was. */
	if (transfer->code == CURLE_RECV_ERROR && strstr(reason, "unexpected eof") != NULL)
		return explain_ended(transfer, err);
	return s3_error_set(err, S3_ERROR_CONNECTION, "connection to server was lost");
}

static bool
explain_ended(const S3HttpTransfer *transfer, S3Error *err)
{
	if (transfer->head_lines == 0)
		return s3_error_set(err, S3_ERROR_CONNECTION,
							"server closed the connection without an answer");
	return s3_error_set(err, S3_ERROR_PROTOCOL,
						"server closed the connection before the answer was complete");
}

/* Addresses were checked before: a wrong protocol is the server's. */
static bool
explain_not_http(S3Error *err)
{
	return s3_error_set(err, S3_ERROR_PROTOCOL, "server's answer is not valid HTTP");
}

static bool
explain_headers(S3Error *err)
{
	return s3_error_set(err, S3_ERROR_PROTOCOL,
						"headers of the answer exceed %d bytes or %d lines",
						S3_HTTP_HEADERS_MAX, S3_HTTP_HEADER_COUNT_MAX);
}

static bool
explain_encoding(S3Error *err)
{
	return s3_error_set(err, S3_ERROR_PROTOCOL,
						"answer has a transfer encoding that was not asked for");
}

/* Told by the error code; for a timeout, by the times that libcurl has noted. */
static S3Step
failed_step(const S3HttpTransfer *transfer)
{
	CURLcode	code = transfer->code;

	if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
		return S3_STEP_RESOLVE;
	if (code == CURLE_COULDNT_CONNECT)
		return S3_STEP_CONNECT;
	if (is_tls_code(code))
		return S3_STEP_TLS;
	if (transfer->connected || transfer->head_bytes > 0)
		return S3_STEP_ANSWER;
	if (!has_passed(transfer, CURLINFO_NAMELOOKUP_TIME_T))
		return S3_STEP_RESOLVE;
	if (!has_passed(transfer, CURLINFO_CONNECT_TIME_T) && !s3_http_is_connected(transfer))
		return S3_STEP_CONNECT;
	return s3_starts_with(transfer->request->url, "https:") ? S3_STEP_TLS : S3_STEP_ANSWER;
}

static bool
is_tls_code(CURLcode code)
{
	return code == CURLE_SSL_CACERT_BADFILE || code == CURLE_PEER_FAILED_VERIFICATION ||
		code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_CERTPROBLEM ||
		code == CURLE_SSL_CIPHER || code == CURLE_SSL_ISSUER_ERROR ||
		code == CURLE_SSL_INVALIDCERTSTATUS;
}

/* May the same request fare better a little later? */
static bool
is_transient(const S3HttpTransfer *transfer)
{
	if (transfer->stop != S3_HTTP_STOP_NONE)
		return transfer->stop == S3_HTTP_STOP_CONNECT || transfer->stop == S3_HTTP_STOP_TIMEOUT ||
			transfer->stop == S3_HTTP_STOP_SLOW;
	switch (transfer->code)
	{
		case CURLE_OK:
			return !transfer->head_complete;
		case CURLE_COULDNT_RESOLVE_HOST:
		case CURLE_COULDNT_RESOLVE_PROXY:
		case CURLE_COULDNT_CONNECT:
		case CURLE_OPERATION_TIMEDOUT:
		case CURLE_PARTIAL_FILE:
		case CURLE_GOT_NOTHING:
		case CURLE_SEND_ERROR:
		case CURLE_SEND_FAIL_REWIND:
			return true;
		case CURLE_SSL_CONNECT_ERROR:	/* the connection, or what was said on
										 * it? */
			return system_error(transfer) != 0;
		case CURLE_RECV_ERROR:
			return strstr(transfer->error_buffer, "chunk") == NULL;
		case CURLE_UNSUPPORTED_PROTOCOL:
		case CURLE_WEIRD_SERVER_REPLY:
			return met_leftovers(transfer);
		default:
			return false;
	}
}

/*
 * Were the bytes that came left over from an earlier answer on the same
 * connection?  A body behind the answer to a HEAD can be, since libcurl does not
 * look for it before 8.0.
 */
static bool
met_leftovers(const S3HttpTransfer *transfer)
{
	long		connects = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connects);
	return connects == 0 && transfer->head_lines == 0;
}

static long
system_error(const S3HttpTransfer *transfer)
{
	long		error = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &error);
	return error;
}

/* Names the server, and the system's error where there was one. */
static bool
add_server(const S3HttpTransfer *transfer, S3Error *err)
{
	const char *space = err->detail[0] == '\0' ? "" : " ";
	char		name[SERVER_MAX];
	long		error = system_error(transfer);

	s3_error_copy_text(name, sizeof(name), server_of(transfer->request->url));
	if (error != 0 && err->kind == S3_ERROR_CONNECTION &&
		transfer->stop == S3_HTTP_STOP_NONE &&
		(transfer->code == CURLE_COULDNT_CONNECT || transfer->code == CURLE_SEND_ERROR ||
		 transfer->code == CURLE_RECV_ERROR))
		s3_error_detail(err, "%sThe server is %s; the system reports: %s.", space, name,
						pg_strerror((int) error));
	else
		s3_error_detail(err, "%sThe server is %s.", space, name);
	if (has_proxy(transfer))
		add_proxy(transfer, err);
	return false;
}

static void
add_proxy(const S3HttpTransfer *transfer, S3Error *err)
{
	char		name[SERVER_MAX];

	s3_error_copy_text(name, sizeof(name), server_of(transfer->request->proxy));
	s3_error_detail(err, " The proxy is %s.", name);
}

static bool
has_proxy(const S3HttpTransfer *transfer)
{
	return transfer->request->proxy != NULL && transfer->request->proxy[0] != '\0';
}

static bool
has_passed(const S3HttpTransfer *transfer, CURLINFO moment)
{
	curl_off_t	elapsed = 0;

	curl_easy_getinfo(transfer->easy, moment, &elapsed);
	return elapsed > 0;
}

/* The part of a URL that names host and port. */
static S3Slice
server_of(const char *url)
{
	const char *start = strstr(url, "://");
	size_t		len;

	start = start == NULL ? url : start + 3;
	len = strcspn(start, "/?#");
	for (size_t i = len; i > 0; i--)
		if (start[i - 1] == '@')	/* user information: never shown */
			return s3_slice(start + i, len - i);
	return s3_slice(start, len);
}
