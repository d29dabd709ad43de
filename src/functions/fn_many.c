/*-------------------------------------------------------------------------
 *
 * fn_many.c
 *	  SQL functions about many objects at once: s3_head, s3_exists, s3_get,
 *	  s3_put and s3_delete of arrays.
 *
 * A row for each URL, in their order; what one of them fails with stands in
 * the last two columns of its row, and is not thrown.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "backend/rows.h"
#include "catalog/pg_type.h"
#include "client/batch.h"
#include "client/delete_objects.h"
#include "client/object_requests.h"
#include "fmgr.h"
#include "functions/object_row.h"
#include "objects/put_flow.h"
#include "s3/list_page.h"
#include "s3/param_rules.h"
#include "s3/response.h"
#include "settings/privileges.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(s3store_head_many);
PG_FUNCTION_INFO_V1(s3store_exists_many);
PG_FUNCTION_INFO_V1(s3store_get_many);
PG_FUNCTION_INFO_V1(s3store_put_many);
PG_FUNCTION_INFO_V1(s3store_delete_many);

#define COLUMNS_MAX		(OBJECT_COLUMNS + 2)
#define ERROR_COLUMNS	2		/* error, sqlstate: the last of every row */

/* An array's elements. */
typedef struct Elements
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
} Elements;

/* One call of one of these functions. */
typedef struct Job
{
	const char *command;
	S3OperationId operation;
	Jsonb	   *params;
	S3Rows		rows;
	int			columns;
	Elements	contents;		/* of a put */
	S3PutArguments put;			/* likewise: the arguments that are common */
	int			overwrite;
} Job;

/* An item of a job that needs one request. */
typedef struct Lookup
{
	S3Call		call;
	bool		found;
	bool		is_prefix;
	S3ObjectInfo info;
	S3HttpResponse response;
} Lookup;

static Datum run(FunctionCallInfo fcinfo, Job *job, int columns,
				 S3Call *(*step) (S3BatchItem *item, const S3Finished *finished, void *arg),
				 void (*emit) (S3BatchItem *item, void *arg));
static Elements elements(ArrayType *array, Oid type);
static S3Call *open_lookup(S3BatchItem *item, const Job *job);
static S3Call *step_head(S3BatchItem *item, const S3Finished *finished, void *arg);
static void emit_head(S3BatchItem *item, void *arg);
static S3Call *step_exists(S3BatchItem *item, const S3Finished *finished, void *arg);
static S3Call *open_prefix(S3BatchItem *item, const Job *job);
static void note_prefix(S3BatchItem *item, const S3Finished *finished);
static void emit_exists(S3BatchItem *item, void *arg);
static S3Call *step_get(S3BatchItem *item, const S3Finished *finished, void *arg);
static void emit_get(S3BatchItem *item, void *arg);
static S3Call *step_put(S3BatchItem *item, const S3Finished *finished, void *arg);
static void emit_put(S3BatchItem *item, void *arg);
static void put_row(Job *job, const S3BatchItem *item, Datum *values, bool *nulls);
static void put_deletion(S3Rows *rows, const S3DeleteItem *item);
static Datum text_datum(const char *string);

/*
 * s3_head(urls text[], params jsonb) returns table (the columns of s3_object,
 *		   error text, sqlstate text)
 */
Datum
s3store_head_many(PG_FUNCTION_ARGS)
{
	Job			job = {.command = "s3_head()",.operation = S3_HEAD_OBJECT};

	job.params = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	return run(fcinfo, &job, OBJECT_COLUMNS, step_head, emit_head);
}

/* s3_exists(urls text[]) returns table (url, "exists", error, sqlstate) */
Datum
s3store_exists_many(PG_FUNCTION_ARGS)
{
	Job			job = {.command = "s3_exists()",.operation = S3_HEAD_OBJECT};

	return run(fcinfo, &job, 2, step_exists, emit_exists);
}

