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
#include "backend/gzip.h"
#include "base/date.h"
#include "client/call.h"
#include "client/listing.h"
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

static bool get_content(FunctionCallInfo fcinfo, const char *command,
						S3HttpResponse *response);
static bool head_object(text *url, Jsonb *params, const char *command, S3ObjectInfo *info);
static int64 content_size(const S3ObjectInfo *info);
static bool prefix_exists(text *url);
static Datum object_datum(FunctionCallInfo fcinfo, text *url, const S3ObjectInfo *info);

/* s3_get(url text, params jsonb) returns bytea */
Datum
s3store_get(PG_FUNCTION_ARGS)
{
	S3HttpResponse response;
	bytea	   *content;

	if (!get_content(fcinfo, "s3_get()", &response))
		PG_RETURN_NULL();
	content = (bytea *) (response.body - VARHDRSZ);
	SET_VARSIZE(content, response.body_len + VARHDRSZ);
	PG_RETURN_BYTEA_P(content);
}

/* s3_get_text(url text, params jsonb) returns text */
Datum
s3store_get_text(PG_FUNCTION_ARGS)
{
	S3HttpResponse response;

	if (!get_content(fcinfo, "s3_get_text()", &response))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(s3_text_from_content(s3_slice(response.body, response.body_len),
										  s3_response_header(&response, "content-type")));
}

/* s3_head(url text, params jsonb) returns s3_object: NULL when missing */
Datum
s3store_head(PG_FUNCTION_ARGS)
{
	S3ObjectInfo info;
	Jsonb	   *params = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);

	if (PG_ARGISNULL(0) ||
		!head_object(PG_GETARG_TEXT_PP(0), params, "s3_head()", &info))
		PG_RETURN_NULL();
	return object_datum(fcinfo, PG_GETARG_TEXT_PP(0), &info);
}

/* s3_exists(url text) returns boolean; with a '/' at the end: any object below */
Datum
s3store_exists(PG_FUNCTION_ARGS)
{
	text	   *url = PG_GETARG_TEXT_PP(0);
	size_t		len = VARSIZE_ANY_EXHDR(url);

	if (s3_location_is_none(s3_slice(VARDATA_ANY(url), len)))
		PG_RETURN_NULL();
	if (VARDATA_ANY(url)[len - 1] == '/')
		PG_RETURN_BOOL(prefix_exists(url));
	PG_RETURN_BOOL(head_object(url, NULL, "s3_exists()", NULL));
}

/* s3_size(url text) returns bigint: of the content, uncompressed where known */
Datum
s3store_size(PG_FUNCTION_ARGS)
{
	S3ObjectInfo info;

	if (!head_object(PG_GETARG_TEXT_PP(0), NULL, "s3_size()", &info))
		PG_RETURN_NULL();
	PG_RETURN_INT64(content_size(&info));
}

/* s3_modified_time(url text) returns timestamptz */
Datum
s3store_modified_time(PG_FUNCTION_ARGS)
{
	S3ObjectInfo info;

	if (!head_object(PG_GETARG_TEXT_PP(0), NULL, "s3_modified_time()", &info) ||
		!info.has_last_modified)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(s3_date_from_unix(info.last_modified));
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

/*
 * Downloads an object whole, with room for a varlena header before its
 * content.  Returns false for "no file".
 */
static bool
get_content(FunctionCallInfo fcinfo, const char *command, S3HttpResponse *response)
{
	S3Call		call;
	S3Error		err;

	if (PG_ARGISNULL(0) ||
		!s3_call_open(&call, S3_GET_OBJECT, command, S3_CALL_REQUEST, PG_GETARG_TEXT_PP(0)))
		return false;
	if (!PG_ARGISNULL(1))
		s3_params_apply(call.operation, PG_GETARG_JSONB_P(1), &call.request);
	if (!s3_call_perform(&call, response, &err))
		s3_call_throw(&call, &err);
	if (!s3_object_undo_gzip(&call, response, &err))
		s3_call_throw(&call, &err);
	return true;
}

/*
 * Returns false for "no file" and when the object does not exist.  What the
 * answer says of it goes into "info", unless that is NULL.
 */
static bool
head_object(text *url, Jsonb *params, const char *command, S3ObjectInfo *info)
{
	S3Call		call;
	S3Error		err;

	if (!s3_call_open(&call, S3_HEAD_OBJECT, command, S3_CALL_REQUEST, url))
		return false;
	s3_params_apply(call.operation, params, &call.request);
	return s3_object_look_up(&call, info, &err);
}

/*
 * The size of a gzip object's content stands in its metadata.  Ceph makes
 * hyphens of the underscores in their names.
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
		s3_parse_length(size, &value))
		return value;
	return info->size;
}

/* Asks for a list of one. */
static bool
prefix_exists(text *url)
{
	S3ListOptions options = {.command = "s3_exists()",.url = url,.max_items = 1};

	return s3_listing_next(s3_listing_start(&options)) != NULL;
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
