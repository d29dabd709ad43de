/*-------------------------------------------------------------------------
 *
 * http_wait.c
 *	  The one wait for all transfers of a backend: libcurl's sockets and
 *	  timer, the process latch and the postmaster's death in one
 *	  WaitEventSet.
 *
 * Guarantees: interrupts are served in every round, a round lasts a second
 * at most, and nothing is thrown while a frame of libcurl is on the stack.
 * Signals are masked whenever libcurl runs, because the threads that it
 * starts to resolve names inherit the mask, and PostgreSQL's handlers must
 * not run in a foreign thread.
 *
 * State lives as long as the backend: the multi handle, which owns the idle
 * connections, and the wait set, which stays as it is while the sockets do.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include "compat.h"
#include "http_transfer.h"

#define ROUND_MAX			1000	/* ms: the longest wait in one go */
#define IDLE_CONNECTIONS_MAX 4
#define EVENTS_PER_ROUND	16
#define TIMER_RUNS_MAX		8
#define SPARE_SET_ROOM		6

typedef struct WatchedSocket
{
	curl_socket_t fd;
	bool		opened_here;	/* else libcurl's own: it closes it unasked */
	uint32		interest;		/* WL_SOCKET_…; 0: idle, or not yet wanted */
	int			position;		/* in wait_set, or -1 */
	S3HttpTransfer *transfer;	/* whose progress an event is, or NULL */
} WatchedSocket;

static CURLM *multi = NULL;
static bool multi_failed = false;	/* replace it before the next transfer */
static uint32 wait_event = 0;
static int64 timer_due = -1;	/* when libcurl wants to run; -1: not at all */

/* malloc'd: it grows inside callbacks */
static WatchedSocket *sockets = NULL;
static int	nsockets = 0;
static int	sockets_size = 0;

/*
 * The kernel forgets a closed descriptor silently and gives its number out
 * again, so that a set that knew it must not be used any more: it is stale.
 */
static WaitEventSet *wait_set = NULL;
static int	wait_set_room = 0;	/* sockets that can still be added */
static bool wait_set_stale = false;

static void create_multi(void);
static void check_multi(CURLMcode code, const char *doing);
static void block_signals(sigset_t *saved);
static void restore_signals(const sigset_t *saved);
static void drive(curl_socket_t fd, int events);
static void collect_finished(void);
static void run_timer(void);
static long wait_timeout(int64 deadline);
static void dispatch(const WaitEvent *event);
static void prepare_wait_set(void);
static bool wait_set_fits(void);
static void create_wait_set(void);
static void free_wait_set(void);
static WatchedSocket *find_socket(curl_socket_t fd);
static WatchedSocket *add_socket(curl_socket_t fd);
static void forget_socket(WatchedSocket *watched);
static int	watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *slot);
static int	set_timer(CURLM *handle, long timeout, void *arg);

/* Milliseconds of a clock that never jumps. */
int64
s3_http_now(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return (int64) (INSTR_TIME_GET_MICROSEC(now) / 1000);
}

/* Makes the multi handle, once per backend.  Throws when it cannot. */
void
s3_http_start_engine(void)
{
	static bool initialized = false;
	sigset_t	saved;

	/* A handle made there would be shared by all its children. */
	if (IsPostmasterEnvironment && !IsUnderPostmaster)
		elog(ERROR, "transfers cannot run in the postmaster");
	if (wait_event == 0)
		wait_event = NewExtensionWaitEvent("S3storeTransfer");

	block_signals(&saved);
	if (!initialized)
		initialized = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	if (multi_failed)
	{
		curl_multi_cleanup(multi);
		multi = NULL;
		multi_failed = false;
	}
	if (initialized && multi == NULL)
		create_multi();
	restore_signals(&saved);

	if (multi == NULL)
		elog(ERROR, "could not initialize the transfer library");
}

/* Starts a transfer; s3_http_wait() moves it on. */
void
s3_http_attach(S3HttpTransfer *transfer)
{
	sigset_t	saved;
	CURLMcode	code;

	block_signals(&saved);
	code = curl_multi_add_handle(multi, transfer->easy);
	restore_signals(&saved);

	transfer->attached = (code == CURLM_OK);
	check_multi(code, "start");
}