/* s3_get(urls text[], params jsonb) returns table (url, content, error, sqlstate) */
Datum
s3store_get_many(PG_FUNCTION_ARGS)
{
	Job			job = {.command = "s3_get()",.operation = S3_GET_OBJECT};

	job.params = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	return run(fcinfo, &job, 2, step_get, emit_get);
}

/*
 * s3_put(urls text[], contents bytea[], content_type text, metadata jsonb,
 *		  overwrite boolean, params jsonb)
 * returns table (url, stored_url, error, sqlstate)
 */
Datum
s3store_put_many(PG_FUNCTION_ARGS)
{
	Job			job = {.command = "s3_put()",.operation = S3_PUT_OBJECT};

	if (!PG_ARGISNULL(1))
		job.contents = elements(PG_GETARG_ARRAYTYPE_P(1), BYTEAOID);
	if (!PG_ARGISNULL(0) &&
		elements(PG_GETARG_ARRAYTYPE_P(0), TEXTOID).count != job.contents.count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("\"urls\" and \"contents\" must have the same number of elements"),
				 errdetail("There are %d URLs and %d contents.",
						   elements(PG_GETARG_ARRAYTYPE_P(0), TEXTOID).count,
						   job.contents.count)));
	s3_put_take_arguments(fcinfo, &job.put);
	job.overwrite = PG_ARGISNULL(4) ? -1 : PG_GETARG_BOOL(4);
	return run(fcinfo, &job, 2, step_put, emit_put);
}

/* s3_delete(urls text[]) returns table (url, deleted, error, sqlstate) */
Datum
s3store_delete_many(PG_FUNCTION_ARGS)
{
	S3Rows		rows = s3_rows_start(fcinfo, 2 + ERROR_COLUMNS);
	S3DeleteItem *items;
	Elements	urls;

	if (PG_ARGISNULL(0))
		return (Datum) 0;
	urls = elements(PG_GETARG_ARRAYTYPE_P(0), TEXTOID);
	items = MemoryContextAllocHuge(CurrentMemoryContext,
								   Max(urls.count, 1) * sizeof(S3DeleteItem));
	memset(items, 0, urls.count * sizeof(S3DeleteItem));
	for (int i = 0; i < urls.count; i++)
		items[i].url = urls.nulls[i] ? NULL : DatumGetTextPP(urls.values[i]);
	s3_delete_objects(items, urls.count, "s3_delete()");
	for (int i = 0; i < urls.count; i++)
		put_deletion(&rows, &items[i]);
	return (Datum) 0;
}

static Datum
run(FunctionCallInfo fcinfo, Job *job, int columns,
	S3Call *(*step) (S3BatchItem *item, const S3Finished *finished, void *arg),
	void (*emit) (S3BatchItem *item, void *arg))
{
	S3BatchWork work = {step, emit, job};
	Elements	urls;

	job->columns = columns;
	job->rows = s3_rows_start(fcinfo, columns + ERROR_COLUMNS);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	urls = elements(PG_GETARG_ARRAYTYPE_P(0), TEXTOID);
	s3_batch_run(&work, urls.values, urls.nulls, urls.count);
	return (Datum) 0;
}

/* Of any number of dimensions, in the order of endpoint. */
static Elements
elements(ArrayType *array, Oid type)
{
	Elements	result;

	deconstruct_array(array, type, -1, false, TYPALIGN_INT,
					  &result.values, &result.nulls, &result.count);
	return result;
}

/* The first step of an item that needs one request. */
static S3Call *
open_lookup(S3BatchItem *item, const Job *job)
{
	Lookup	   *lookup = palloc0(sizeof(Lookup));
	S3Error		err;

	item->state = lookup;
	if (item->url == NULL)
		return NULL;
	switch (s3_call_try_open(&lookup->call, job->operation, job->command, item->url, &err))
	{
		case S3_CALL_NO_FILE:
			return NULL;
		case S3_CALL_FAILED:
			return s3_batch_fail(item, NULL, &err);
		case S3_CALL_OPENED:
			break;
	}
	s3_params_apply(lookup->call.operation, job->params, &lookup->call.request);
	return &lookup->call;
}

