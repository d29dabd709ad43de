/*-------------------------------------------------------------------------
 *
 * fn_put.c
 *	  SQL function that stores objects: s3_put.
 *
 * Without "overwrite" an object that exists is never touched: the name that
 * is stored is then another one, made by Django's rule.  Where the server
 * knows If-None-Match, nobody can take the name between the question and the
 * upload.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "digest.h"
#include "encoding.h"
#include "fmgr.h"
#include "free_name.h"
#include "nodes/pg_list.h"
#include "put.h"
#include "response.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define COMMAND	"s3_put()"
#define RACES_MAX	5			/* names lost to others, in one put */
#define HTTP_PRECONDITION_FAILED	412

PG_FUNCTION_INFO_V1(s3store_put);
PG_FUNCTION_INFO_V1(s3store_put_text);

/* Hosts that refused If-None-Match on a PUT; lives as long as the backend. */
static List *hosts_without_conditional_put = NIL;

static Datum put(FunctionCallInfo fcinfo, S3Slice content);
static text *put_under_free_name(text *url, S3PutArguments *arguments);
static bool put_if_free(text *url, S3PutArguments *arguments, int *races);
static bool says_taken(const S3Error *err);
static bool is_stored(text *url, const S3Request *put);
static void put_over(text *url, S3PutArguments *arguments);
static bool knows_conditional_put(const char *host);
static void remember_no_conditional_put(const char *host);

/*
 * s3_put(url text, content bytea, content_type text, metadata jsonb,
 *		  overwrite boolean, params jsonb) returns text
 */
Datum
s3store_put(PG_FUNCTION_ARGS)
{
	bytea	   *content;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	content = PG_GETARG_BYTEA_PP(1);
	return put(fcinfo, s3_slice(VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content)));
}

/* The same for text, which is stored in UTF-8. */
Datum
s3store_put_text(PG_FUNCTION_ARGS)
{
	text	   *content;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	content = PG_GETARG_TEXT_PP(1);
	return put(fcinfo, s3_utf8_slice(VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content)));
}

static Datum
put(FunctionCallInfo fcinfo, S3Slice content)
{
	text	   *url = PG_GETARG_TEXT_PP(0);
	S3PutArguments arguments = {.content = content};
	S3Call		call;
	bool		overwrite;

	if (!PG_ARGISNULL(2))
		arguments.content_type = text_to_cstring(PG_GETARG_TEXT_PP(2));
	if (!PG_ARGISNULL(3))
		arguments.metadata = PG_GETARG_JSONB_P(3);
	if (!PG_ARGISNULL(5))
		arguments.params = PG_GETARG_JSONB_P(5);

	if (!s3_call_open(&call, S3_PUT_OBJECT, COMMAND, S3_CALL_REQUEST, url))
		PG_RETURN_NULL();
	s3_params_apply(call.operation, arguments.params, &call.request);
	overwrite = PG_ARGISNULL(4) ? call.storage->settings.file_overwrite : PG_GETARG_BOOL(4);

	/*
	 * A condition of the caller's decides by itself; what fails it is an
	 * error.
	 */
	if (s3_fields_find(&call.request.headers, "if-match") != NULL ||
		s3_fields_find(&call.request.headers, "if-none-match") != NULL)
		overwrite = true;
	if (overwrite)
		put_over(url, &arguments);
	else
		url = put_under_free_name(url, &arguments);
	PG_RETURN_TEXT_P(url);
}

/* Returns the URL that was free. */
static text *
put_under_free_name(text *url, S3PutArguments *arguments)
{
	text	   *candidate = url;
	int			races = 0;

	for (int i = 0; i < S3_NAME_ATTEMPTS_MAX; i++)
	{
		if (put_if_free(candidate, arguments, &races))
			return candidate;
		candidate = s3_name_alternative(url, COMMAND, 0);
	}
	s3_name_throw_all_taken(url);
}

/*
 * Returns false when the name is taken.  The server is asked before the
 * upload, since some servers take If-None-Match and ignore it; "races" counts
 * the names that somebody else took in between.
 */
static bool
put_if_free(text *url, S3PutArguments *arguments, int *races)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	(void) s3_put_open(&call, COMMAND, url, arguments);
	if (s3_name_is_taken(url, COMMAND, &call.request.headers))
		return false;
	if (!knows_conditional_put(call.request.host))
	{
		put_over(url, arguments);
		return true;
	}
	s3_fields_add(&call.request.headers, "if-none-match", "*");
	if (s3_call_perform(&call, &response, &err))
		return true;
	if (err.kind == S3_ERROR_UNSUPPORTED)
	{
		remember_no_conditional_put(call.request.host);
		put_over(url, arguments);
		return true;
	}
	/* What was sent twice may have met itself. */
	if (err.http_status == HTTP_PRECONDITION_FAILED && response.resent &&
		is_stored(url, &call.request))
		return true;
	if (!says_taken(&err) || ++*races > RACES_MAX)
		s3_call_throw(&call, &err);
	return false;
}

static bool
says_taken(const S3Error *err)
{
	return err->http_status == HTTP_PRECONDITION_FAILED ||
		strcmp(err->code, "ConditionalRequestConflict") == 0;
}

/* Does the URL's object have the content that the request sent? */
static bool
is_stored(text *url, const S3Request *put)
{
	S3Call		call;
	S3HttpResponse response;
	S3ObjectInfo info;
	S3Error		err;
	uint8		md5[S3_MD5_LEN];
	char		hex[S3_MD5_LEN * 2 + 1];

	(void) s3_call_open(&call, S3_HEAD_OBJECT, COMMAND, S3_CALL_REQUEST, url);
	if (!s3_md5(put->body, md5, &err) ||
		!s3_call_perform(&call, &response, &err) ||
		!s3_response_object(&response, &info, &err))
		return false;
	s3_hex(md5, sizeof(md5), hex);
	return info.size == (int64) put->body.len && info.etag != NULL &&
		strcmp(info.etag, hex) == 0;
}

static void
put_over(text *url, S3PutArguments *arguments)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	(void) s3_put_open(&call, COMMAND, url, arguments);
	if (!s3_call_perform(&call, &response, &err))
		s3_call_throw(&call, &err);
}

static bool
knows_conditional_put(const char *host)
{
	ListCell   *cell;

	foreach(cell, hosts_without_conditional_put)
	{
		if (strcmp(lfirst(cell), host) == 0)
			return false;
	}
	return true;
}

static void
remember_no_conditional_put(const char *host)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	hosts_without_conditional_put = lappend(hosts_without_conditional_put, pstrdup(host));
	MemoryContextSwitchTo(old);
}
