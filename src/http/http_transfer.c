/*-------------------------------------------------------------------------
 *
 * http_transfer.c
 *	  One transfer: what needs neither its socket nor a wait.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <sys/mman.h>

#include "utils/memutils.h"

#include "http/http_clock.h"
#include "http/http_transfer.h"

#define BODY_SIZE_FIRST		(32 * 1024)
#define HUGE_PAGE_SIZE		(2 * 1024 * 1024)
#define MAPPING_MIN			(32 * 1024 * 1024)	/* bytes: malloc has a mapping
												 * of its own for more */

static void check_length(S3HttpTransfer *transfer);
static void show_body(S3HttpTransfer *transfer);
static void make_room(S3HttpTransfer *transfer);
static void advise_huge_pages(char *start, size_t size);
static void keep_pace(S3HttpTransfer *transfer, int64 now);
static curl_off_t moved_bytes(const S3HttpTransfer *transfer);
static bool was_silent(const S3HttpTransfer *transfer, int64 now);
static void stop_transfer(S3HttpTransfer *transfer, S3HttpStop stop);
static void check_memory(const S3HttpTransfer *transfer);
static bool answer_counts(const S3HttpTransfer *transfer);
static void move_body(S3HttpTransfer *transfer, S3HttpResponse *response);

void
s3_http_check(CURLcode code)
{
	if (code == CURLE_OUT_OF_MEMORY)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	if (code != CURLE_OK)
		elog(ERROR, "could not set up a transfer: %s", curl_easy_strerror(code));
}

bool
s3_http_check_connected(S3HttpTransfer *transfer)
{
	curl_off_t	elapsed = 0;

	if (transfer->done || transfer->connected)
		return false;
	curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &elapsed);
	transfer->connected = elapsed > 0;
	transfer->last_progress = s3_http_now();
	transfer->looked_at = transfer->last_progress;
	transfer->credit = s3_http_longest_slowness(transfer);
	return transfer->connected;
}

bool
s3_http_tend(S3HttpTransfer *transfer)
{
	if (!transfer->done && transfer->head_complete && !transfer->length_checked)
		check_length(transfer);
	if (!transfer->done && transfer->body_len - transfer->watched >= S3_HTTP_WATCH_STEP)
		show_body(transfer);
	if (transfer->done || transfer->want == 0)
		return false;
	make_room(transfer);
	return true;
}

/* Refuses a body that is announced to be too long before it is downloaded. */
static void
check_length(S3HttpTransfer *transfer)
{
	bool		has_body = strcmp(transfer->request->method, "HEAD") != 0;

	transfer->length_checked = true;
	if (has_body && transfer->status / 100 == 2 &&
		s3_http_announced_length(transfer) > (curl_off_t) transfer->body_max)
		stop_transfer(transfer, S3_HTTP_STOP_BODY);
}

/* It may throw: no frame of libcurl is on the stack. */
static void
show_body(S3HttpTransfer *transfer)
{
	S3HttpResponse so_far = {.status = transfer->status};

	transfer->watched = transfer->body_len;
	if (transfer->request->watch == NULL || transfer->status / 100 != 2)
		return;
	so_far.headers = transfer->head;
	so_far.headers_len = transfer->head_len;
	so_far.body = transfer->body + transfer->request->headroom;
	so_far.body_len = transfer->body_len;
	transfer->request->watch(&so_far, transfer->request->watch_arg);
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
	curl_off_t	length = s3_http_announced_length(transfer);
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
	advise_huge_pages(transfer->body, headroom + size);
	transfer->body_size = size;
	transfer->want = 0;
}

/*
 * A large body is written to memory that is new: a fault for every page of it
 * takes longer than all the rest of the download.  Only what is given back to
 * the system with the body is changed.
 */
static void
advise_huge_pages(char *start, size_t size)
{
#ifdef MADV_HUGEPAGE
	char	   *first = (char *) TYPEALIGN(HUGE_PAGE_SIZE, start);
	char	   *end = (char *) TYPEALIGN_DOWN(HUGE_PAGE_SIZE, start + size);

	if (size > MAPPING_MIN)
		(void) madvise(first, end - first, MADV_HUGEPAGE);
#endif
}

curl_off_t
s3_http_announced_length(const S3HttpTransfer *transfer)
{
	curl_off_t	length = -1;

	curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	return length;
}

