/*-------------------------------------------------------------------------
 *
 * http.c
 *	  One HTTP transfer, from its start to its answer.
 *
 * Guarantees: its handle, header list and buffers are released with its group,
 * whatever ends it; a handle that saw an error is thrown away, one that
 * finished well is kept for the next transfer.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <sys/mman.h>

#include "utils/memutils.h"

#include "http/http_transfer.h"

#define BODY_SIZE_FIRST		(32 * 1024)
#define HUGE_PAGE_SIZE		(2 * 1024 * 1024)
#define MAPPING_MIN			(32 * 1024 * 1024)	/* bytes: malloc has a mapping
												 * of its own for more */

static void wipe_headers(struct curl_slist *headers);
static void check_length(S3HttpTransfer *transfer);
static void show_body(S3HttpTransfer *transfer);
static void make_room(S3HttpTransfer *transfer);
static void advise_huge_pages(char *start, size_t size);
static void check_connected(S3HttpTransfer *transfer);
static void stop_transfer(S3HttpTransfer *transfer, S3HttpStop stop);
static bool answer_counts(const S3HttpTransfer *transfer);
static void take_answer(S3HttpTransfer *transfer, S3HttpResponse *response);
static void check_memory(const S3HttpTransfer *transfer);

bool
s3_http_perform(const S3HttpRequest *request, S3HttpResponse *response, S3Error *err)
{
	S3HttpGroup *group = s3_http_group_create();
	bool		ok;

	s3_http_start(group, request, NULL);
	ok = s3_http_finish(s3_http_wait_for_any(group, -1), response, err);
	s3_http_group_free(group);
	return ok;
}

bool
s3_http_finish(S3HttpTransfer *transfer, S3HttpResponse *response, S3Error *err)
{
	S3HttpGroup *group = transfer->group;
	bool		ok;

	memset(response, 0, sizeof(S3HttpResponse));
	check_memory(transfer);
	ok = answer_counts(transfer);
	if (ok)
		take_answer(transfer, response);
	else
		s3_http_explain(transfer, err);
	if (!ok && transfer->body != NULL)
		pfree(transfer->body);
	s3_http_release(transfer);
	dlist_push_head(&group->spare, &transfer->node);
	return ok;
}

/* Releases all that is not palloc'd.  Never throws. */
void
s3_http_release(S3HttpTransfer *transfer)
{
	dlist_delete(&transfer->node);
	s3_http_detach(transfer);
	s3_http_give_back_handle(transfer->handle, transfer->clean);
	wipe_headers(transfer->headers);
	free(transfer->head);
}

/* Headers hold signatures and session tokens. */
static void
wipe_headers(struct curl_slist *headers)
{
	for (struct curl_slist *item = headers; item != NULL; item = item->next)
		explicit_bzero(item->data, strlen(item->data));
	curl_slist_free_all(headers);
}

/* Throws unless libcurl did what it was asked for. */
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

/*
 * Does between two waits what the callbacks must not.  Returns true when the
 * transfer can go on without a wait.
 */
bool
s3_http_tend(S3HttpTransfer *transfer)
{
	if (!transfer->done && !transfer->connected)
		check_connected(transfer);
	if (!transfer->done && transfer->head_complete && !transfer->length_checked)
		check_length(transfer);
	if (!transfer->done && transfer->body_len - transfer->watched >= S3_HTTP_WATCH_STEP)
		show_body(transfer);
	if (transfer->done || transfer->want == 0)
		return false;
	make_room(transfer);
	return !transfer->done;
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

/* Here, no frame of libcurl is on the stack. */
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

curl_off_t
s3_http_announced_length(const S3HttpTransfer *transfer)
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
	s3_http_resume(transfer);
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

static void
check_connected(S3HttpTransfer *transfer)
{
	curl_off_t	elapsed = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &elapsed);
	transfer->connected = elapsed > 0;
	transfer->last_progress = s3_http_now();
	if (transfer->connected)
		s3_http_trust_sockets(transfer);
}

/*
 * Once connected, only a wait that brought nothing shows that no byte is
 * waiting unseen.
 */
void
s3_http_check_deadline(S3HttpTransfer *transfer, int64 now, bool quiet)
{
	if (now < s3_http_deadline(transfer))
		return;
	if (!transfer->connected)
		stop_transfer(transfer, S3_HTTP_STOP_CONNECT);
	else if (quiet)
		stop_transfer(transfer, S3_HTTP_STOP_TIMEOUT);
}

int64
s3_http_deadline(const S3HttpTransfer *transfer)
{
	if (!transfer->connected)
		return transfer->started + transfer->request->connect_timeout;
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
	response->body = transfer->body == NULL ? NULL : transfer->body + headroom;
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
		s3_http_check(CURLE_OUT_OF_MEMORY);
}
