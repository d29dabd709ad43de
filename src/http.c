/*-------------------------------------------------------------------------
 *
 * http.c
 *	  One HTTP transfer, from its options to its answer.
 *
 * Guarantees: the transfer's handle, header list and buffers are released
 * whatever ends it, by a memory context callback that is registered before
 * the first of them exists; a handle that saw an error is thrown away, one
 * that finished well is kept for the next transfer.  The callbacks that
 * libcurl calls never throw and never palloc: they return short, or pause
 * the transfer until the loop has made room.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "utils/memutils.h"

#include "http_transfer.h"

#define HEAD_SIZE_FIRST		2048
#define BODY_SIZE_FIRST		(32 * 1024)
#define IDLE_HANDLES_MAX	16
#define DNS_CACHE_SECONDS	30L
#define IDLE_SECONDS		30L /* then a connection is not used again */
#define LIFETIME_SECONDS	300L	/* likewise, counted from its start */

/* Handles are costly to make; their connections live in the multi handle. */
static CURL *idle_handles[IDLE_HANDLES_MAX];
static int	nidle_handles = 0;

/* Every transfer that is not released yet. */
static dlist_head live = DLIST_STATIC_INIT(live);

static void release_leftovers(void);
static S3HttpTransfer *create_transfer(const S3HttpRequest *request);
static void release_transfer(void *arg);
static void release_handle(S3HttpTransfer *transfer);
static void wipe_headers(struct curl_slist *headers);
static void take_handle(S3HttpTransfer *transfer);
static void set_options(S3HttpTransfer *transfer);
static void set_safety_options(S3HttpTransfer *transfer);
static void set_connection_options(S3HttpTransfer *transfer);
static void set_method(S3HttpTransfer *transfer);
static void set_headers(S3HttpTransfer *transfer);
static void add_header(S3HttpTransfer *transfer, const char *name, const char *value);
static void suppress_header(S3HttpTransfer *transfer, const char *name);
static void set_callbacks(S3HttpTransfer *transfer);
static void check_option(CURLcode code);
static void tend_transfer(S3HttpTransfer *transfer);
static void check_length(S3HttpTransfer *transfer);
static curl_off_t announced_length(const S3HttpTransfer *transfer);
static void make_room(S3HttpTransfer *transfer);
static void check_connected(S3HttpTransfer *transfer);
static void check_progress(S3HttpTransfer *transfer);
static int64 progress_deadline(const S3HttpTransfer *transfer);
static void stop_transfer(S3HttpTransfer *transfer, S3HttpStop stop);
static bool answer_counts(const S3HttpTransfer *transfer);
static void take_answer(S3HttpTransfer *transfer, S3HttpResponse *response);
static void check_memory(const S3HttpTransfer *transfer);
static int	count_send(void *arg, char *server_ip, char *own_ip, int server_port,
					   int own_port);
static size_t send_body(char *data, size_t size, size_t count, void *arg);
static int	seek_body(void *arg, curl_off_t offset, int origin);
static size_t receive_header(char *data, size_t size, size_t count, void *arg);
static bool end_header(S3HttpTransfer *transfer);
static bool keep_header(S3HttpTransfer *transfer, const char *data, size_t len);
static size_t receive_body(char *data, size_t size, size_t count, void *arg);

#define set_option(transfer, option, value) \
	check_option(curl_easy_setopt((transfer)->easy, option, value))

bool
s3_http_perform(const S3HttpRequest *request, S3HttpResponse *response, S3Error *err)
{
	S3HttpTransfer *transfer;
	bool		ok;

	memset(response, 0, sizeof(S3HttpResponse));
	release_leftovers();
	s3_http_start_engine();

	transfer = create_transfer(request);
	take_handle(transfer);
	set_options(transfer);
	s3_http_attach(transfer);
	for (;;)
	{
		s3_http_run();
		tend_transfer(transfer);
		if (transfer->done)
			break;
		if (!s3_http_wait(progress_deadline(transfer)))
			check_progress(transfer);
	}

	check_memory(transfer);
	ok = answer_counts(transfer);
	if (ok)
		take_answer(transfer, response);
	else
		s3_http_explain(transfer, err);
	if (!ok && transfer->body != NULL)
		pfree(transfer->body);

	MemoryContextDelete(transfer->context);
	return ok;
}

/*
 * Releases what an error left that was caught before its memory context went.
 */
static void
release_leftovers(void)
{
	while (!dlist_is_empty(&live))
		release_transfer(dlist_container(S3HttpTransfer, node, dlist_head_node(&live)));
}