int64
s3_http_deadline(const S3HttpTransfer *transfer)
{
	if (!transfer->connected)
		return transfer->started + transfer->request->connect_timeout;
	return Min(transfer->last_progress + transfer->request->request_timeout,
			   transfer->looked_at + transfer->credit);
}

int64
s3_http_longest_slowness(const S3HttpTransfer *transfer)
{
	int64		timeout = transfer->request->request_timeout;

	return transfer->head_complete && transfer->request->answers_early ?
		timeout * S3_HTTP_WORK_TIMEOUTS : timeout;
}

/*
 * Nobody may have waited for long, and bytes be there unseen: they are seen in
 * the next wait, which finds what is ready of all transfers.
 */
void
s3_http_check_deadline(S3HttpTransfer *transfer, int64 now)
{
	bool		was_late = transfer->late;

	if (transfer->connected)
		keep_pace(transfer, now);
	transfer->late = now >= s3_http_deadline(transfer);
	if (!transfer->late)
		return;
	if (!transfer->connected)
		stop_transfer(transfer, S3_HTTP_STOP_CONNECT);
	else if (was_late)
		stop_transfer(transfer, was_silent(transfer, now) ?
					  S3_HTTP_STOP_TIMEOUT : S3_HTTP_STOP_SLOW);
}

/* The credit of a request begins a moment before its last byte goes out. */
static bool
was_silent(const S3HttpTransfer *transfer, int64 now)
{
	return now - transfer->last_progress >= transfer->request->request_timeout / 2;
}

static void
keep_pace(S3HttpTransfer *transfer, int64 now)
{
	curl_off_t	moved = moved_bytes(transfer);
	int64		earned = (moved - transfer->counted) * 1000 / S3_HTTP_RATE_MIN;
	int64		largest = s3_http_longest_slowness(transfer);

	transfer->credit -= now - transfer->looked_at;
	transfer->credit = Min(transfer->credit + Max(earned, 0), largest);
	if (transfer->head_complete && !transfer->counts_body)
		transfer->credit = largest;
	transfer->counts_body = transfer->head_complete;
	transfer->counted = moved;
	transfer->looked_at = now;
}

/* What goes out with the headers is not counted. */
static curl_off_t
moved_bytes(const S3HttpTransfer *transfer)
{
	curl_off_t	sent = 0;

	if (transfer->sent > 0)
		curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	return sent + (curl_off_t) transfer->body_len;
}

static void
stop_transfer(S3HttpTransfer *transfer, S3HttpStop stop)
{
	transfer->stop = stop;
	transfer->done = true;
}

bool
s3_http_take_answer(S3HttpTransfer *transfer, S3HttpResponse *response)
{
	check_memory(transfer);
	memset(response, 0, sizeof(S3HttpResponse));
	if (!answer_counts(transfer))
		return false;

	response->status = transfer->status;
	response->resent = Max(transfer->sends - 1, 0);
	response->headers = palloc(transfer->head_len + 1);
	memcpy(response->headers, transfer->head, transfer->head_len);
	response->headers[transfer->head_len] = '\0';
	response->headers_len = transfer->head_len;
	move_body(transfer, response);
	transfer->clean = (transfer->stop == S3_HTTP_STOP_NONE);
	return true;
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
		s3_http_check(CURLE_OUT_OF_MEMORY);
}

/* Is there a whole answer?  One whose error body was cut counts. */
static bool
answer_counts(const S3HttpTransfer *transfer)
{
	if (!transfer->head_complete || transfer->status < 200 || transfer->status > 599)
		return false;
	return transfer->stop == S3_HTTP_STOP_ENOUGH ||
		(transfer->stop == S3_HTTP_STOP_NONE && transfer->code == CURLE_OK);
}

/* Gives back the room that it does not fill. */
static void
move_body(S3HttpTransfer *transfer, S3HttpResponse *response)
{
	size_t		headroom = transfer->request->headroom;

	if (transfer->body == NULL && headroom > 0)
		transfer->body = palloc(headroom);
	else if (transfer->body != NULL && transfer->body_size > transfer->body_len)
		transfer->body = repalloc(transfer->body, Max(headroom + transfer->body_len, 1));
	response->body = transfer->body == NULL ? NULL : transfer->body + headroom;
	response->body_len = transfer->body_len;
}
