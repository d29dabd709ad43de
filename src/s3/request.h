/*-------------------------------------------------------------------------
 *
 * request.h
 *	  One HTTP request to an S3 server, as a value: what the signer signs and
 *	  the transfer sends.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_REQUEST_H
#define S3STORE_REQUEST_H

#include "base/error.h"
#include "base/fields.h"

typedef struct S3Request
{
	const char *method;			/* HTTP verb, upper case */
	bool		tls;			/* https, else http */
	const char *host;			/* Host header: lower case, port where it is
								 * not the scheme's default */
	const char *path;			/* URI-encoded, starts with '/' */
	const char *path_prefix;	/* stands before it in the URL, and is not
								 * signed; NULL: nothing */
	const char *resource;		/* "/bucket/key", URI-encoded, wherever the
								 * bucket stands, for version 2, which signs
								 * it */
	S3Fields	query;			/* names and values not yet encoded */
	S3Fields	headers;		/* lower-case names, neither "host" nor
								 * "content-length" */
	S3Slice		body;			/* data is NULL when there is none */
	const char *payload_hash;	/* SHA-256 of the body in hex; NULL: not yet
								 * known */
	const char *md5;			/* likewise, the MD5 */
} S3Request;

/* Appends the URL of the request, unsigned: scheme, host, path and query. */
extern void s3_request_url(const S3Request *request, StringInfo url);

/*
 * Checks a header's value (RFC 9110, field-value): no control characters but
 * the tab, no blank at either end.  "what" names it in the error.
 */
extern bool s3_check_header_value(const char *what, const char *value, S3Error *err);

/* Checks a header's name (RFC 9110, token). */
extern bool s3_check_header_name(const char *name, S3Error *err);

/*
 * Checks headers that may hold what a server has sent, such as the metadata of
 * an object that is copied: S3_ERROR_PROTOCOL.  Servers take what another one
 * would not let pass, and a bare carriage return ends a header for some.
 */
extern bool s3_check_headers(const S3Fields *headers, S3Error *err);

#endif							/* S3STORE_REQUEST_H */
