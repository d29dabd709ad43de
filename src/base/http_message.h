/*-------------------------------------------------------------------------
 *
 * http_message.h
 *	  An HTTP request, and the answer to it.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_HTTP_MESSAGE_H
#define S3STORE_HTTP_MESSAGE_H

#include "base/fields.h"

#define S3_HTTP_HEADERS_MAX		(64 * 1024) /* bytes of an answer's headers */
#define S3_HTTP_HEADER_COUNT_MAX 200
#define S3_HTTP_ERROR_BODY_MAX	(1024 * 1024)	/* of an answer that is not
												 * 2xx */
#define S3_HTTP_WATCH_STEP		(256 * 1024)	/* bytes */
#define S3_HTTP_RATE_MIN		1000	/* bytes a second that bodies come or
										 * go, at least */
#define S3_HTTP_WORK_TIMEOUTS	15	/* times request_timeout, for the body of
									 * an early answer */

struct S3HttpResponse;

typedef struct S3HttpRequest
{
	const char *method;
	const char *url;			/* complete, path and query encoded */
	const S3Fields *headers;
	S3Slice		body;			/* data NULL: no body.  Must outlive the call */
	uint64		max_body;		/* largest 2xx body to accept, bytes */
	size_t		headroom;		/* bytes to leave free before the body */

	/*
	 * Called each time that another S3_HTTP_WATCH_STEP bytes of a 2xx body
	 * have come, or NULL.  May throw.
	 */
	void		(*watch) (const struct S3HttpResponse *so_far, void *arg);
	void	   *watch_arg;
	int			connect_timeout;	/* ms: DNS, connect and TLS together */
	int			request_timeout;	/* ms without progress, for the headers of
									 * the answer, or below the lowest rate */
	bool		answers_early;	/* the server may answer before it is done,
								 * and send blanks or results while it works */
	bool		once;			/* libcurl must not send it again by itself */
	int			total_timeout;	/* ms, from start to end; 0: none */
	const char *proxy;			/* http://host[:port]; NULL or "": none */
	const char *ca_file;		/* NULL or "": the system's */
	bool		verify_tls;
} S3HttpRequest;

/* Everything is palloc'd in the memory context current at the call. */
typedef struct S3HttpResponse
{
	int			status;			/* of the final answer, 200 .. 599 */
	char	   *headers;		/* raw header lines of that answer, CRLF kept;
								 * neither status line nor the blank line */
	size_t		headers_len;
	char	   *body;			/* the headroom lies before it; NULL when
								 * there is neither body nor headroom */
	size_t		body_len;
	int			resent;			/* how many times the request went out without
								 * getting this answer: the server may have
								 * served each of them */
} S3HttpResponse;

/* A request under way. */
typedef struct S3HttpTransfer S3HttpTransfer;

#endif							/* S3STORE_HTTP_MESSAGE_H */