static S3HttpTransfer *
create_transfer(const S3HttpRequest *request)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "s3store transfer",
												  ALLOCSET_SMALL_SIZES);
	S3HttpTransfer *transfer = MemoryContextAllocZero(context, sizeof(S3HttpTransfer));

	transfer->context = context;
	transfer->result_context = CurrentMemoryContext;
	transfer->request = request;

	dlist_push_tail(&live, &transfer->node);
	transfer->callback.func = release_transfer;
	transfer->callback.arg = transfer;
	MemoryContextRegisterResetCallback(context, &transfer->callback);
	return transfer;
}

/* Releases all that is not palloc'd; again is harmless.  Never throws. */
static void
release_transfer(void *arg)
{
	S3HttpTransfer *transfer = arg;

	if (transfer->released)
		return;
	transfer->released = true;

	dlist_delete(&transfer->node);
	s3_http_detach(transfer);
	release_handle(transfer);
	wipe_headers(transfer->headers);
	free(transfer->head);
}

static void
release_handle(S3HttpTransfer *transfer)
{
	if (transfer->easy == NULL)
		return;
	if (transfer->clean && nidle_handles < IDLE_HANDLES_MAX)
	{
		curl_easy_reset(transfer->easy);
		idle_handles[nidle_handles++] = transfer->easy;
	}
	else
		curl_easy_cleanup(transfer->easy);
	transfer->easy = NULL;
}

/* Headers hold signatures and session tokens. */
static void
wipe_headers(struct curl_slist *headers)
{
	for (struct curl_slist *item = headers; item != NULL; item = item->next)
		explicit_bzero(item->data, strlen(item->data));
	curl_slist_free_all(headers);
}

static void
take_handle(S3HttpTransfer *transfer)
{
	if (nidle_handles > 0)
		transfer->easy = idle_handles[--nidle_handles];
	else
		transfer->easy = curl_easy_init();
	if (transfer->easy == NULL)
		check_option(CURLE_OUT_OF_MEMORY);
}

static void
set_options(S3HttpTransfer *transfer)
{
	set_option(transfer, CURLOPT_PRIVATE, transfer);
	set_option(transfer, CURLOPT_ERRORBUFFER, transfer->error_buffer);
	set_option(transfer, CURLOPT_URL, transfer->request->url);
	set_safety_options(transfer);
	set_connection_options(transfer);
	set_method(transfer);
	set_headers(transfer);
	set_callbacks(transfer);
}

/*
 * What libcurl would do by itself and must not: follow, guess, take settings
 * from the environment, rewrite paths, unpack, run handlers.
 */
