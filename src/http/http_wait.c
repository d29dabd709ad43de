/*-------------------------------------------------------------------------
 *
 * http_wait.c
 *	  The engine of all transfers of a backend: libcurl's multi handle, its
 *	  timer, and the wait for both.
 *
 * Guarantees: interrupts are served in every round, a round lasts a second
 * at most, and nothing is thrown while a frame of libcurl is on the stack.
 * Signals are masked while libcurl starts a thread to resolve a name: it
 * inherits the mask, and PostgreSQL's handlers must not run in a foreign
 * thread.  To mask them for all that libcurl does would cost more than the
 * rest of a small request.
 *
 * The multi handle lives as long as the backend; it owns the connections,
 * idle ones included.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/latch.h"

#include "backend/compat.h"
#include "http/http_clock.h"
#include "http/http_idle.h"
#include "http/http_socket.h"
#include "http/http_transfer.h"
#include "http/http_wait.h"

/*
 * Before 7.87, libcurl waits for the thread that resolves a name whatever ends
 * the transfer: the handle of a cancelled one is abandoned then.
 */
#ifndef S3_HTTP_RESOLVER_BLOCKS
#define S3_HTTP_RESOLVER_BLOCKS (LIBCURL_VERSION_NUM < 0x075700)
#endif

#define ROUND_MAX			1000	/* ms: the longest wait in one go */
#define IDLE_CONNECTIONS_MIN 4
#define EVENTS_PER_ROUND	64
#define TIMER_RUNS_MAX		8
#define ABANDONED_MAX		16	/* each has a thread and two descriptors */

void		(*s3_http_turn) (void) = NULL;

static CURLM *multi = NULL;
static bool multi_failed = false;	/* replace it before the next transfer */
static int64 timer_due = -1;	/* when libcurl wants to run; -1: not at all */
static int	kept_connections = IDLE_CONNECTIONS_MIN;
static int	nabandoned = 0;		/* transfers that are in it without an owner */
static bool masked = false;		/* the signals, by s3_http_mask_signals() */
static sigset_t mask_before;
static uint32 wait_event = 0;

static void abandon(S3HttpTransfer *transfer);
static void release_abandoned(CURL *easy);
static void discard_multi(void);
static void create_multi(void);
static void check_multi(CURLMcode code, const char *doing);
static void unmask_signals(void);
static void drive(curl_socket_t fd, int events);
static void collect_finished(void);
static void run_timer(void);
static long wait_timeout(int64 deadline);
static void dispatch(const WaitEvent *event);
static int	set_timer(CURLM *handle, long timeout, void *arg);

void
s3_http_start_engine(void)
{
	static bool initialized = false;

	/* A handle made there would be shared by all its children. */
	if (IsPostmasterEnvironment && !IsUnderPostmaster)
		elog(ERROR, "transfers cannot run in the postmaster");
	if (wait_event == 0)
		wait_event = NewExtensionWaitEvent("S3storeTransfer");

	s3_http_make_idle_clock();
	if (!initialized)
		initialized = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	if (multi_failed)
		discard_multi();
	if (initialized && multi == NULL)
		create_multi();
	if (multi == NULL)
		elog(ERROR, "could not initialize the transfer library");
}

void
s3_http_keep_connections(int count)
{
	count = Max(count, IDLE_CONNECTIONS_MIN);
	if (count == kept_connections)
		return;
	kept_connections = count;
	if (multi != NULL)
		curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long) count);
}

void
s3_http_attach(S3HttpTransfer *transfer)
{
	CURLMcode	code;

	code = curl_multi_add_handle(multi, transfer->easy);
	transfer->attached = (code == CURLM_OK);
	check_multi(code, "start");
}

void
s3_http_detach(S3HttpTransfer *transfer)
{
	if (!transfer->attached)
		return;
	transfer->attached = false;

	if (S3_HTTP_RESOLVER_BLOCKS && nabandoned < ABANDONED_MAX &&
		s3_http_is_resolving(transfer))
	{
		abandon(transfer);
		return;
	}

	if (curl_multi_remove_handle(multi, transfer->easy) != CURLM_OK)
	{
		multi_failed = true;
		transfer->clean = false;
	}

	s3_http_disown_sockets(transfer);
}

void
s3_http_resume(S3HttpTransfer *transfer)
{
	CURLcode	code;

	code = curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
	/* What was held back is delivered in this call, and can fail in it. */
	if (code != CURLE_OK)
	{
		transfer->done = true;
		transfer->code = code;
	}
}

void
s3_http_run(void)
{
	CHECK_FOR_INTERRUPTS();
	if (s3_http_turn != NULL)
		s3_http_turn();
	run_timer();
	collect_finished();
}