/* Takes a transfer out, in whatever state it is.  Never throws. */
void
s3_http_detach(S3HttpTransfer *transfer)
{
	sigset_t	saved;

	if (!transfer->attached)
		return;
	transfer->attached = false;

	block_signals(&saved);
	if (curl_multi_remove_handle(multi, transfer->easy) != CURLM_OK)
		multi_failed = true;
	restore_signals(&saved);

	for (int i = 0; i < nsockets; i++)
		if (sockets[i].transfer == transfer)
			sockets[i].transfer = NULL;
}

/* Lets a paused transfer go on; the caller has made room.  Never throws. */
void
s3_http_resume(S3HttpTransfer *transfer)
{
	sigset_t	saved;
	CURLcode	code;

	block_signals(&saved);
	code = curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
	restore_signals(&saved);

	/* What was held back is delivered in this call, and can fail in it. */
	if (code != CURLE_OK)
	{
		transfer->done = true;
		transfer->code = code;
	}
}

/*
 * Serves interrupts, then lets libcurl do what is due and marks the transfers
 * that came to an end.  Throws when the query is cancelled.
 */
void
s3_http_run(void)
{
	CHECK_FOR_INTERRUPTS();
	run_timer();
	collect_finished();
}

/*
 * Waits for something to happen and lets libcurl act on it.  Returns at the
 * deadline (-1: none) at the latest, and after a second in any case; false
 * when nothing happened.
 */
bool
s3_http_wait(int64 deadline)
{
	WaitEvent	events[EVENTS_PER_ROUND];
	int			nevents;

	prepare_wait_set();
	nevents = WaitEventSetWait(wait_set, wait_timeout(deadline), events,
							   lengthof(events), wait_event);
	for (int i = 0; i < nevents; i++)
	{
		if (events[i].events & WL_LATCH_SET)
			ResetLatch(MyLatch);
		else
			dispatch(&events[i]);
	}
	return nevents > 0;
}

/*
 * Opens a socket for libcurl, counted among the descriptors that PostgreSQL
 * grants.  Programs that the backend starts must not inherit it.
 */
curl_socket_t
s3_http_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	S3HttpTransfer *transfer = arg;
	WatchedSocket *watched;
	int			fd;

	if (!AcquireExternalFD())
	{
		transfer->stop = S3_HTTP_STOP_DESCRIPTORS;
		return CURL_SOCKET_BAD;
	}

	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	watched = fd >= 0 ? add_socket(fd) : NULL;
	if (watched == NULL)
	{
		if (fd >= 0)
			close(fd);
		ReleaseExternalFD();
		return CURL_SOCKET_BAD;
	}
	watched->opened_here = true;
	return fd;
}

/*
 * Closes what s3_http_open_socket() opened.  A connection outlives the transfer that
 * opened it, so no transfer may be touched here.
 */
int
s3_http_close_socket(void *arg, curl_socket_t fd)
{
	WatchedSocket *watched = find_socket(fd);

	if (watched != NULL)
		forget_socket(watched);
	ReleaseExternalFD();
	return close(fd);
}

/* Leaves multi NULL when it fails. */
static void
create_multi(void)
{
	multi = curl_multi_init();
	if (multi == NULL)
		return;
	timer_due = -1;
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long) IDLE_CONNECTIONS_MAX);
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

static void
block_signals(sigset_t *saved)
{
	sigset_t	all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, saved);
}

static void
restore_signals(const sigset_t *saved)
{
	sigprocmask(SIG_SETMASK, saved, NULL);
}

static void
drive(curl_socket_t fd, int events)
{
	sigset_t	saved;
	CURLMcode	code;
	int			running;

	block_signals(&saved);
	code = curl_multi_socket_action(multi, fd, events, &running);
	restore_signals(&saved);
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
	WatchedSocket *watched = find_socket(event->fd);
	int			action = 0;

	/* An earlier event of the same round may have ended this socket. */
	if (watched == NULL || watched->interest == 0)
		return;

	if (watched->transfer != NULL)
		watched->transfer->last_progress = s3_http_now();
	if (event->events & WL_SOCKET_READABLE)
		action |= CURL_CSELECT_IN;
	if (event->events & WL_SOCKET_WRITEABLE)
		action |= CURL_CSELECT_OUT;
	drive(event->fd, action);
}

