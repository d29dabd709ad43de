/*-------------------------------------------------------------------------
 *
 * put_headers.h
 *	  What a put sends, by its arguments and the settings: headers, content.
 *
 *	  Precedence, for each header: the call's arguments and params, then the
 *	  setting's function, then its constant.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_PUT_HEADERS_H
#define S3STORE_PUT_HEADERS_H

#include "client/call.h"
#include "fmgr.h"

/* A content that is too large for memory. */
typedef struct S3PutSource
{
	int64		size;
	void		(*read) (void *arg, int64 first, char *buffer, size_t len); /* or throws */
	void	   *arg;
} S3PutSource;

/* What a put is called with; zero-initialize what is not given. */
typedef struct S3PutArguments
{
	S3Slice		content;
	const S3PutSource *source;	/* where it comes from instead; NULL: nowhere */
	const char *content_type;	/* NULL: as the name of the object says */
	Jsonb	   *metadata;		/* NULL: none */
	Jsonb	   *params;			/* NULL: none */

	/* Kept between the attempts of one put. */
	bool		is_compressed;	/* "compressed" is known */
	S3Slice		compressed;		/* data NULL: not smaller than the content */
	bool		needs_condition;	/* the server must know the condition that
									 * is sent, else nothing is stored */
} S3PutArguments;

/* What the settings' functions say of one object: palloc'd, in UTF-8. */
typedef struct S3PutAnswers
{
	bool		disposition_asked;	/* then the constant does not count, */
	char	   *content_disposition;	/* and NULL means no header */
	bool		language_asked;
	char	   *content_language;
	bool		metadata_asked;
	S3Fields	metadata;		/* headers */
} S3PutAnswers;

/*
 * Takes what the SQL functions that put have in common: their third argument
 * is the content type, the fourth the metadata, the sixth "params".
 */
extern void s3_put_take_arguments(FunctionCallInfo fcinfo, S3PutArguments *arguments);

/*
 * Opens a put of "url" and gives its request every header, and the content.
 * Returns false for "no file".  Calls the settings' functions, so needs an
 * active snapshot; what they throw, and bad arguments, are thrown.
 */
extern bool s3_put_open(S3Call *call, const char *command, text *url,
						S3PutArguments *arguments);

/* The same for a call that has just been opened. */
extern void s3_put_fill(S3Call *call, text *url, S3PutArguments *arguments);

/*
 * The parts of that which a sync needs as well.
 *
 * s3_put_ask calls the functions of an endpoint, but not those for the headers
 * that are given.  Returns true when it has called any: what they ran may
 * have changed settings, so the endpoint, and every call that refers to it,
 * must be found again.
 *
 * s3_put_add_settings adds the headers that the settings, and their
 * functions' answers, have for an object, to those that are given.  It runs
 * no SQL.  The content type and the content encoding are not among them.
 */
extern bool s3_put_ask(const S3Endpoint *endpoint, text *url, const S3Fields *given,
					   S3PutAnswers *answers);
extern void s3_put_add_settings(const S3Endpoint *endpoint, const S3PutAnswers *answers,
								S3Fields *headers);

/* Adds only those for how the server stores it: storage class, encryption. */
extern void s3_put_add_keeping(const S3Endpoint *endpoint, S3Fields *headers);

#endif							/* S3STORE_PUT_HEADERS_H */