static S3Call *
step_head(S3BatchItem *item, const S3Finished *finished, void *arg)
{
	Lookup	   *lookup = item->state;
	S3Error		err;

	if (finished == NULL)
		return open_lookup(item, arg);
	lookup->found = finished->ok;
	if (finished->ok)
	{
		if (!s3_response_object(&finished->response, &lookup->info, &err))
			return s3_batch_fail(item, finished->call, &err);
	}
	else if (finished->err.kind != S3_ERROR_NOT_FOUND)
		return s3_batch_fail(item, finished->call, &finished->err);
	return NULL;
}

/* Of an object that does not exist only the URL is known. */
static void
emit_head(S3BatchItem *item, void *arg)
{
	const Lookup *lookup = item->state;
	Datum		values[COLUMNS_MAX];
	bool		nulls[COLUMNS_MAX];

	memset(nulls, true, sizeof(nulls));
	if (lookup->found && !item->failed)
		s3_object_row(item->url, &lookup->info, values, nulls);
	put_row(arg, item, values, nulls);
}

static S3Call *
step_exists(S3BatchItem *item, const S3Finished *finished, void *arg)
{
	Lookup	   *lookup = item->state;
	text	   *url = item->url;

	if (finished == NULL)
	{
		size_t		len = url == NULL ? 0 : VARSIZE_ANY_EXHDR(url);

		if (len > 0 && VARDATA_ANY(url)[len - 1] == '/')
			return open_prefix(item, arg);
		return open_lookup(item, arg);
	}
	if (!finished->ok && (lookup->is_prefix || finished->err.kind != S3_ERROR_NOT_FOUND))
		return s3_batch_fail(item, finished->call, &finished->err);
	if (lookup->is_prefix)
		note_prefix(item, finished);
	else
		lookup->found = finished->ok;
	return NULL;
}

/* Asks for the first objects below it: one may be the endpoint's own prefix. */
static S3Call *
open_prefix(S3BatchItem *item, const Job *job)
{
	Lookup	   *lookup = palloc0(sizeof(Lookup));
	S3Fields   *query = &lookup->call.request.query;
	S3Error		err;

	item->state = lookup;
	lookup->is_prefix = true;
	if (s3_call_try_open(&lookup->call, S3_LIST_OBJECTS_V2, job->command, item->url,
						 &err) != S3_CALL_OPENED)
		return s3_batch_fail(item, NULL, &err);
	lookup->call.max_body = S3_LIST_PAGE_MAX;
	s3_fields_add(query, "list-type", "2");
	s3_fields_add(query, "encoding-type", "url");
	s3_fields_add(query, "max-keys", "2");
	s3_call_add_prefix(&lookup->call);
	return &lookup->call;
}

static void
note_prefix(S3BatchItem *item, const S3Finished *finished)
{
	Lookup	   *lookup = item->state;
	bool		whole_bucket = lookup->call.location.key.len == 0;
	S3ListPage	page;
	S3Error		err;

	if (!s3_list_page_parse(s3_slice(finished->response.body, finished->response.body_len),
							S3_LIST_PAGE_OBJECTS, &page, &err))
		(void) s3_batch_fail(item, finished->call, &err);
	else
		lookup->found = page.count > 1 ||
			(page.count == 1 &&
			 !(whole_bucket && page.items[0].key.len == lookup->call.key.len));
}

static void
emit_exists(S3BatchItem *item, void *arg)
{
	const Lookup *lookup = item->state;
	Datum		values[COLUMNS_MAX];
	bool		nulls[COLUMNS_MAX];

	memset(nulls, true, sizeof(nulls));
	nulls[1] = item->failed || lookup->call.operation == NULL;
	values[1] = BoolGetDatum(lookup->found);
	put_row(arg, item, values, nulls);
}

