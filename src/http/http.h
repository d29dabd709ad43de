/*-------------------------------------------------------------------------
 *
 * http.h
 *	  HTTP transfers over libcurl that end when their query does.
 *
 * Guarantees: a query that waits here can be cancelled, terminated or reach
 * its statement_timeout within milliseconds, in every state of the transfer;
 * other backends' barriers are answered meanwhile; however the wait ends, no
 * handle, socket or memory is left behind.  Knows nothing of S3.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_HTTP_H
#define S3STORE_HTTP_H

#include "base/error.h"
#include "base/http_message.h"
#include "http/http_clock.h"

/*
 * Transfers under way together.  A group lives in the memory context that it
 * was made in, and its transfers are released with it, in whatever state they
 * are.  They are released, too, when the (sub)transaction that made the group
 * fails: nothing refers to the group any more.
 */
typedef struct S3HttpGroup S3HttpGroup;

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
 * Takes the answer of a transfer that has ended, and frees the transfer.
 * Returns false and fills "err" when there was no complete answer:
 * S3_ERROR_CONNECTION (resolve, connect, TLS, reset, timeout),
 * S3_ERROR_PROTOCOL (not HTTP, headers over the limits, truncated body),
 * S3_ERROR_TOO_LARGE (body over max_body, told from Content-Length before the
 * download where there is one), S3_ERROR_ARGUMENT (a ca_file that cannot be
 * read, a malformed URL).  An answer with any status is a success here.  The
 * body of one that is not 2xx is cut at S3_HTTP_ERROR_BODY_MAX: its status
 * counts, even if its text is too long.
 */
extern bool s3_http_finish(S3HttpTransfer *transfer, S3HttpResponse *response,
						   S3Error *err);

/* Starts a single request, waits for it and takes its answer. */
extern bool s3_http_perform(const S3HttpRequest *request, S3HttpResponse *response,
							S3Error *err);

/*
 * For those who catch errors and go on in the same (sub)transaction: releases
 * all groups that were made since the mark was taken.
 */
extern uint64 s3_http_mark(void);
extern void s3_http_release_since(uint64 mark);

#endif							/* S3STORE_HTTP_H */
