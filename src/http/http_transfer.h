/*-------------------------------------------------------------------------
 *
 * http_transfer.h
 *	  One transfer, as the files of the transfer room share it.  Private to
 *	  http*.c, the only files that include libcurl.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_HTTP_TRANSFER_H
#define S3STORE_HTTP_TRANSFER_H

#include "base/base.h"

#include <curl/curl.h>

#include "lib/ilist.h"

#include "http/http.h"

/*
 * The connect timeout is ours; libcurl gets this much more, in ms, and divides
 * the whole among the addresses of a host.
 */
#define S3_HTTP_CONNECT_SLACK	100

/* A connection that was not used for so long is not used again. */
#define S3_HTTP_IDLE_SECONDS	30

/*
 * Before 7.87, libcurl waits for the thread that resolves a name whatever ends
 * the transfer: a cancelled one is abandoned then, see http_wait.c.
 */
#ifndef S3_HTTP_RESOLVER_BLOCKS
#define S3_HTTP_RESOLVER_BLOCKS (LIBCURL_VERSION_NUM < 0x075700)
#endif

/*
 * Why we ended a transfer ourselves.  A callback that wants to fail sets this
 * and returns short; the words follow when no frame of libcurl is left.
 */
typedef enum S3HttpStop
{
	S3_HTTP_STOP_NONE = 0,
	S3_HTTP_STOP_CONNECT,		/* no connection in time */
	S3_HTTP_STOP_TIMEOUT,		/* no progress */
	S3_HTTP_STOP_HEADERS,		/* headers over the limits */
	S3_HTTP_STOP_BODY,			/* 2xx body over max_body */
	S3_HTTP_STOP_ENOUGH,		/* error body cut: the answer counts */
	S3_HTTP_STOP_DESCRIPTORS,	/* PostgreSQL has no descriptor to spare */
	S3_HTTP_STOP_MEMORY			/* malloc failed in a callback */
} S3HttpStop;

/* A handle of libcurl's, and what it was told that lasts. */
typedef struct S3HttpHandle
{
	CURL	   *easy;
	bool		set_up;			/* the options that never change are set */
	int			connect_timeout;
	bool		verify_tls;
	char	   *proxy;			/* malloc'd, like ca_file; NULL: none */
	char	   *ca_file;
} S3HttpHandle;

struct S3HttpGroup
{
	MemoryContext context;		/* holds this and the transfers */
	MemoryContextCallback callback;
	dlist_node	node;			/* in the list of all groups */
	uint64		serial;
	SubTransactionId subid;		/* in which it was made */
	dlist_head	running;
	dlist_head	done;
	dlist_head	spare;			/* structs to use again */
};

struct S3HttpTransfer
{
	/* What every round of the wait looks at, of all transfers. */
	S3HttpGroup *group;
	dlist_node	node;			/* in one of the group's lists */
	const S3HttpRequest *request;
	bool		done;
	bool		connected;		/* TLS included */
	bool		head_complete;	/* the headers of the final answer came */
	bool		length_checked;
	int64		started;		/* s3_http_now() */
	int64		last_progress;	/* likewise, once connected */
	size_t		body_len;
	size_t		want;			/* paused until this many bytes have room */
	size_t		watched;		/* bytes that were shown to request->watch */

	MemoryContext result_context;	/* the caller's */
	void	   *tag;			/* likewise */

	S3HttpHandle *handle;
	CURL	   *easy;			/* the handle's */
	struct curl_slist *headers;
	bool		attached;		/* to the multi handle */

	/* The request's way out */
	size_t		sent;			/* position in request->body */
	int			sends;			/* connections the request went out on */

	/* The answer's headers, malloc'd: they grow inside a callback */
	char	   *head;
	size_t		head_len;
	size_t		head_size;
	size_t		head_bytes;		/* of everything received, 1xx included */
	int			head_lines;		/* likewise */
	bool		in_head;		/* a status line came, its blank line did not */
	int			status;

	/* The answer's body, palloc'd in result_context; in a callback, if small */
	char	   *body;
	size_t		body_size;		/* room, without the headroom */
	size_t		body_max;

	/* The end */
	S3HttpStop	stop;
	CURLcode	code;
	bool		clean;			/* finished well: the handle may be reused */
	char		error_buffer[CURL_ERROR_SIZE];
};

/* http.c */
extern void s3_http_check(CURLcode code);
extern bool s3_http_tend(S3HttpTransfer *transfer);
extern void s3_http_check_deadline(S3HttpTransfer *transfer, int64 now, bool quiet);
extern int64 s3_http_deadline(const S3HttpTransfer *transfer);

/* Returns the answer's Content-Length, or -1. */
extern curl_off_t s3_http_announced_length(const S3HttpTransfer *transfer);

extern void s3_http_release(S3HttpTransfer *transfer);

/* http_handle.c */
extern S3HttpHandle *s3_http_take_handle(void);
extern void s3_http_give_back_handle(S3HttpHandle *handle, bool clean);

/* No option may be lost silently: one of them may be what keeps us safe. */
#define s3_http_set_option(transfer, option, value) \
	s3_http_check(curl_easy_setopt((transfer)->easy, option, value))

/* http_setup.c */
extern void s3_http_set_options(S3HttpTransfer *transfer);

/* http_callbacks.c */
extern void s3_http_set_callbacks(S3HttpTransfer *transfer);
extern void s3_http_set_callback_data(S3HttpTransfer *transfer);

/* http_wait.c */
extern void s3_http_start_engine(void);
extern void s3_http_attach(S3HttpTransfer *transfer);
extern void s3_http_detach(S3HttpTransfer *transfer);
extern void s3_http_resume(S3HttpTransfer *transfer);
extern void s3_http_run(void);
extern bool s3_http_wait(int64 deadline);
extern int	s3_http_mask_signals(void *resolver, void *reserved, void *arg);

/* http_socket.c */
extern curl_socket_t s3_http_open_socket(void *arg, curlsocktype purpose,
										 struct curl_sockaddr *address);
extern int	s3_http_close_socket(void *arg, curl_socket_t fd);
extern int	s3_http_watch_socket(CURL *easy, curl_socket_t fd, int what,
								 void *arg, void *slot);
extern bool s3_http_note_event(curl_socket_t fd);
extern bool s3_http_is_resolving(const S3HttpTransfer *transfer);
extern bool s3_http_is_connected(const S3HttpTransfer *transfer);
extern void s3_http_trust_sockets(const S3HttpTransfer *transfer);
extern void s3_http_disown_sockets(const S3HttpTransfer *transfer);
extern struct WaitEventSet *s3_http_wait_set(void);

/* Is any socket open, idle ones included? */
extern bool s3_http_has_sockets(void);

/* Shuts all connections down; safe in a signal handler that interrupts none of us. */
extern void s3_http_shut_sockets(void);

/* http_idle.c: makes the clock, once.  FATAL where PostgreSQL has none left. */
extern void s3_http_make_idle_clock(void);

/* Neither throws. */
extern void s3_http_start_idle_clock(void);
extern void s3_http_stop_idle_clock(void);

/* http_error.c */
extern bool s3_http_explain(const S3HttpTransfer *transfer, S3Error *err);

#endif							/* S3STORE_HTTP_TRANSFER_H */
