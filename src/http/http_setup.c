/*-------------------------------------------------------------------------
 *
 * http_setup.c
 *	  libcurl's handles, and what they are told of a transfer: its options
 *	  and its headers.
 *
 * Handles are costly to make and to set up: they are kept from one transfer
 * to the next, but for those that saw an error.  Their connections live in
 * the multi handle.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/fields.h"
#include "http/http_callbacks.h"
#include "http/http_idle.h"
#include "http/http_setup.h"

/*
 * The connect timeout is ours; libcurl gets this much more, in ms, and divides
 * the whole among the addresses of a host.
 */
#define CONNECT_SLACK		100

#define IDLE_HANDLES_MAX	64
#define DNS_CACHE_SECONDS	30L
#define CA_CACHE_SECONDS	300L
#define RECEIVE_BUFFER		(32 * 1024L)	/* bytes; more is unmapped each
											 * time */
#define SEND_BUFFER			(256 * 1024L)
#define ONE_PIECE_MAX		(16 * 1024) /* bytes of a body sent with headers */
#define PROXY_PORT			80L /* where its address has none */
#define LIFETIME_SECONDS	300L	/* likewise, counted from its start */

static S3HttpHandle *idle_handles[IDLE_HANDLES_MAX];
static int	nidle_handles = 0;

static void free_handle(S3HttpHandle *handle);
static void set_safety_options(S3HttpTransfer *transfer);
static void set_server_options(S3HttpTransfer *transfer);
static bool serves_same_server(const S3HttpHandle *handle, const S3HttpRequest *request);
static bool is_same(const char *kept, const char *given);
static void remember(char **kept, const char *given);
static void set_proxy(S3HttpTransfer *transfer);
static void set_authorities(S3HttpTransfer *transfer);
static void set_connection_options(S3HttpTransfer *transfer);
static void set_method(S3HttpTransfer *transfer);
static void set_body(S3HttpTransfer *transfer);
static void set_headers(S3HttpTransfer *transfer);
static void add_header(S3HttpTransfer *transfer, const char *name, const char *value);
static void suppress_header(S3HttpTransfer *transfer, const char *name);
static bool append_line(S3HttpTransfer *transfer, const char *line);

S3HttpHandle *
s3_http_take_handle(void)
{
	S3HttpHandle *handle;

	if (nidle_handles > 0)
		return idle_handles[--nidle_handles];
	handle = calloc(1, sizeof(S3HttpHandle));
	if (handle != NULL)
		handle->easy = curl_easy_init();
	if (handle == NULL || handle->easy == NULL)
	{
		free(handle);
		s3_http_check(CURLE_OUT_OF_MEMORY);
	}
	return handle;
}

void
s3_http_give_back_handle(S3HttpHandle *handle, bool clean)
{
	if (handle == NULL)
		return;
	if (clean && handle->easy != NULL && nidle_handles < IDLE_HANDLES_MAX)
		idle_handles[nidle_handles++] = handle;
	else
		free_handle(handle);
}

static void
free_handle(S3HttpHandle *handle)
{
	if (handle->easy != NULL)
		curl_easy_cleanup(handle->easy);
	free(handle->proxy);
	free(handle->ca_file);
	free(handle);
}

/*
 * Options stay with the handle from one transfer to the next, as long as they
 * are for the same server: otherwise all are reset, so that no setting of
 * another endpoint remains.
 */
void
s3_http_set_options(S3HttpTransfer *transfer)
{
	S3HttpHandle *handle = transfer->handle;

	if (!handle->set_up || !serves_same_server(handle, transfer->request))
	{
		curl_easy_reset(handle->easy);
		set_safety_options(transfer);
		set_connection_options(transfer);
		s3_http_set_callbacks(transfer);
		set_server_options(transfer);
		handle->set_up = true;
	}
	s3_http_set_option(transfer, CURLOPT_PRIVATE, transfer);
	s3_http_set_option(transfer, CURLOPT_ERRORBUFFER, transfer->error_buffer);
	s3_http_set_option(transfer, CURLOPT_URL, transfer->request->url);
	s3_http_set_option(transfer, CURLOPT_TIMEOUT_MS, (long) transfer->request->total_timeout);

	/*
	 * Where a connection that was used before ends without an answer, libcurl
	 * sends the request again over another one.
	 */
	s3_http_set_option(transfer, CURLOPT_FRESH_CONNECT, transfer->request->once ? 1L : 0L);
	s3_http_set_callback_data(transfer);
	set_method(transfer);
	set_headers(transfer);
}

/*
 * What libcurl would do by itself and must not: follow, guess, take settings
 * from the environment, rewrite paths, unpack, run handlers.
 */
