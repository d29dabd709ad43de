/*-------------------------------------------------------------------------
 *
 * fn_object.c
 *	  SQL functions that read, store and delete objects, of one URL or of an
 *	  array of them: s3_get, s3_get_text, s3_head, s3_exists, s3_size,
 *	  s3_modified_time, s3_put, s3_delete.
 *
 * A missing object is NULL or false where that is the question, an error
 * where its content is wanted; every other failure is an error.
 *
 * An array has a row for each URL, in its order.  What a URL fails with is not
 * thrown then: it is in the last two columns of its row.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <ctype.h>

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "backend/rows.h"
#include "base/date.h"
#include "catalog/pg_type.h"
#include "client/batch.h"
#include "client/delete_objects.h"
#include "client/object_read.h"
#include "client/url_notice.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/object_row.h"
#include "objects/put_flow.h"
#include "s3/content_encoding.h"
#include "s3/response.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(s3store_get);
PG_FUNCTION_INFO_V1(s3store_get_text);
PG_FUNCTION_INFO_V1(s3store_head);
PG_FUNCTION_INFO_V1(s3store_exists);
PG_FUNCTION_INFO_V1(s3store_size);
PG_FUNCTION_INFO_V1(s3store_modified_time);
PG_FUNCTION_INFO_V1(s3store_put);
PG_FUNCTION_INFO_V1(s3store_put_text);
PG_FUNCTION_INFO_V1(s3store_put_many);
PG_FUNCTION_INFO_V1(s3store_delete);
PG_FUNCTION_INFO_V1(s3store_delete_many);

#define PUT		"s3_put()"
#define DELETE	"s3_delete()"

#define NOTHING_BELOW	"nothing below it was deleted"

#define COLUMNS_MAX		(OBJECT_COLUMNS + 2)
#define ERROR_COLUMNS	2		/* error, sqlstate: the last of every row */

/* A row of the result; a function of one URL returns what follows the URL. */
typedef struct Row
{
	Datum		values[COLUMNS_MAX];
	bool		nulls[COLUMNS_MAX];
} Row;

/* Fills in what has become of an item, from the second column on. */
typedef void (*FillRow) (const S3BatchItem *item, Row *row);

/* An array's elements. */
typedef struct Elements
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
} Elements;

/* One call of one of these functions, but for a deletion. */
typedef struct Job
{
	S3BatchStep step;
	FillRow		fill;
	S3Rows		rows;
	S3ReadArguments read;		/* but for a put */
	Elements	contents;		/* of a put */
	S3PutArguments put;			/* likewise: the arguments that are common */
	int			overwrite;
	void		(*flush) (void *arg);	/* likewise */
} Job;

static void notice_first_slash(const S3DeleteItem *items, int count);
static Datum read_objects(FunctionCallInfo fcinfo, S3ReadKind kind, const char *command,
						  FillRow fill, int columns);
static S3Call *step_read(S3BatchItem *item, const S3Finished *finished, void *arg);
static void fill_content(const S3BatchItem *item, Row *row);
static void fill_text(const S3BatchItem *item, Row *row);
static void add_text_hint(void *arg);
static void fill_object(const S3BatchItem *item, Row *row);
static void fill_exists(const S3BatchItem *item, Row *row);
static void fill_size(const S3BatchItem *item, Row *row);
static int64 content_size(const S3ObjectInfo *info);
static void fill_time(const S3BatchItem *item, Row *row);
static Datum object_datum(FunctionCallInfo fcinfo, Row *row);
static Datum put_one(FunctionCallInfo fcinfo, S3Slice content);
static bool is_hex(S3Slice text);
static void flush_puts(void *arg);
static S3Call *step_put(S3BatchItem *item, const S3Finished *finished, void *arg);
static void fill_put(const S3BatchItem *item, Row *row);
static Datum run_array(FunctionCallInfo fcinfo, Job *job, int columns);
static Elements elements(ArrayType *array, Oid type);
static void emit(S3BatchItem *item, void *arg);
static void add_row(S3Rows *rows, Row *row, text *url, const char *error, const char *sqlstate);

/*
 * s3_get(url text, params jsonb) returns bytea
 * s3_get(urls text[], params jsonb) returns table (url, content, error, sqlstate)
 */