static S3Call *
step_get(S3BatchItem *item, const S3Finished *finished, void *arg)
{
	Lookup	   *lookup = item->state;
	S3Error		err;

	if (finished == NULL)
		return open_lookup(item, arg);
	if (!finished->ok)
		return s3_batch_fail(item, finished->call, &finished->err);
	lookup->response = finished->response;
	if (!s3_object_undo_gzip(&lookup->call, &lookup->response, &err))
		return s3_batch_fail(item, finished->call, &err);
	lookup->found = true;
	item->held = lookup->response.body_len;
	return NULL;
}

static void
emit_get(S3BatchItem *item, void *arg)
{
	const Lookup *lookup = item->state;
	Datum		values[COLUMNS_MAX];
	bool		nulls[COLUMNS_MAX];

	memset(nulls, true, sizeof(nulls));
	if (lookup->found)
	{
		bytea	   *content = (bytea *) (lookup->response.body - VARHDRSZ);

		SET_VARSIZE(content, lookup->response.body_len + VARHDRSZ);
		values[1] = PointerGetDatum(content);
		nulls[1] = false;
	}
	put_row(arg, item, values, nulls);
}

/* For a NULL content nothing is stored, as for a NULL URL. */
static S3Call *
step_put(S3BatchItem *item, const S3Finished *finished, void *arg)
{
	const Job  *job = arg;
	S3PutFlow  *storing = item->state;
	S3Call	   *call;

	if (finished == NULL)
	{
		bytea	   *content;

		storing = item->state = palloc0(sizeof(S3PutFlow));
		storing->step = S3_PUT_FLOW_NO_FILE;
		if (item->url == NULL || job->contents.nulls[item->index])
			return NULL;
		content = DatumGetByteaPP(job->contents.values[item->index]);
		storing->step = S3_PUT_FLOW_START;
		storing->command = job->command;
		storing->url = item->url;
		storing->arguments = job->put;
		storing->arguments.content = s3_slice(VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content));
		storing->overwrite = job->overwrite;
	}
	call = s3_put_flow_next(storing, finished);
	if (call == NULL && storing->step == S3_PUT_FLOW_FAILED)
		return s3_batch_fail(item, storing->failed, &storing->err);
	return call;
}

static void
emit_put(S3BatchItem *item, void *arg)
{
	const S3PutFlow *storing = item->state;
	Datum		values[COLUMNS_MAX];
	bool		nulls[COLUMNS_MAX];

	memset(nulls, true, sizeof(nulls));
	nulls[1] = storing->step != S3_PUT_FLOW_STORED;
	values[1] = PointerGetDatum(storing->name);
	put_row(arg, item, values, nulls);
}

/* Adds the URL, and what the item has failed with. */
static void
put_row(Job *job, const S3BatchItem *item, Datum *values, bool *nulls)
{
	nulls[0] = item->url == NULL;
	values[0] = PointerGetDatum(item->url);
	nulls[job->columns] = nulls[job->columns + 1] = !item->failed;
	if (item->failed)
	{
		values[job->columns] = text_datum(s3_call_error_message(item->failed_call, &item->err));
		values[job->columns + 1] = text_datum(s3_error_sqlstate(&item->err));
	}
	s3_rows_put(&job->rows, values, nulls);
}

static void
put_deletion(S3Rows *rows, const S3DeleteItem *item)
{
	Datum		values[2 + ERROR_COLUMNS];
	bool		nulls[2 + ERROR_COLUMNS];

	nulls[0] = item->url == NULL;
	values[0] = PointerGetDatum(item->url);
	nulls[1] = item->outcome == S3_DELETE_NO_FILE;
	values[1] = BoolGetDatum(item->outcome == S3_DELETED);
	nulls[2] = nulls[3] = item->error == NULL;
	if (item->error != NULL)
	{
		values[2] = text_datum(item->error);
		values[3] = text_datum(item->sqlstate);
	}
	s3_rows_put(rows, values, nulls);
	for (int i = 2; i < 2 + ERROR_COLUMNS; i++)
	{
		if (!nulls[i])
			pfree(DatumGetPointer(values[i]));
	}
}

static Datum
text_datum(const char *string)
{
	return PointerGetDatum(cstring_to_text(string));
}
