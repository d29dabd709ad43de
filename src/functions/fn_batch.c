/*-------------------------------------------------------------------------
 *
 * fn_batch.c
 *	  SQL functions that take arrays of URLs: s3_head, s3_exists, s3_get, s3_put
 *	  and s3_delete.
 *
 * They return a row for each URL, in the order of the array.  What a URL fails
 * with is not thrown: it is in the last two columns of its row.
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
#include "client/object_read.h"
#include "fmgr.h"
#include "functions/object_row.h"
#include "objects/put_flow.h"
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
	S3ReadArguments read;		/* but for a put */
	S3Rows		rows;
	int			columns;
	Elements	contents;		/* of a put */
	S3PutArguments put;			/* likewise: the arguments that are common */
	int			overwrite;
} Job;

static Datum run(FunctionCallInfo fcinfo, Job *job, int columns,
				 S3Call *(*step) (S3BatchItem *item, const S3Finished *finished, void *arg),
				 void (*emit) (S3BatchItem *item, void *arg));
static Elements elements(ArrayType *array, Oid type);
static S3Call *step_read(S3BatchItem *item, const S3Finished *finished, void *arg);
static void emit_head(S3BatchItem *item, void *arg);
static void emit_exists(S3BatchItem *item, void *arg);
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
	Job			job = {.read = {S3_READ_INFO, "s3_head()"}};

	job.read.params = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	return run(fcinfo, &job, OBJECT_COLUMNS, step_read, emit_head);
}

/* s3_exists(urls text[]) returns table (url, "exists", error, sqlstate) */
Datum
s3store_exists_many(PG_FUNCTION_ARGS)
{
	Job			job = {.read = {S3_READ_EXISTS, "s3_exists()"}};

	return run(fcinfo, &job, 2, step_read, emit_exists);
}

/* s3_get(urls text[], params jsonb) returns table (url, content, error, sqlstate) */
Datum
s3store_get_many(PG_FUNCTION_ARGS)
{
	Job			job = {.read = {S3_READ_CONTENT, "s3_get()"}};

	job.read.params = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	return run(fcinfo, &job, 2, step_read, emit_get);
}

/*
 * s3_put(urls text[], contents bytea[], content_type text, metadata jsonb,
 *		  overwrite boolean, params jsonb)
 * returns table (url, stored_url, error, sqlstate)
 */
Datum
s3store_put_many(PG_FUNCTION_ARGS)
{
	Job			job = {0};

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

/* Of any number of dimensions, in the order in which they are stored. */
static Elements
elements(ArrayType *array, Oid type)
{
	Elements	result;

	deconstruct_array(array, type, -1, false, TYPALIGN_INT,
					  &result.values, &result.nulls, &result.count);
	return result;
}

static S3Call *
step_read(S3BatchItem *item, const S3Finished *finished, void *arg)
{
	S3Call	   *call = s3_object_read_step(item, finished, &((const Job *) arg)->read);
	const S3ObjectRead *read = item->state;

	if (read->content != NULL)
		item->result_size = VARSIZE(read->content);
	return call;
}

/* Of an object that does not exist only the URL is known. */
static void
emit_head(S3BatchItem *item, void *arg)
{
	const S3ObjectRead *read = item->state;
	Datum		values[COLUMNS_MAX];
	bool		nulls[COLUMNS_MAX];

	memset(nulls, true, sizeof(nulls));
	if (read->found)
		s3_object_row(item->url, &read->info, values, nulls);
	put_row(arg, item, values, nulls);
}

static void
emit_exists(S3BatchItem *item, void *arg)
{
	const S3ObjectRead *read = item->state;
	Datum		values[COLUMNS_MAX];
	bool		nulls[COLUMNS_MAX];

	nulls[1] = item->failed || read->no_file;
	values[1] = BoolGetDatum(read->found);
	put_row(arg, item, values, nulls);
}

static void
emit_get(S3BatchItem *item, void *arg)
{
	const S3ObjectRead *read = item->state;
	Datum		values[COLUMNS_MAX];
	bool		nulls[COLUMNS_MAX];

	nulls[1] = read->content == NULL;
	values[1] = PointerGetDatum(read->content);
	put_row(arg, item, values, nulls);
}

/* For a NULL content nothing is stored, as for a NULL URL. */
static S3Call *
step_put(S3BatchItem *item, const S3Finished *finished, void *arg)
{
	const Job  *job = arg;
	S3PutFlow  *flow = item->state;
	S3Call	   *call;

	if (finished == NULL)
	{
		bytea	   *content;

		flow = item->state = palloc0(sizeof(S3PutFlow));
		flow->step = S3_PUT_FLOW_NO_FILE;
		if (item->url == NULL || job->contents.nulls[item->index])
			return NULL;
		content = DatumGetByteaPP(job->contents.values[item->index]);
		flow->step = S3_PUT_FLOW_START;
		flow->command = "s3_put()";
		flow->url = item->url;
		flow->arguments = job->put;
		flow->arguments.content = s3_slice(VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content));
		flow->overwrite = job->overwrite;
	}
	call = s3_put_flow_next(flow, finished);
	if (call == NULL && flow->step == S3_PUT_FLOW_FAILED)
		return s3_batch_fail(item, flow->failed, &flow->err);
	return call;
}

static void
emit_put(S3BatchItem *item, void *arg)
{
	const S3PutFlow *flow = item->state;
	Datum		values[COLUMNS_MAX];
	bool		nulls[COLUMNS_MAX];

	nulls[1] = flow->step != S3_PUT_FLOW_STORED;
	values[1] = PointerGetDatum(flow->name);
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
