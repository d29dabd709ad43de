/*-------------------------------------------------------------------------
 *
 * http_transfer.h
 *	  One transfer: what is known of it, and what needs neither its socket
 *	  nor a wait.  Private to http*.c, the only files that include libcurl.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_HTTP_TRANSFER_H
#define S3STORE_HTTP_TRANSFER_H

#include "base/base.h"

#include <curl/curl.h>

#include "lib/ilist.h"

#include "base/http_message.h"

/*
 * Why we ended a transfer ourselves.  A callback that wants to fail sets this
 * and returns short; it is reported when no frame of libcurl is left.
 */
typedef enum S3HttpStop
{
	S3_HTTP_STOP_NONE = 0,
	S3_HTTP_STOP_CONNECT,		/* no connection in time */
	S3_HTTP_STOP_TIMEOUT,		/* no progress */
	S3_HTTP_STOP_SLOW,			/* progress, but too little */
	S3_HTTP_STOP_HEADERS,		/* headers over the limits */
	S3_HTTP_STOP_ENCODING,		/* a transfer encoding other than chunked */
	S3_HTTP_STOP_BODY,			/* 2xx body over max_body */
	S3_HTTP_STOP_ENOUGH,		/* error body cut: the answer counts */
	S3_HTTP_STOP_DESCRIPTORS,	/* PostgreSQL has no descriptor to spare */
	S3_HTTP_STOP_MEMORY			/* malloc failed in a callback */
} S3HttpStop;

/* A handle of libcurl's, and those of its options that depend on the request. */
typedef struct S3HttpHandle
{
	CURL	   *easy;
	bool		set_up;			/* the options that never change are set */
	int			connect_timeout;
	bool		verify_tls;
	char	   *proxy;			/* malloc'd, like ca_file; NULL: none */
	char	   *ca_file;
} S3HttpHandle;

struct S3HttpTransfer
{
	/* What every round of the wait looks at, of all transfers. */
	struct S3HttpGroup *group;
	dlist_node	node;			/* in one of the group's lists */
	const S3HttpRequest *request;
	bool		done;
	bool		connected;		/* TLS included */
	bool		head_complete;	/* the headers of the final answer came */
	bool		length_checked;
	int64		started;		/* s3_http_now() */
	int64		last_progress;	/* likewise, once connected */
	int64		looked_at;		/* likewise: when its pace was */
	int64		credit;			/* ms from then that it may go on so slowly */
	curl_off_t	counted;		/* bytes of bodies that are in the credit */
	bool		counts_body;	/* of the answer, for which the credit is new */
	bool		late;			/* its deadline had passed when it was looked
								 * at */
	size_t		body_len;
	size_t		want;			/* paused until this many bytes have room */
	size_t		watched;		/* bytes that were shown to request->watch */

	MemoryContext result_context;	/* the caller's */
	void	   *tag;			/* likewise */

	S3HttpHandle *handle;
	CURL	   *easy;			/* the handle's */
	struct curl_slist *headers;
	bool		attached;		/* to the multi handle */

	/* What was sent */
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

/* Throws unless libcurl did what it was asked for. */
extern void s3_http_check(CURLcode code);

/* No option may be lost silently: one of them may be what keeps us safe. */
#define s3_http_set_option(transfer, option, value) \
	s3_http_check(curl_easy_setopt((transfer)->easy, option, value))

/* Returns true when the transfer, which was not, is connected. */
extern bool s3_http_check_connected(S3HttpTransfer *transfer);

/*
 * Does between two waits what the callbacks must not: refuses a body that is
 * too long, shows it to request->watch, makes room for it.  Returns true when
 * a paused transfer has room now, and is to be resumed.
 */
extern bool s3_http_tend(S3HttpTransfer *transfer);

/* Returns the answer's Content-Length, or -1. */
extern curl_off_t s3_http_announced_length(const S3HttpTransfer *transfer);

/* When the transfer will have made no progress, or too little, for too long. */
extern int64 s3_http_deadline(const S3HttpTransfer *transfer);

/* For how long the transfer may be slow, in ms. */
extern int64 s3_http_longest_slowness(const S3HttpTransfer *transfer);

/*
 * To be called after each wait: keeps account of the transfer's pace, and ends
 * it when its deadline has passed.
 *
 * A transfer may make no progress for request_timeout.  As long may it be slow,
 * or longer with an early answer: it has a credit of that time, which passes as
 * time does.  Each byte of a body adds to it what it may take at
 * S3_HTTP_RATE_MIN, up to the whole; headers add nothing.  When they are
 * complete, the credit is a new one.
 */
extern void s3_http_check_deadline(S3HttpTransfer *transfer, int64 now);

/*
 * Moves the answer to the response; returns false when there is no complete
 * one.  Throws when memory ran out, in a callback too.
 */
extern bool s3_http_take_answer(S3HttpTransfer *transfer, S3HttpResponse *response);

#endif							/* S3STORE_HTTP_TRANSFER_H */