Datum
s3store_get(PG_FUNCTION_ARGS)
{
	return read_objects(fcinfo, S3_READ_CONTENT, "s3_get()", fill_content, 2);
}

/* s3_get_text(url text, params jsonb) returns text */
Datum
s3store_get_text(PG_FUNCTION_ARGS)
{
	return read_objects(fcinfo, S3_READ_CONTENT, "s3_get_text()", fill_text, 2);
}

/*
 * s3_head(url text, params jsonb) returns s3_object: NULL when missing
 * s3_head(urls text[], params jsonb) returns table (the columns of s3_object,
 *		   error text, sqlstate text)
 */
Datum
s3store_head(PG_FUNCTION_ARGS)
{
	return read_objects(fcinfo, S3_READ_INFO, "s3_head()", fill_object, OBJECT_COLUMNS);
}

/*
 * s3_exists(url text) returns boolean; with a '/' at the end: any object below
 * s3_exists(urls text[]) returns table (url, "exists", error, sqlstate)
 */
Datum
s3store_exists(PG_FUNCTION_ARGS)
{
	return read_objects(fcinfo, S3_READ_EXISTS, "s3_exists()", fill_exists, 2);
}

/* s3_size(url text) returns bigint: of the content, uncompressed where known */
Datum
s3store_size(PG_FUNCTION_ARGS)
{
	return read_objects(fcinfo, S3_READ_SIZE, "s3_size()", fill_size, 2);
}

/* s3_modified_time(url text) returns timestamptz */
Datum
s3store_modified_time(PG_FUNCTION_ARGS)
{
	return read_objects(fcinfo, S3_READ_INFO, "s3_modified_time()", fill_time, 2);
}

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
	return put_one(fcinfo, s3_slice(VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content)));
}

/* The same for text, which is stored in UTF-8. */
Datum
s3store_put_text(PG_FUNCTION_ARGS)
{
	text	   *content;
	Datum		stored;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	content = PG_GETARG_TEXT_PP(1);
	stored = put_one(fcinfo, s3_utf8_slice(VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content)));
	if (!fcinfo->isnull && is_hex(s3_slice(VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content))))
		ereport(WARNING,
				(errmsg("content in the hex format of bytea was stored as text"),
				 errhint("To store the bytes, cast it: s3_put(url, '\\x...'::bytea).")));
	return stored;
}

/* Is it how a bytea is written?  A literal of no type is text to s3_put. */
static bool
is_hex(S3Slice text)
{
	if (text.len < 4 || text.len % 2 != 0 || text.data[0] != '\\' || text.data[1] != 'x')
		return false;
	for (size_t i = 2; i < text.len; i++)
		if (!isxdigit((unsigned char) text.data[i]))
			return false;
	return true;
}

/*
 * s3_put(urls text[], contents bytea[], content_type text, metadata jsonb,
 *		  overwrite boolean, params jsonb)
 * returns table (url, stored_url, error, sqlstate)
 */
Datum
s3store_put_many(PG_FUNCTION_ARGS)
{
	Job			job = {.step = step_put,.fill = fill_put,.flush = flush_puts};

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
	return run_array(fcinfo, &job, 2);
}

/* s3_delete(url text, params jsonb) returns boolean: true, it is gone */
Datum
s3store_delete(PG_FUNCTION_ARGS)
{
	S3DeleteArguments arguments = {DELETE, PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1)};
	text	   *url = PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0);

	if (!s3_delete_object(url, &arguments))
		PG_RETURN_NULL();
	s3_url_notice_slash(url, NOTHING_BELOW);
	PG_RETURN_BOOL(true);
}

/* s3_delete(urls text[]) returns table (url, deleted, error, sqlstate) */
Datum
s3store_delete_many(PG_FUNCTION_ARGS)
{
	S3Rows		rows = s3_rows_start(fcinfo, 2 + ERROR_COLUMNS);
	S3DeleteItem *items;
	Elements	urls;
	Row			row;

	if (PG_ARGISNULL(0))
		return (Datum) 0;
	urls = elements(PG_GETARG_ARRAYTYPE_P(0), TEXTOID);
	items = MemoryContextAllocHuge(CurrentMemoryContext,
								   Max(urls.count, 1) * sizeof(S3DeleteItem));
	memset(items, 0, urls.count * sizeof(S3DeleteItem));
	for (int i = 0; i < urls.count; i++)
		items[i].url = urls.nulls[i] ? NULL : DatumGetTextPP(urls.values[i]);
	s3_delete_objects(items, urls.count, DELETE, -1);
	notice_first_slash(items, urls.count);
	for (int i = 0; i < urls.count; i++)
	{
		row.nulls[1] = items[i].outcome == S3_DELETE_NO_FILE;
		row.values[1] = BoolGetDatum(items[i].outcome == S3_DELETED);
		add_row(&rows, &row, items[i].url, items[i].error, items[i].sqlstate);
	}
	return (Datum) 0;
}

