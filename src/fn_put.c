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

#include "encoding.h"
#include "fmgr.h"
#include "free_name.h"
#include "nodes/pg_list.h"
#include "put.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define COMMAND	"s3_put()"

typedef enum PutOutcome
{
	PUT_STORED,
	PUT_NAME_TAKEN
} PutOutcome;

PG_FUNCTION_INFO_V1(s3store_put);
PG_FUNCTION_INFO_V1(s3store_put_text);

/* Hosts that refused If-None-Match on a PUT; lives as long as the backend. */
static List *hosts_without_conditional_put = NIL;

static Datum put(FunctionCallInfo fcinfo, S3Slice content);
static text *put_under_free_name(text *url, S3PutArguments *arguments);
static PutOutcome put_if_free(text *url, S3PutArguments *arguments);
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

	for (int i = 0; i < S3_NAME_ATTEMPTS_MAX; i++)
	{
		if (put_if_free(candidate, arguments) == PUT_STORED)
			return candidate;
		candidate = s3_name_alternative(url, COMMAND, 0);
	}
	s3_name_throw_all_taken(url);
}

static PutOutcome
put_if_free(text *url, S3PutArguments *arguments)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	/* Asked first, since some servers take If-None-Match and ignore it. */
	if (s3_name_is_taken(url, COMMAND))
		return PUT_NAME_TAKEN;
	(void) s3_put_open(&call, COMMAND, url, arguments);
	if (!knows_conditional_put(call.request.host))
	{
		put_over(url, arguments);
		return PUT_STORED;
	}
	if (s3_fields_find(&call.request.headers, "if-none-match") == NULL)
		s3_fields_add(&call.request.headers, "if-none-match", "*");
	if (s3_call_perform(&call, &response, &err))
		return PUT_STORED;
	if (err.kind == S3_ERROR_CONFLICT)
		return PUT_NAME_TAKEN;
	if (err.kind != S3_ERROR_UNSUPPORTED)
		s3_call_throw(&call, &err);
	remember_no_conditional_put(call.request.host);
	put_over(url, arguments);
	return PUT_STORED;
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
