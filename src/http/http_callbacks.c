/*-------------------------------------------------------------------------
 *
 * http_callbacks.c
 *	  What libcurl calls for the bytes of a transfer.
 *
 * The callbacks never throw, and never look at interrupts: a frame of libcurl
 * is above them.  They return short, having noted why, or pause the transfer
 * until the loop has made room.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "utils/memutils.h"

#include "http/http_callbacks.h"
#include "http/http_socket.h"
#include "http/http_wait.h"

#define HEAD_SIZE_FIRST		2048
#define SMALL_BODY_MAX		(64 * 1024) /* bytes */

#if LIBCURL_VERSION_NUM >= 0x075000
static int	count_send(void *arg, char *server_ip, char *own_ip, int server_port,
					   int own_port);
#endif
static size_t send_body(char *data, size_t size, size_t count, void *arg);
static int	seek_body(void *arg, curl_off_t offset, int origin);
static size_t receive_header(char *data, size_t size, size_t count, void *arg);
static bool end_header(S3HttpTransfer *transfer);
static bool is_other_encoding(const char *line, size_t len);
static bool keep_header(S3HttpTransfer *transfer, const char *data, size_t len);
static size_t receive_body(char *data, size_t size, size_t count, void *arg);
static bool make_small_room(S3HttpTransfer *transfer);

void
s3_http_set_callbacks(S3HttpTransfer *transfer)
{
	s3_http_set_option(transfer, CURLOPT_OPENSOCKETFUNCTION, s3_http_open_socket);
	s3_http_set_option(transfer, CURLOPT_CLOSESOCKETFUNCTION, s3_http_close_socket);
	s3_http_set_option(transfer, CURLOPT_RESOLVER_START_FUNCTION, s3_http_mask_signals);
	s3_http_set_option(transfer, CURLOPT_READFUNCTION, send_body);
	s3_http_set_option(transfer, CURLOPT_SEEKFUNCTION, seek_body);
	s3_http_set_option(transfer, CURLOPT_HEADERFUNCTION, receive_header);
	s3_http_set_option(transfer, CURLOPT_WRITEFUNCTION, receive_body);
#if LIBCURL_VERSION_NUM >= 0x075000
	s3_http_set_option(transfer, CURLOPT_PREREQFUNCTION, count_send);
#endif
}

void
s3_http_set_callback_data(S3HttpTransfer *transfer)
{
	s3_http_set_option(transfer, CURLOPT_OPENSOCKETDATA, transfer);
	s3_http_set_option(transfer, CURLOPT_READDATA, transfer);
	s3_http_set_option(transfer, CURLOPT_SEEKDATA, transfer);
	s3_http_set_option(transfer, CURLOPT_HEADERDATA, transfer);
	s3_http_set_option(transfer, CURLOPT_WRITEDATA, transfer);
#if LIBCURL_VERSION_NUM >= 0x075000
	s3_http_set_option(transfer, CURLOPT_PREREQDATA, transfer);
#endif
}

#if LIBCURL_VERSION_NUM >= 0x075000
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
#endif

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

	if (origin != SEEK_SET || offset != 0)
		return CURL_SEEKFUNC_FAIL;
#if LIBCURL_VERSION_NUM < 0x075000
	transfer->sends = 2;		/* nothing else tells that it goes out again */
#endif
	transfer->sent = 0;
	return CURL_SEEKFUNC_OK;
}

/*
 * libcurl's callback: one line of headers.  The limits count all lines of all
 * answers, so that interim answers cannot go on forever.
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

	/* After the body come trailers, which are ignored. */
	if (transfer->head_complete)
		return len;

	if (!transfer->in_head)		/* the status line */
	{
		transfer->in_head = true;
		transfer->head_len = 0;
	}
	else if (data[0] == '\r' || data[0] == '\n')
		ok = end_header(transfer);
	else if (is_other_encoding(data, len))
	{
		transfer->stop = S3_HTTP_STOP_ENCODING;
		ok = false;
	}
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

/*
 * Does a header say that the body is encoded for the transfer in another way
 * than chunked?  We never ask for one, and libcurl would undo as many as there
 * are, without a look at interrupts.
 */
static bool
is_other_encoding(const char *line, size_t len)
{
	const char *name = "transfer-encoding:";
	size_t		name_len = strlen(name);
	S3Slice		value;

	if (len < name_len || pg_strncasecmp(line, name, name_len) != 0)
		return false;
	value = s3_slice_trim(s3_slice(line + name_len, len - name_len));
	return value.len != strlen("chunked") ||
		pg_strncasecmp(value.data, "chunked", value.len) != 0;
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
		/* An error's status counts, even if its text is too long. */
		transfer->stop = transfer->status / 100 == 2 ?
			S3_HTTP_STOP_BODY : S3_HTTP_STOP_ENOUGH;
		return 0;
	}
	if (len > transfer->body_size - transfer->body_len && !make_small_room(transfer))
	{
		transfer->want = len;
		return CURL_WRITEFUNC_PAUSE;
	}
	memcpy(transfer->body + transfer->request->headroom + transfer->body_len, data, len);
	transfer->body_len += len;
	return len;
}

/*
 * A small body gets its room at once, which saves the pause.  Nothing may throw
 * here: without memory the transfer pauses, and make_room() reports it.
 */
static bool
make_small_room(S3HttpTransfer *transfer)
{
	size_t		headroom = transfer->request->headroom;
	curl_off_t	length = s3_http_announced_length(transfer);

	if (transfer->body != NULL ||
		length <= 0 || length > (curl_off_t) Min(transfer->body_max, SMALL_BODY_MAX))
		return false;
	transfer->body = MemoryContextAllocExtended(transfer->result_context, headroom + (size_t) length,
												MCXT_ALLOC_NO_OOM);
	if (transfer->body == NULL)
		return false;
	transfer->body_size = (size_t) length;
	return true;
}
