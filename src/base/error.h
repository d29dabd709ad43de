/*-------------------------------------------------------------------------
 *
 * error.h
 *	  What went wrong, as a value.  Pure.  backend/error_report.h reports it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ERROR_H
#define S3STORE_ERROR_H

#include "base/base.h"

/* Each kind has one SQLSTATE; see errcode_for_s3_error() in error_report.c. */
typedef enum S3ErrorKind
{
	S3_ERROR_NONE = 0,
	S3_ERROR_SYNTAX,			/* 22P02: malformed URL */
	S3_ERROR_EMPTY,				/* 2200F: no bucket, or no key where one is
								 * needed */
	S3_ERROR_ARGUMENT,			/* 22023: any other bad argument or setting,
								 * and requests the server calls invalid */
	S3_ERROR_UNDEFINED,			/* 42704: scheme that no endpoint has */
	S3_ERROR_UNSUPPORTED,		/* 0A000 */
	S3_ERROR_READ_ONLY,			/* 25006 */
	S3_ERROR_NO_CREDENTIALS,	/* 28000 */
	S3_ERROR_DENIED,			/* 42501: HTTP 401 and 403 */
	S3_ERROR_TOO_LARGE,			/* 54000 */
	S3_ERROR_NOT_FOUND,			/* 58P01: HTTP 404 */
	S3_ERROR_CONFLICT,			/* 58P02: HTTP 409 and 412 */
	S3_ERROR_SERVER,			/* 58030: HTTP 5xx */
	S3_ERROR_CONNECTION,		/* 08006: DNS, connect, TLS, timeout */
	S3_ERROR_PROTOCOL			/* 08P01: an answer that cannot be parsed */
} S3ErrorKind;

/* How far a request came that got no answer. */
typedef enum S3Step
{
	S3_STEP_NONE = 0,			/* the error is none of a transfer */
	S3_STEP_RESOLVE,
	S3_STEP_CONNECT,
	S3_STEP_TLS,
	S3_STEP_ANSWER
} S3Step;

#define S3_ERROR_MESSAGE_MAX	256
#define S3_ERROR_DETAIL_MAX		1024
#define S3_ERROR_HINT_MAX		256
#define S3_ERROR_CODE_MAX		64
#define S3_ERROR_SERVER_MAX		512 /* bytes of a server's message that we
									 * show */
#define S3_REQUEST_ID_MAX		128
#define S3_REGION_MAX			32

/*
 * No pointers: an S3Error can be copied, and is never freed.  Every string is
 * UTF-8, cut at a character boundary, and free of control characters and of
 * secrets.
 */
typedef struct S3Error
{
	S3ErrorKind kind;
	char		message[S3_ERROR_MESSAGE_MAX];	/* what failed: lower case, no
												 * period */
	char		detail[S3_ERROR_DETAIL_MAX];	/* sentences, or "" */
	char		hint[S3_ERROR_HINT_MAX];	/* sentences, or "" */

	/* Filled by src/http only. */
	S3Step		step;			/* where the request ended */
	bool		transient;		/* asking again may help */
	bool		unsent;			/* the server has not seen the request */

	/* Filled from an answer: by s3/response.c, and by credentials/. */
	int			http_status;	/* 0: the server did not answer */
	char		code[S3_ERROR_CODE_MAX];	/* S3's, such as "NoSuchKey" */
	char		server_message[S3_ERROR_SERVER_MAX];
	char		request_id[S3_REQUEST_ID_MAX];
	char		region[S3_REGION_MAX + 1];	/* the region that the server
											 * named, or "" */
} S3Error;

/*
 * s3_error_set starts the error over; the other two add to it.  They return
 * false, so that "return s3_error_set(...)" leaves a function that failed.
 */
extern bool s3_error_set(S3Error *err, S3ErrorKind kind,
						 const char *fmt,...) pg_attribute_printf(3, 4);
extern bool s3_error_detail(S3Error *err, const char *fmt,...) pg_attribute_printf(2, 3);
extern bool s3_error_hint(S3Error *err, const char *fmt,...) pg_attribute_printf(2, 3);

/*
 * Copies text of unknown origin into "dst" for use in a message: control
 * characters and bytes that are not UTF-8 become '?', and what does not fit
 * is cut at a character boundary.
 */
extern void s3_error_copy_text(char *dst, size_t dst_size, S3Slice src);

#endif							/* S3STORE_ERROR_H */
