/*-------------------------------------------------------------------------
 *
 * fn_object.c
 *	  SQL functions that read and delete objects: s3_get, s3_get_text,
 *	  s3_head, s3_exists, s3_size, s3_modified_time, s3_delete.
 *
 * A missing object is NULL or false where that is the question, an error
 * where its content is wanted; every other failure is an error.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "base/date.h"
#include "client/object_read.h"
#include "client/object_requests.h"
#include "client/pipeline.h"
#include "client/versions.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/object_row.h"
#include "s3/response.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(s3store_get);
PG_FUNCTION_INFO_V1(s3store_get_text);
PG_FUNCTION_INFO_V1(s3store_head);
PG_FUNCTION_INFO_V1(s3store_exists);
PG_FUNCTION_INFO_V1(s3store_size);
PG_FUNCTION_INFO_V1(s3store_modified_time);
PG_FUNCTION_INFO_V1(s3store_delete);

static S3ObjectRead *read_object(FunctionCallInfo fcinfo, const char *command, S3ReadKind kind,
								 bool has_params);
static int64 content_size(const S3ObjectInfo *info);
static Datum object_datum(FunctionCallInfo fcinfo, text *url, const S3ObjectInfo *info);

/* s3_get(url text, params jsonb) returns bytea */
Datum
s3store_get(PG_FUNCTION_ARGS)
{
	const S3ObjectRead *read = read_object(fcinfo, "s3_get()", S3_READ_CONTENT, true);

	if (!read->found)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(read->content);
}

/* s3_get_text(url text, params jsonb) returns text */
Datum
s3store_get_text(PG_FUNCTION_ARGS)
{
	const S3ObjectRead *read = read_object(fcinfo, "s3_get_text()", S3_READ_CONTENT, true);

	if (!read->found)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(s3_text_from_content(s3_slice(read->response.body, read->response.body_len),
										  s3_response_header(&read->response, "content-type")));
}

/* s3_head(url text, params jsonb) returns s3_object: NULL when missing */
Datum
s3store_head(PG_FUNCTION_ARGS)
{
	const S3ObjectRead *read = read_object(fcinfo, "s3_head()", S3_READ_INFO, true);

	if (!read->found)
		PG_RETURN_NULL();
	return object_datum(fcinfo, PG_GETARG_TEXT_PP(0), &read->info);
}

/* s3_exists(url text) returns boolean; with a '/' at the end: any object below */
Datum
s3store_exists(PG_FUNCTION_ARGS)
{
	const S3ObjectRead *read = read_object(fcinfo, "s3_exists()", S3_READ_EXISTS, false);

	if (read->no_file)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(read->found);
}

/* s3_size(url text) returns bigint: of the content, uncompressed where known */
Datum
s3store_size(PG_FUNCTION_ARGS)
{
	const S3ObjectRead *read = read_object(fcinfo, "s3_size()", S3_READ_INFO, false);

	if (!read->found)
		PG_RETURN_NULL();
	PG_RETURN_INT64(content_size(&read->info));
}

/* s3_modified_time(url text) returns timestamptz */
Datum
s3store_modified_time(PG_FUNCTION_ARGS)
{
	const S3ObjectRead *read = read_object(fcinfo, "s3_modified_time()", S3_READ_INFO, false);

	if (!read->found || !read->info.has_last_modified)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(s3_date_from_unix(read->info.last_modified));
}

/* s3_delete(url text, params jsonb) returns boolean: true, it is gone */
Datum
s3store_delete(PG_FUNCTION_ARGS)
{
	Jsonb	   *params = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	bool		all_versions;
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	if (PG_ARGISNULL(0) ||
		!s3_call_open(&call, S3_DELETE_OBJECT, "s3_delete()", S3_CALL_REQUEST,
					  PG_GETARG_TEXT_PP(0)))
		PG_RETURN_NULL();
	all_versions = s3_params_take_bool(&params, "AllVersions");
	s3_params_apply(call.operation, params, &call.request);
	if (all_versions)
	{
		if (s3_fields_find(&call.request.query, "versionId") != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"AllVersions\" and \"VersionId\" exclude each other")));
		s3_versions_delete(PG_GETARG_TEXT_PP(0), params, "s3_delete()");
		PG_RETURN_BOOL(true);
	}
	if (!s3_call_perform(&call, &response, &err) && !s3_object_is_gone(&err))
		s3_call_throw(&call, &err);
	PG_RETURN_BOOL(true);
}

/* Of the first argument, with the params of the second one, if there is one. */
static S3ObjectRead *
read_object(FunctionCallInfo fcinfo, const char *command, S3ReadKind kind, bool has_params)
{
	S3ReadArguments arguments = {.kind = kind,.command = command};

	if (has_params && !PG_ARGISNULL(1))
		arguments.params = PG_GETARG_JSONB_P(1);
	return s3_object_read(PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0), &arguments);
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
	if (size != NULL && info->content_encoding != NULL &&
		pg_strcasecmp(info->content_encoding, "gzip") == 0 &&
		s3_parse_length(s3_slice_cstring(size), &value))
		return value;
	return info->size;
}

static Datum
object_datum(FunctionCallInfo fcinfo, text *url, const S3ObjectInfo *info)
{
	TupleDesc	desc;
	Datum		values[OBJECT_COLUMNS];
	bool		nulls[OBJECT_COLUMNS];

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != OBJECT_COLUMNS)
		elog(ERROR, "s3_object is not the type that this library knows");
	s3_object_row(url, info, values, nulls);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