/* One notice is enough, however many there are. */
static void
notice_first_slash(const S3DeleteItem *items, int count)
{
	for (int i = 0; i < count; i++)
	{
		const text *url = items[i].url;
		size_t		len = url == NULL ? 0 : VARSIZE_ANY_EXHDR(url);

		if (len > 0 && VARDATA_ANY(url)[len - 1] == '/')
		{
			s3_url_notice_slash(url, NOTHING_BELOW);
			return;
		}
	}
}

/*
 * Of the URL, or the array of them, that is the first argument, with the params
 * of the second one, if there is one.
 */
static Datum
read_objects(FunctionCallInfo fcinfo, S3ReadKind kind, const char *command, FillRow fill,
			 int columns)
{
	Job			job = {.step = step_read,.fill = fill,.read = {kind, command}};
	S3BatchItem item;
	Row			row;

	if (PG_NARGS() > 1 && !PG_ARGISNULL(1))
		job.read.params = PG_GETARG_JSONB_P(1);
	if (fcinfo->flinfo->fn_retset)
		return run_array(fcinfo, &job, columns);
	s3_batch_run_one(&item, PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0), step_read, &job);
	fill(&item, &row);
	/* An object is there even if its size, the second column, is unknown. */
	if (columns == OBJECT_COLUMNS && ((const S3ObjectRead *) item.state)->found)
		return object_datum(fcinfo, &row);
	if (row.nulls[1])
		PG_RETURN_NULL();
	return row.values[1];
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

static void
fill_content(const S3BatchItem *item, Row *row)
{
	const S3ObjectRead *read = item->state;

	row->nulls[1] = read->content == NULL;
	row->values[1] = PointerGetDatum(read->content);
}

static void
fill_text(const S3BatchItem *item, Row *row)
{
	const S3ObjectRead *read = item->state;
	const S3HttpResponse *response = &read->response;
	ErrorContextCallback hint = {error_context_stack, add_text_hint, NULL};
	text	   *content = NULL;

	error_context_stack = &hint;
	if (read->content != NULL)
		content = s3_text_from_content(s3_slice(response->body, response->body_len),
									   s3_response_header(response, "content-type"));
	error_context_stack = hint.previous;
	row->nulls[1] = content == NULL;
	row->values[1] = PointerGetDatum(content);
}

/* Content that is no text is an error of PostgreSQL's, which does not know where it is from. */
static void
add_text_hint(void *arg)
{
	int			code = geterrcode();

	if (code == ERRCODE_CHARACTER_NOT_IN_REPERTOIRE || code == ERRCODE_UNTRANSLATABLE_CHARACTER)
		errhint("s3_get() returns the content as it is.");
}

/* Of an object that does not exist only the URL is known. */
static void
fill_object(const S3BatchItem *item, Row *row)
{
	const S3ObjectRead *read = item->state;

	memset(row->nulls, true, sizeof(row->nulls));
	if (read->found)
		s3_object_row(item->url, &read->info, row->values, row->nulls);
}

static void
fill_exists(const S3BatchItem *item, Row *row)
{
	const S3ObjectRead *read = item->state;

	row->nulls[1] = item->failed || read->no_file;
	row->values[1] = BoolGetDatum(read->found);
}

static void
fill_size(const S3BatchItem *item, Row *row)
{
	const S3ObjectRead *read = item->state;

	row->nulls[1] = !read->found;
	row->values[1] = Int64GetDatum(content_size(&read->info));
}

/*
 * The size of a gzip object's content is in its metadata.  Ceph replaces the
 * underscores in the names of metadata by hyphens.
 */