static void
set_safety_options(S3HttpTransfer *transfer)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	s3_http_set_option(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	s3_http_set_option(transfer, CURLOPT_PROTOCOLS, (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	s3_http_set_option(transfer, CURLOPT_FOLLOWLOCATION, 0L);
	s3_http_set_option(transfer, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	s3_http_set_option(transfer, CURLOPT_PATH_AS_IS, 1L);
	s3_http_set_option(transfer, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	s3_http_set_option(transfer, CURLOPT_HTTP09_ALLOWED, 0L);
	s3_http_set_option(transfer, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	s3_http_set_option(transfer, CURLOPT_NOSIGNAL, 1L);
	s3_http_set_option(transfer, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	s3_http_set_option(transfer, CURLOPT_USERAGENT, "s3store/" S3STORE_VERSION);
}

/* How the endpoint's settings say to reach its server. */
static void
set_server_options(S3HttpTransfer *transfer)
{
	const S3HttpRequest *request = transfer->request;
	S3HttpHandle *handle = transfer->handle;

	set_proxy(transfer);
	s3_http_set_option(transfer, CURLOPT_SSL_VERIFYPEER, request->verify_tls ? 1L : 0L);
	s3_http_set_option(transfer, CURLOPT_SSL_VERIFYHOST, request->verify_tls ? 2L : 0L);
	set_authorities(transfer);
	s3_http_set_option(transfer, CURLOPT_CONNECTTIMEOUT_MS,
					   (long) request->connect_timeout + CONNECT_SLACK);
	handle->connect_timeout = request->connect_timeout;
	handle->verify_tls = request->verify_tls;
	remember(&handle->proxy, request->proxy);
	remember(&handle->ca_file, request->ca_file);
}

static bool
serves_same_server(const S3HttpHandle *handle, const S3HttpRequest *request)
{
	return handle->connect_timeout == request->connect_timeout &&
		handle->verify_tls == request->verify_tls &&
		is_same(handle->proxy, request->proxy) &&
		is_same(handle->ca_file, request->ca_file);
}

/* NULL and "" are the same: none. */
static bool
is_same(const char *kept, const char *given)
{
	return strcmp(kept == NULL ? "" : kept, given == NULL ? "" : given) == 0;
}

static void
remember(char **kept, const char *given)
{
	free(*kept);
	*kept = given == NULL || given[0] == '\0' ? NULL : strdup(given);
	if (*kept == NULL && given != NULL && given[0] != '\0')
		s3_http_check(CURLE_OUT_OF_MEMORY);
}

/*
 * The proxy of the settings, for every host, and never one of the server's
 * environment.  It sees our headers only where it must: not when it opens a
 * tunnel to an https server.  Its answer to that is no answer to the request.
 */
static void
set_proxy(S3HttpTransfer *transfer)
{
	const char *proxy = transfer->request->proxy;

	s3_http_set_option(transfer, CURLOPT_PROXY, proxy == NULL ? "" : proxy);
	s3_http_set_option(transfer, CURLOPT_PROXYPORT, PROXY_PORT);
	s3_http_set_option(transfer, CURLOPT_NOPROXY, "");
	s3_http_set_option(transfer, CURLOPT_HEADEROPT, (long) CURLHEADER_SEPARATE);
	s3_http_set_option(transfer, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

/*
 * A configured file of certificate authorities replaces those of the system,
 * the file and the directory alike.  Without the directory libcurl can keep
 * the parsed file between connections, which saves 20 ms for each.
 */
static void
set_authorities(S3HttpTransfer *transfer)
{
	const char *ca_file = transfer->request->ca_file;
	bool		configured = ca_file != NULL && ca_file[0] != '\0';

	if (configured)
		s3_http_set_option(transfer, CURLOPT_CAINFO, ca_file);
	if (configured || curl_version_info(CURLVERSION_NOW)->cainfo != NULL)
		s3_http_set_option(transfer, CURLOPT_CAPATH, NULL);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* For speed alone: not every TLS library of libcurl's can. */
	(void) curl_easy_setopt(transfer->easy, CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_SECONDS);
#endif
}

static void
set_connection_options(S3HttpTransfer *transfer)
{
	s3_http_set_option(transfer, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	s3_http_set_option(transfer, CURLOPT_DNS_CACHE_TIMEOUT, DNS_CACHE_SECONDS);
	s3_http_set_option(transfer, CURLOPT_MAXAGE_CONN, (long) S3_HTTP_IDLE_SECONDS);
#if LIBCURL_VERSION_NUM >= 0x075000
	s3_http_set_option(transfer, CURLOPT_MAXLIFETIME_CONN, LIFETIME_SECONDS);
#endif
	s3_http_set_option(transfer, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
	s3_http_set_option(transfer, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BUFFER);
	s3_http_set_option(transfer, CURLOPT_TCP_NODELAY, 1L);
	s3_http_set_option(transfer, CURLOPT_TCP_KEEPALIVE, 1L);

	/* Else a cancelled look-up is waited for to its end. */
#if LIBCURL_VERSION_NUM >= 0x075700
	s3_http_set_option(transfer, CURLOPT_QUICK_EXIT, 1L);
#endif
}

/*
 * What is not only for reading always has a body, if an empty one, so that it
 * says Content-Length: 0: without it Swift waits for a body of some DELETEs.
 */
static void
set_method(S3HttpTransfer *transfer)
{
	const S3HttpRequest *request = transfer->request;

	/*
	 * These undo what was before.  As long as there are fields, no upload is
	 * rewound.
	 */
	s3_http_set_option(transfer, CURLOPT_POSTFIELDS, NULL);
	s3_http_set_option(transfer, CURLOPT_HTTPGET, 1L);
	s3_http_set_option(transfer, CURLOPT_CUSTOMREQUEST, NULL);
	if (strcmp(request->method, "HEAD") == 0)
		s3_http_set_option(transfer, CURLOPT_NOBODY, 1L);
	else if (request->body.data != NULL ||
			 strcmp(request->method, "PUT") == 0 ||
			 strcmp(request->method, "POST") == 0 ||
			 strcmp(request->method, "DELETE") == 0)
	{
		set_body(transfer);
		s3_http_set_option(transfer, CURLOPT_CUSTOMREQUEST, request->method);
	}
	else
		s3_http_set_option(transfer, CURLOPT_CUSTOMREQUEST, request->method);
}

/*
 * A small body goes out in one piece with the headers, as what libcurl calls
 * a POST, whatever the method; others as its upload.  Neither may add a header
 * of its own.  Before libcurl 7.80, only an upload tells when it is sent again.
 */
static void
set_body(S3HttpTransfer *transfer)
{
	const S3HttpRequest *request = transfer->request;
	S3Slice		body = request->body;

#if LIBCURL_VERSION_NUM >= 0x075000
	if (body.len <= ONE_PIECE_MAX)
	{
		s3_http_set_option(transfer, CURLOPT_POST, 1L);
		s3_http_set_option(transfer, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) body.len);
		s3_http_set_option(transfer, CURLOPT_POSTFIELDS, body.len == 0 ? "" : body.data);
		suppress_header(transfer, "content-type");
		return;
	}
#endif
	suppress_header(transfer, "expect");
	s3_http_set_option(transfer, CURLOPT_UPLOAD, 1L);
	s3_http_set_option(transfer, CURLOPT_INFILESIZE_LARGE, (curl_off_t) body.len);
}

static void
set_headers(S3HttpTransfer *transfer)
{
	const S3Fields *fields = transfer->request->headers;

	for (int i = 0; fields != NULL && i < fields->count; i++)
		add_header(transfer, fields->items[i].name, fields->items[i].value);
	suppress_header(transfer, "accept");
	s3_http_set_option(transfer, CURLOPT_HTTPHEADER, transfer->headers);
}

/* libcurl takes "name: value", and "name;" for an empty value. */
static void
add_header(S3HttpTransfer *transfer, const char *name, const char *value)
{
	StringInfoData line;
	bool		appended;

	initStringInfo(&line);
	appendStringInfoString(&line, name);
	if (value[0] == '\0')
		appendStringInfoChar(&line, ';');
	else
	{
		appendStringInfoString(&line, ": ");
		appendStringInfoString(&line, value);
	}
	appended = append_line(transfer, line.data);
	explicit_bzero(line.data, line.len);
	pfree(line.data);
	if (!appended)
		s3_http_check(CURLE_OUT_OF_MEMORY);
}

/* "name:" keeps libcurl from sending the header by itself. */
static void
suppress_header(S3HttpTransfer *transfer, const char *name)
{
	const S3Fields *fields = transfer->request->headers;
	char		line[64];

	if (fields != NULL && s3_fields_find(fields, name) != NULL)
		return;
	snprintf(line, sizeof(line), "%s:", name);
	if (!append_line(transfer, line))
		s3_http_check(CURLE_OUT_OF_MEMORY);
}

/* libcurl copies the line.  Returns false when memory runs out. */
static bool
append_line(S3HttpTransfer *transfer, const char *line)
{
	struct curl_slist *longer = curl_slist_append(transfer->headers, line);

	if (longer != NULL)
		transfer->headers = longer;
	return longer != NULL;
}