void
s3_http_wait(int64 deadline)
{
	WaitEvent	events[EVENTS_PER_ROUND];
	int			nevents;

	nevents = WaitEventSetWait(s3_http_wait_set(), wait_timeout(deadline), events,
							   lengthof(events), wait_event);
	for (int i = 0; i < nevents; i++)
	{
		if (events[i].events & WL_LATCH_SET)
			ResetLatch(MyLatch);
		else
			dispatch(&events[i]);
	}
}

/*
 * Leaves the handle of a transfer to libcurl, with nothing in it that is ours,
 * until the thread that resolves its name has ended: at some later transfer
 * it finds that no socket is opened for it, and is released as failed.
 */
static void
abandon(S3HttpTransfer *transfer)
{
	curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, NULL);
	curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(transfer->easy, CURLOPT_OPENSOCKETDATA, NULL);
	/* libcurl would wait for the thread here, too */
	curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS, (long) INT_MAX);
	s3_http_disown_sockets(transfer);
	transfer->handle->easy = NULL;
	transfer->easy = NULL;
	nabandoned++;
}

static void
release_abandoned(CURL *easy)
{
	if (curl_multi_remove_handle(multi, easy) == CURLM_OK)
	{
		curl_easy_cleanup(easy);
		nabandoned--;
	}
	else
		multi_failed = true;
}

/* A handle whose thread still runs cannot be freed: it is leaked. */
static void
discard_multi(void)
{
	if (nabandoned == 0)
		curl_multi_cleanup(multi);
	nabandoned = 0;
	multi = NULL;
	multi_failed = false;
}

/* Leaves multi NULL when it fails. */
static void
create_multi(void)
{
	multi = curl_multi_init();
	if (multi == NULL)
		return;
	timer_due = -1;
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, s3_http_watch_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long) kept_connections);
#if LIBCURL_VERSION_NUM >= 0x081400
	curl_multi_setopt(multi, CURLMOPT_QUICK_EXIT, 1L);
#endif
}

/*
 * A multi handle that failed once is not to be trusted again.  It is replaced
 * before the next transfer, when those of this one are released.
 */
static void
check_multi(CURLMcode code, const char *doing)
{
	if (code == CURLM_OK)
		return;
	multi_failed = true;
	if (code == CURLM_OUT_OF_MEMORY)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	elog(ERROR, "could not %s a transfer: %s", doing, curl_multi_strerror(code));
}

int
s3_http_mask_signals(void *resolver, void *reserved, void *arg)
{
	sigset_t	all;

	if (masked)
		return 0;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask_before);
	masked = true;
	return 0;
}

static void
unmask_signals(void)
{
	if (masked)
		sigprocmask(SIG_SETMASK, &mask_before, NULL);
	masked = false;
}

static void
drive(curl_socket_t fd, int events)
{
	CURLMcode	code;
	int			running;

	code = curl_multi_socket_action(multi, fd, events, &running);
	unmask_signals();
	check_multi(code, "continue");
}

/* Marks the transfers that came to an end, well or not. */
static void
collect_finished(void)
{
	CURLMsg    *msg;
	int			left;

	while ((msg = curl_multi_info_read(multi, &left)) != NULL)
	{
		char	   *private = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
		if (private != NULL)
		{
			((S3HttpTransfer *) private)->done = true;
			((S3HttpTransfer *) private)->code = msg->data.result;
		}
		else
			release_abandoned(msg->easy_handle);
	}
}

/*
 * Lets libcurl run while its timer is due: a state at a time, often several
 * in a row.  The bound keeps the latch and the sockets served.
 */
static void
run_timer(void)
{
	for (int i = 0; i < TIMER_RUNS_MAX; i++)
	{
		if (timer_due < 0 || timer_due > s3_http_now())
			return;
		timer_due = -1;
		drive(CURL_SOCKET_TIMEOUT, 0);
	}
}

static long
wait_timeout(int64 deadline)
{
	int64		now = s3_http_now();
	int64		timeout = ROUND_MAX;

	if (timer_due >= 0)
		timeout = Min(timeout, timer_due - now);
	if (deadline >= 0)
		timeout = Min(timeout, deadline - now);
	return (long) Max(timeout, 0);
}

static void
dispatch(const WaitEvent *event)
{
	int			action = 0;

	/* An earlier event of the same round may have ended this socket. */
	if (!s3_http_note_event(event->fd))
		return;

	if (event->events & WL_SOCKET_READABLE)
		action |= CURL_CSELECT_IN;
	if (event->events & WL_SOCKET_WRITEABLE)
		action |= CURL_CSELECT_OUT;
	drive(event->fd, action);
}

/* libcurl's callback: it wants to run after that many ms; -1: not at all. */
static int
set_timer(CURLM *handle, long timeout, void *arg)
{
	timer_due = timeout < 0 ? -1 : s3_http_now() + timeout;
	return 0;
}
