/*-------------------------------------------------------------------------
 *
 * http.h
 *	  HTTP transfers over libcurl, waited for the PostgreSQL way.
 *
 * Guarantees: a query that waits here can be cancelled, terminated or reach
 * its statement_timeout within milliseconds, in every state of the transfer;
 * other backends' barriers are answered meanwhile; whatever way the wait
 * ends, no handle, socket or memory is left behind.  Knows nothing of S3.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_HTTP_H
#define S3STORE_HTTP_H

#include "base/error.h"
#include "base/fields.h"

#define S3_HTTP_HEADERS_MAX		(64 * 1024) /* bytes of an answer's headers */
#define S3_HTTP_HEADER_COUNT_MAX 200
#define S3_HTTP_ERROR_BODY_MAX	(1024 * 1024)	/* of an answer that is not
												 * 2xx */
#define S3_HTTP_WATCH_STEP		(256 * 1024)	/* bytes */

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
	int			request_timeout;	/* ms without progress */
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
	bool		resent;			/* the request went out twice: a kept
								 * connection was closed before an answer
								 * came, and the server may have served it */
} S3HttpResponse;

/*
 * Transfers under way together.  Lives in the memory context that it was made
 * in, and ends with it: its transfers are released then, in whatever state they
 * are.  They are released as well when the (sub)transaction fails in which the
 * group was made, since nobody knows of it any more.
 */
typedef struct S3HttpGroup S3HttpGroup;
typedef struct S3HttpTransfer S3HttpTransfer;

extern S3HttpGroup *s3_http_group_create(void);

/* Releases what is under way, and the group. */
extern void s3_http_group_free(S3HttpGroup *group);

/*
 * Starts a request, which must outlive its transfer.  "tag" is the caller's.
 * What the answer needs is allocated in the memory context current here.
 */
extern void s3_http_start(S3HttpGroup *group, const S3HttpRequest *request, void *tag);

/*
 * Waits for a transfer of the group to end, until the deadline (s3_http_now();
 * -1: none).  Returns NULL at the deadline, and when none is under way without
 * one.  Other groups' transfers go on meanwhile.
 *
 * Throws when the query is cancelled, and when memory runs out.
 */
extern S3HttpTransfer *s3_http_wait_for_any(S3HttpGroup *group, int64 deadline);

extern void *s3_http_tag(const S3HttpTransfer *transfer);

/*
 * Takes the answer of a transfer that has ended, which is gone then.  Returns
 * false and fills "err" when there was no complete answer:
 * S3_ERROR_CONNECTION (resolve, connect, TLS, reset, timeout),
 * S3_ERROR_PROTOCOL (not HTTP, headers over the limits, truncated body),
 * S3_ERROR_TOO_LARGE (body over max_body, told from Content-Length before the
 * download where there is one), S3_ERROR_ARGUMENT (a ca_file that cannot be
 * read, an address that is none).  An answer with any status is a success here.
 * The body of one that is not 2xx is cut at S3_HTTP_ERROR_BODY_MAX: the status
 * is worth more than the rest of the words.
 */
extern bool s3_http_finish(S3HttpTransfer *transfer, S3HttpResponse *response,
						   S3Error *err);

/* All three, for one request alone. */
extern bool s3_http_perform(const S3HttpRequest *request, S3HttpResponse *response,
							S3Error *err);

/* Milliseconds of a clock that never jumps. */
extern int64 s3_http_now(void);

/*
 * For those who catch errors and go on in the same (sub)transaction: releases
 * all groups that were made since the mark was taken.
 */
extern uint64 s3_http_mark(void);
extern void s3_http_release_since(uint64 mark);

/*
 * What a process has to do meanwhile, at least once a second of each wait;
 * NULL: nothing.  It may throw.
 */
extern void (*s3_http_turn) (void);

/* How many idle connections to keep for later calls, beside the usual few. */
extern void s3_http_keep_connections(int count);

#endif							/* S3STORE_HTTP_H */