static void
set_safety_options(S3HttpTransfer *transfer)
{
	const S3HttpRequest *request = transfer->request;

#if LIBCURL_VERSION_NUM >= 0x075500
	set_option(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	set_option(transfer, CURLOPT_PROTOCOLS, (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	set_option(transfer, CURLOPT_FOLLOWLOCATION, 0L);
	set_option(transfer, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	set_option(transfer, CURLOPT_PATH_AS_IS, 1L);
	set_option(transfer, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	set_option(transfer, CURLOPT_PROXY, "");
	set_option(transfer, CURLOPT_HTTP09_ALLOWED, 0L);
	set_option(transfer, CURLOPT_NOSIGNAL, 1L);

	set_option(transfer, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	set_option(transfer, CURLOPT_SSL_VERIFYPEER, request->verify_tls ? 1L : 0L);
	set_option(transfer, CURLOPT_SSL_VERIFYHOST, request->verify_tls ? 2L : 0L);
	if (request->ca_file != NULL && request->ca_file[0] != '\0')
		set_option(transfer, CURLOPT_CAINFO, request->ca_file);
}

static void
set_connection_options(S3HttpTransfer *transfer)
{
	set_option(transfer, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	set_option(transfer, CURLOPT_CONNECTTIMEOUT_MS, (long) transfer->request->connect_timeout);
	set_option(transfer, CURLOPT_DNS_CACHE_TIMEOUT, DNS_CACHE_SECONDS);
	set_option(transfer, CURLOPT_MAXAGE_CONN, IDLE_SECONDS);
#if LIBCURL_VERSION_NUM >= 0x075000
	set_option(transfer, CURLOPT_MAXLIFETIME_CONN, LIFETIME_SECONDS);
#endif
	set_option(transfer, CURLOPT_TCP_NODELAY, 1L);
	set_option(transfer, CURLOPT_TCP_KEEPALIVE, 1L);

	/* Else a cancelled look-up is waited for to its end. */
#if LIBCURL_VERSION_NUM >= 0x075700
	set_option(transfer, CURLOPT_QUICK_EXIT, 1L);
#endif
}

/*
 * A request with a body goes out as libcurl's upload, whatever its method:
 * the form that adds no header of its own.  PUT and POST always have a body,
 * if an empty one, so that they say Content-Length: 0.
 */
static void
set_method(S3HttpTransfer *transfer)
{
	const S3HttpRequest *request = transfer->request;

	if (strcmp(request->method, "HEAD") == 0)
		set_option(transfer, CURLOPT_NOBODY, 1L);
	else if (request->body.data != NULL ||
			 strcmp(request->method, "PUT") == 0 ||
			 strcmp(request->method, "POST") == 0)
	{
		set_option(transfer, CURLOPT_UPLOAD, 1L);
		set_option(transfer, CURLOPT_INFILESIZE_LARGE, (curl_off_t) request->body.len);
		set_option(transfer, CURLOPT_CUSTOMREQUEST, request->method);
	}
	else
		set_option(transfer, CURLOPT_CUSTOMREQUEST, request->method);
}

static void
set_headers(S3HttpTransfer *transfer)
{
	const S3Fields *fields = transfer->request->headers;

	for (int i = 0; fields != NULL && i < fields->count; i++)
		add_header(transfer, fields->items[i].name, fields->items[i].value);
	suppress_header(transfer, "Accept");
	suppress_header(transfer, "Expect");
	suppress_header(transfer, "Transfer-Encoding");
	set_option(transfer, CURLOPT_HTTPHEADER, transfer->headers);
	set_option(transfer, CURLOPT_USERAGENT, "s3store/" S3STORE_VERSION);
}

/* libcurl takes "name: value", and "name;" for an empty value. */
static void
add_header(S3HttpTransfer *transfer, const char *name, const char *value)
{
	struct curl_slist *longer;
	char	   *line;

	if (value[0] == '\0')
		line = psprintf("%s;", name);
	else
		line = psprintf("%s: %s", name, value);
	longer = curl_slist_append(transfer->headers, line);
	explicit_bzero(line, strlen(line));
	pfree(line);

	if (longer == NULL)
		check_option(CURLE_OUT_OF_MEMORY);
	transfer->headers = longer;
}

/* "name:" keeps libcurl from sending the header by itself. */
static void
suppress_header(S3HttpTransfer *transfer, const char *name)
{
	const S3Fields *fields = transfer->request->headers;
	struct curl_slist *longer;
	char		line[64];

	for (int i = 0; fields != NULL && i < fields->count; i++)
		if (pg_strcasecmp(fields->items[i].name, name) == 0)
			return;

	snprintf(line, sizeof(line), "%s:", name);
	longer = curl_slist_append(transfer->headers, line);
	if (longer == NULL)
		check_option(CURLE_OUT_OF_MEMORY);
	transfer->headers = longer;
}

static void
set_callbacks(S3HttpTransfer *transfer)
{
	set_option(transfer, CURLOPT_OPENSOCKETFUNCTION, s3_http_open_socket);
	set_option(transfer, CURLOPT_OPENSOCKETDATA, transfer);
	set_option(transfer, CURLOPT_CLOSESOCKETFUNCTION, s3_http_close_socket);
	set_option(transfer, CURLOPT_READFUNCTION, send_body);
	set_option(transfer, CURLOPT_READDATA, transfer);
	set_option(transfer, CURLOPT_SEEKFUNCTION, seek_body);
	set_option(transfer, CURLOPT_SEEKDATA, transfer);
	set_option(transfer, CURLOPT_HEADERFUNCTION, receive_header);
	set_option(transfer, CURLOPT_HEADERDATA, transfer);
	set_option(transfer, CURLOPT_WRITEFUNCTION, receive_body);
	set_option(transfer, CURLOPT_WRITEDATA, transfer);
#if LIBCURL_VERSION_NUM >= 0x075000
	set_option(transfer, CURLOPT_PREREQFUNCTION, count_send);
	set_option(transfer, CURLOPT_PREREQDATA, transfer);
#endif
}

/* No option may be lost silently: one of them may be what keeps us safe. */
static void
check_option(CURLcode code)
{
	if (code == CURLE_OUT_OF_MEMORY)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	if (code != CURLE_OK)
		elog(ERROR, "could not set up a transfer: %s", curl_easy_strerror(code));
}

/* Does between two waits what the callbacks must not. */
static void
tend_transfer(S3HttpTransfer *transfer)
{
	if (!transfer->done && transfer->head_complete && !transfer->length_checked)
		check_length(transfer);
	if (!transfer->done && transfer->want > 0)
		make_room(transfer);
	if (!transfer->done && !transfer->connected)
		check_connected(transfer);
}

/* Refuses a body that is announced to be too long before it is downloaded. */
static void
check_length(S3HttpTransfer *transfer)
{
	bool		has_body = strcmp(transfer->request->method, "HEAD") != 0;

	transfer->length_checked = true;
	if (has_body && transfer->status / 100 == 2 &&
		announced_length(transfer) > (curl_off_t) transfer->body_max)
		stop_transfer(transfer, S3_HTTP_STOP_BODY);
}

/* The answer's Content-Length, or -1. */
static curl_off_t
announced_length(const S3HttpTransfer *transfer)
{
	curl_off_t	length = -1;

	curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	return length;
}

/*
 * Makes room for the bytes that the transfer was paused for: exactly for the
 * announced length where there is one, else for twice as much each time.
 * Room that is never filled is never touched, so it costs no memory.
 */
static void
make_room(S3HttpTransfer *transfer)
{
	size_t		headroom = transfer->request->headroom;
	size_t		need = transfer->body_len + transfer->want;
	curl_off_t	length = announced_length(transfer);
	size_t		size;

	/* The callback asks for no more than body_max in all. */
	if (length >= (curl_off_t) need)
		size = Min((size_t) length, transfer->body_max);
	else
	{
		size = Max(transfer->body_size * 2, BODY_SIZE_FIRST);
		size = Max(Min(size, transfer->body_max), need);
	}

	if (transfer->body == NULL)
		transfer->body = MemoryContextAlloc(transfer->result_context, headroom + size);
	else
		transfer->body = repalloc(transfer->body, headroom + size);
	transfer->body_size = size;
	transfer->want = 0;
	s3_http_resume(transfer);
}

/* Until the connection stands, libcurl's connect timeout is in charge. */
static void
check_connected(S3HttpTransfer *transfer)
{
	curl_off_t	elapsed = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &elapsed);
	transfer->connected = elapsed > 0;
	transfer->last_progress = s3_http_now();
}

/* Called when a wait brought nothing, so that no byte is waiting unseen. */
static void
check_progress(S3HttpTransfer *transfer)
{
	if (transfer->connected && s3_http_now() >= progress_deadline(transfer))
		stop_transfer(transfer, S3_HTTP_STOP_TIMEOUT);
}

/* Returns -1 when there is none yet. */
static int64
progress_deadline(const S3HttpTransfer *transfer)
{
	if (!transfer->connected)
		return -1;
	return transfer->last_progress + transfer->request->request_timeout;
}

static void
stop_transfer(S3HttpTransfer *transfer, S3HttpStop stop)
{
	transfer->stop = stop;
	transfer->done = true;
}

/* Is there a whole answer?  An error body that was cut does for one. */
static bool
answer_counts(const S3HttpTransfer *transfer)
{
	if (!transfer->head_complete || transfer->status < 200 || transfer->status > 599)
		return false;
	return transfer->stop == S3_HTTP_STOP_ENOUGH ||
		(transfer->stop == S3_HTTP_STOP_NONE && transfer->code == CURLE_OK);
}

static void
take_answer(S3HttpTransfer *transfer, S3HttpResponse *response)
{
	size_t		headroom = transfer->request->headroom;

	response->status = transfer->status;
	response->resent = transfer->sends > 1;

	response->headers = palloc(transfer->head_len + 1);
	memcpy(response->headers, transfer->head, transfer->head_len);
	response->headers[transfer->head_len] = '\0';
	response->headers_len = transfer->head_len;

	if (transfer->body == NULL && headroom > 0)
		transfer->body = palloc(headroom);
	else if (transfer->body != NULL && transfer->body_size > transfer->body_len)
		transfer->body = repalloc(transfer->body, Max(headroom + transfer->body_len, 1));
	response->body = transfer->body;
	response->body_len = transfer->body_len;

	transfer->clean = (transfer->stop == S3_HTTP_STOP_NONE);
}

/*
 * Reports that memory ran out inside libcurl or a callback.  libcurl says the
 * same of a header line that is too long for it, but then an answer had begun.
 */
static void
check_memory(const S3HttpTransfer *transfer)
{
	curl_off_t	first_byte = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte);
	if (transfer->stop == S3_HTTP_STOP_MEMORY ||
		(transfer->code == CURLE_OUT_OF_MEMORY && first_byte == 0))
		check_option(CURLE_OUT_OF_MEMORY);
}

/*
 * libcurl's callback: the connection stands, the request goes out.  It goes
 * out once more, unasked, when a kept connection turns out to be closed.
 */
static int
count_send(void *arg, char *server_ip, char *own_ip, int server_port, int own_port)
{
	((S3HttpTransfer *) arg)->sends++;
	return 0;
}

/* libcurl's callback: hands out the next part of the request's body. */
static size_t
send_body(char *data, size_t size, size_t count, void *arg)
{
	S3HttpTransfer *transfer = arg;
	S3Slice		body = transfer->request->body;
	size_t		len = Min(size * count, body.len - transfer->sent);

	if (len > 0)
		memcpy(data, body.data + transfer->sent, len);
	transfer->sent += len;
	return len;
}

/* libcurl's callback: the request is sent again, on a new connection. */
static int
seek_body(void *arg, curl_off_t offset, int origin)
{
	S3HttpTransfer *transfer = arg;

	if (origin != SEEK_SET || offset < 0 || (size_t) offset > transfer->request->body.len)
		return CURL_SEEKFUNC_FAIL;
	transfer->sent = (size_t) offset;
	return CURL_SEEKFUNC_OK;
}

/*
 * libcurl's callback: one line of headers.  The limits count everything that
 * comes this way, so that interim answers cannot go on forever.
 */
static size_t
receive_header(char *data, size_t size, size_t count, void *arg)
{
	S3HttpTransfer *transfer = arg;
	size_t		len = size * count;
	bool		ok = true;

	transfer->head_bytes += len;
	transfer->head_lines++;
	if (transfer->head_bytes > S3_HTTP_HEADERS_MAX ||
		transfer->head_lines > S3_HTTP_HEADER_COUNT_MAX)
	{
		transfer->stop = S3_HTTP_STOP_HEADERS;
		return 0;
	}

	/* After the body, trailers come this way; nobody asked for them. */
	if (transfer->head_complete)
		return len;

	if (!transfer->in_head)		/* the status line */
	{
		transfer->in_head = true;
		transfer->head_len = 0;
	}
	else if (data[0] == '\r' || data[0] == '\n')
		ok = end_header(transfer);
	else
		ok = keep_header(transfer, data, len);
	return ok ? len : 0;
}

/* An interim answer (1xx) is followed by another one. */
static bool
end_header(S3HttpTransfer *transfer)
{
	size_t		headroom = transfer->request->headroom;
	size_t		largest = MaxAllocSize - Min(headroom, MaxAllocSize);
	long		status = 0;

	transfer->in_head = false;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return true;

	transfer->status = (int) status;
	transfer->head_complete = true;
	if (status / 100 == 2)
		transfer->body_max = Min(transfer->request->max_body, largest);
	else
		transfer->body_max = Min(S3_HTTP_ERROR_BODY_MAX, largest);
	return true;
}

static bool
keep_header(S3HttpTransfer *transfer, const char *data, size_t len)
{
	if (len > transfer->head_size - transfer->head_len)
	{
		size_t		size = Max(transfer->head_size * 2, HEAD_SIZE_FIRST);
		char	   *grown;

		size = Max(size, transfer->head_len + len);
		grown = realloc(transfer->head, size);
		if (grown == NULL)
		{
			transfer->stop = S3_HTTP_STOP_MEMORY;
			return false;
		}
		transfer->head = grown;
		transfer->head_size = size;
	}
	memcpy(transfer->head + transfer->head_len, data, len);
	transfer->head_len += len;
	return true;
}

/*
 * libcurl's callback: a piece of the answer's body.  Pauses when there is no
 * room for it; the same piece comes again after s3_http_resume().
 */
static size_t
receive_body(char *data, size_t size, size_t count, void *arg)
{
	S3HttpTransfer *transfer = arg;
	size_t		len = size * count;

	if (len > transfer->body_max - transfer->body_len)
	{
		/* What the server says in its status outranks the rest of its words. */
		transfer->stop = transfer->status / 100 == 2 ?
			S3_HTTP_STOP_BODY : S3_HTTP_STOP_ENOUGH;
		return 0;
	}
	if (len > transfer->body_size - transfer->body_len)
	{
		transfer->want = len;
		return CURL_WRITEFUNC_PAUSE;
	}
	memcpy(transfer->body + transfer->request->headroom + transfer->body_len, data, len);
	transfer->body_len += len;
	return len;
}