/* Brings wait_set in line with what libcurl watches. */
static void
prepare_wait_set(void)
{
	if (wait_set != NULL && !wait_set_fits())
		free_wait_set();
	if (wait_set == NULL)
		create_wait_set();

	/* If adding throws, the set knows a socket whose place we do not. */
	wait_set_stale = true;
	for (int i = 0; i < nsockets; i++)
	{
		WatchedSocket *watched = &sockets[i];

		if (watched->interest == 0)
			continue;
		if (watched->position >= 0)
			ModifyWaitEvent(wait_set, watched->position, watched->interest, NULL);
		else
		{
			watched->position = AddWaitEventToSet(wait_set, watched->interest,
												  watched->fd, NULL, NULL);
			wait_set_room--;
		}
	}
	wait_set_stale = false;
}

/* Sockets can be added to a set, but never taken out. */
static bool
wait_set_fits(void)
{
	int			missing = 0;

	for (int i = 0; i < nsockets; i++)
	{
		if (sockets[i].interest == 0 && sockets[i].position >= 0)
			return false;
		if (sockets[i].interest != 0 && sockets[i].position < 0)
			missing++;
	}
	return !wait_set_stale && missing <= wait_set_room;
}

/*
 * The set belongs to the session, not to a resource owner: it outlives the
 * transaction on purpose.
 */
static void
create_wait_set(void)
{
	int			room = nsockets + SPARE_SET_ROOM;

	wait_set = CreateSessionWaitEventSet(room + 2);
	wait_set_stale = true;		/* should one of these throw */
	wait_set_room = room;
	for (int i = 0; i < nsockets; i++)
		sockets[i].position = -1;

	AddWaitEventToSet(wait_set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	if (IsUnderPostmaster)
		AddWaitEventToSet(wait_set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
}

static void
free_wait_set(void)
{
	FreeWaitEventSet(wait_set);
	wait_set = NULL;
}

static WatchedSocket *
find_socket(curl_socket_t fd)
{
	for (int i = 0; i < nsockets; i++)
		if (sockets[i].fd == fd)
			return &sockets[i];
	return NULL;
}

/* Returns NULL when memory runs out. */
static WatchedSocket *
add_socket(curl_socket_t fd)
{
	if (nsockets == sockets_size)
	{
		int			size = Max(8, sockets_size * 2);
		WatchedSocket *grown = realloc(sockets, size * sizeof(WatchedSocket));

		if (grown == NULL)
			return NULL;
		sockets = grown;
		sockets_size = size;
	}
	memset(&sockets[nsockets], 0, sizeof(WatchedSocket));
	sockets[nsockets].fd = fd;
	sockets[nsockets].position = -1;
	return &sockets[nsockets++];
}

static void
forget_socket(WatchedSocket *watched)
{
	if (watched->position >= 0)
		wait_set_stale = true;
	*watched = sockets[--nsockets];
}

/* libcurl's callback: it wants to know of events on a socket, or no more. */
static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *slot)
{
	WatchedSocket *watched = find_socket(fd);
	char	   *private = NULL;

	if (what == CURL_POLL_REMOVE)
	{
		if (watched == NULL)
			return 0;
		watched->interest = 0;
		watched->transfer = NULL;
		/* The resolver's sockets are closed without another word. */
		if (!watched->opened_here)
			forget_socket(watched);
		return 0;
	}

	if (watched == NULL)
		watched = add_socket(fd);
	if (watched == NULL)
		return -1;

	watched->interest = 0;
	if (what & CURL_POLL_IN)
		watched->interest |= WL_SOCKET_READABLE;
	if (what & CURL_POLL_OUT)
		watched->interest |= WL_SOCKET_WRITEABLE;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	watched->transfer = (S3HttpTransfer *) private;
	return 0;
}

/* libcurl's callback: it wants to run after that many ms; -1: not at all. */
static int
set_timer(CURLM *handle, long timeout, void *arg)
{
	timer_due = timeout < 0 ? -1 : s3_http_now() + timeout;
	return 0;
}