static int64
content_size(const S3ObjectInfo *info)
{
	const char *size = s3_fields_find(&info->metadata, "uncompressed_size");
	int64		value;

	if (size == NULL)
		size = s3_fields_find(&info->metadata, "uncompressed-size");
	if (size != NULL && s3_content_encoding_is_gzip(info->content_encoding) &&
		s3_parse_length(s3_slice_cstring(size), &value))
		return value;
	return info->size;
}

static void
fill_time(const S3BatchItem *item, Row *row)
{
	const S3ObjectRead *read = item->state;

	row->nulls[1] = !read->found || !read->info.has_last_modified;
	row->values[1] = TimestampTzGetDatum(s3_date_from_unix(read->info.last_modified));
}

static Datum
object_datum(FunctionCallInfo fcinfo, Row *row)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != OBJECT_COLUMNS)
		elog(ERROR, "s3_object is not the type that this library knows");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), row->values, row->nulls));
}

static Datum
put_one(FunctionCallInfo fcinfo, S3Slice content)
{
	S3PutFlow	flow = {
		.command = PUT,
		.url = PG_GETARG_TEXT_PP(0),
		.arguments.content = content,
		.overwrite = PG_ARGISNULL(4) ? -1 : PG_GETARG_BOOL(4)
	};

	s3_put_take_arguments(fcinfo, &flow.arguments);
	s3_put_flow_run(&flow);
	if (flow.step == S3_PUT_FLOW_NO_FILE)
	{
		s3_url_warn_no_file("stored");
		PG_RETURN_NULL();
	}
	PG_RETURN_TEXT_P(flow.name);
}

/* One write to disk for many puts. */
static void
flush_puts(void *arg)
{
	s3_intent_sync();
}

/* For a NULL content nothing is stored, as for a NULL URL. */
static S3Call *
step_put(S3BatchItem *item, const S3Finished *finished, void *arg)
{
	const Job  *job = arg;
	S3PutFlow  *flow = item->state;
	S3Call	   *call;

	if (flow == NULL)
	{
		bytea	   *content;

		flow = item->state = palloc0(sizeof(S3PutFlow));
		flow->step = S3_PUT_FLOW_NO_FILE;
		if (item->url == NULL || job->contents.nulls[item->index])
			return NULL;
		content = DatumGetByteaPP(job->contents.values[item->index]);
		flow->step = S3_PUT_FLOW_START;
		flow->command = PUT;
		flow->url = item->url;
		flow->arguments = job->put;
		flow->arguments.content = s3_slice(VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content));
		flow->overwrite = job->overwrite;
	}
	call = s3_put_flow_next(flow, finished);
	item->parked = flow->step == S3_PUT_FLOW_NOTED;
	if (call == NULL && flow->step == S3_PUT_FLOW_FAILED)
		return s3_batch_fail(item, flow->failed, &flow->err);
	return call;
}

static void
fill_put(const S3BatchItem *item, Row *row)
{
	const S3PutFlow *flow = item->state;

	row->nulls[1] = flow->step != S3_PUT_FLOW_STORED;
	row->values[1] = PointerGetDatum(flow->name);
}

static Datum
run_array(FunctionCallInfo fcinfo, Job *job, int columns)
{
	S3BatchWork work = {job->step, emit, job, job->flush};
	Elements	urls;

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

static void
emit(S3BatchItem *item, void *arg)
{
	Job		   *job = arg;
	Row			row;

	job->fill(item, &row);
	add_row(&job->rows, &row, item->url,
			item->failed ? s3_call_error_message(item->failed_call, &item->err) : NULL,
			item->failed ? s3_error_sqlstate(&item->err) : NULL);
}

/* "error" and "sqlstate" are what the URL has failed with, or NULL. */
static void
add_row(S3Rows *rows, Row *row, text *url, const char *error, const char *sqlstate)
{
	int			columns = rows->desc->natts - ERROR_COLUMNS;

	row->nulls[0] = url == NULL;
	row->values[0] = PointerGetDatum(url);
	row->nulls[columns] = row->nulls[columns + 1] = error == NULL;
	if (error != NULL)
	{
		row->values[columns] = CStringGetTextDatum(error);
		row->values[columns + 1] = CStringGetTextDatum(sqlstate);
	}
	s3_rows_put(rows, row->values, row->nulls);
	if (error != NULL)
	{
		pfree(DatumGetPointer(row->values[columns]));
		pfree(DatumGetPointer(row->values[columns + 1]));
	}
}
