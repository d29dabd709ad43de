/*-------------------------------------------------------------------------
 *
 * fn_list.c
 *	  SQL function that lists objects: s3_list.
 *
 * Returns a row a call: a query that stops early stops the listing, and only one
 * page is in memory.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "backend/encoding.h"
#include "client/listing.h"

PG_FUNCTION_INFO_V1(s3store_list);

/* Columns of a row, in order. */
enum ListColumn
{
	LIST_URL,
	LIST_SIZE,
	LIST_LAST_MODIFIED,
	LIST_ETAG,
	LIST_STORAGE_CLASS,
	LIST_IS_PREFIX,
	LIST_COLUMNS
};

static void start_list(FunctionCallInfo fcinfo, FuncCallContext *context);
static int64 max_items_argument(FunctionCallInfo fcinfo, int number);
static Datum item_datum(const FuncCallContext *context, const S3ListItem *item);
static void set_text(Datum *values, bool *nulls, int column, S3Slice value);

/*
 * s3_list(prefix_url text, delimiter text, start_after text, max_keys bigint,
 *		   connections integer)
 * returns table (url text, size bigint, last_modified timestamptz, etag text,
 *				  storage_class text, is_prefix boolean)
 */
Datum
s3store_list(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	const S3ListItem *item = NULL;

	if (SRF_IS_FIRSTCALL())
		start_list(fcinfo, SRF_FIRSTCALL_INIT());
	context = SRF_PERCALL_SETUP();
	if (context->user_fctx != NULL)
		item = s3_listing_next(context->user_fctx);
	if (item == NULL)
		SRF_RETURN_DONE(context);
	SRF_RETURN_NEXT(context, item_datum(context, item));
}

/* No rows when the URL is NULL or means "no file". */
static void
start_list(FunctionCallInfo fcinfo, FuncCallContext *context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context->multi_call_memory_ctx);
	S3ListOptions options = {.command = "s3_list()"};

	if (get_call_result_type(fcinfo, NULL, &context->tuple_desc) != TYPEFUNC_COMPOSITE ||
		context->tuple_desc->natts != LIST_COLUMNS)
		elog(ERROR, "s3_list() is not declared as this library knows it");
	context->tuple_desc = BlessTupleDesc(context->tuple_desc);
	options.delimiter = s3_utf8_argument(fcinfo, 1);
	options.start_after = s3_utf8_argument(fcinfo, 2);
	options.max_items = max_items_argument(fcinfo, 3);
	options.connections = PG_ARGISNULL(4) ? 1 : s3_listing_check_connections(PG_GETARG_INT32(4));
	if (!PG_ARGISNULL(0))
	{
		options.url = PG_GETARG_TEXT_PP(0);
		context->user_fctx = s3_listing_start(&options);
	}
	MemoryContextSwitchTo(old_context);
}

static int64
max_items_argument(FunctionCallInfo fcinfo, int number)
{
	int64		max;

	if (PG_ARGISNULL(number))
		return -1;
	max = PG_GETARG_INT64(number);
	if (max < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"max_keys\" must not be negative")));
	return max;
}

static Datum
item_datum(const FuncCallContext *context, const S3ListItem *item)
{
	Datum		values[LIST_COLUMNS];
	bool		nulls[LIST_COLUMNS] = {false};
	bool		is_prefix = item->kind == S3_LIST_PREFIX;

	values[LIST_URL] = PointerGetDatum(s3_listing_url(context->user_fctx, item));
	values[LIST_SIZE] = Int64GetDatum(item->size);
	nulls[LIST_SIZE] = is_prefix;
	values[LIST_LAST_MODIFIED] = TimestampTzGetDatum(s3_list_item_modified(item));
	nulls[LIST_LAST_MODIFIED] = !item->has_last_modified;
	set_text(values, nulls, LIST_ETAG, item->etag);
	set_text(values, nulls, LIST_STORAGE_CLASS, item->storage_class);
	values[LIST_IS_PREFIX] = BoolGetDatum(is_prefix);
	return HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls));
}

static void
set_text(Datum *values, bool *nulls, int column, S3Slice value)
{
	nulls[column] = value.data == NULL;
	if (value.data != NULL)
		values[column] = PointerGetDatum(s3_text_from_server(s3_slice_dup(value)));
}
