/*-------------------------------------------------------------------------
 *
 * fn_check.c
 *	  SQL function that tells what is wrong with an endpoint: s3_check.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/diagnose.h"
#include "settings/privileges.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(s3store_check);

#define COMMAND	"s3_check()"

enum
{
	CHECK_STEP,
	CHECK_OK,
	CHECK_DETAIL,
	CHECK_HINT,
	CHECK_COLUMNS
};

static void start_check(FunctionCallInfo fcinfo, FuncCallContext *context);
static Datum row_datum(const FuncCallContext *context, const S3DiagnosisRow *row);

/*
 * s3_check(url text) returns table (step text, ok boolean, detail text,
 *			hint text)
 *
 * One step a call.
 */
Datum
s3store_check(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	S3DiagnosisRow row;

	if (SRF_IS_FIRSTCALL())
		start_check(fcinfo, SRF_FIRSTCALL_INIT());
	context = SRF_PERCALL_SETUP();
	if (context->user_fctx == NULL || !s3_diagnose_next(context->user_fctx, &row))
		SRF_RETURN_DONE(context);
	SRF_RETURN_NEXT(context, row_datum(context, &row));
}

/* For "no file" there are no rows. */
static void
start_check(FunctionCallInfo fcinfo, FuncCallContext *context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context->multi_call_memory_ctx);

	s3_privileges_require_read(COMMAND);
	if (get_call_result_type(fcinfo, NULL, &context->tuple_desc) != TYPEFUNC_COMPOSITE ||
		context->tuple_desc->natts != CHECK_COLUMNS)
		elog(ERROR, "s3_check() is not declared as this library knows it");
	context->tuple_desc = BlessTupleDesc(context->tuple_desc);
	context->user_fctx = s3_diagnose_start(PG_GETARG_TEXT_PP(0), COMMAND);
	MemoryContextSwitchTo(old_context);
}

static Datum
row_datum(const FuncCallContext *context, const S3DiagnosisRow *row)
{
	Datum		values[CHECK_COLUMNS] = {0};
	bool		nulls[CHECK_COLUMNS] = {false};

	values[CHECK_STEP] = CStringGetTextDatum(row->step);
	values[CHECK_OK] = BoolGetDatum(row->ok);
	values[CHECK_DETAIL] = CStringGetTextDatum(row->detail);
	nulls[CHECK_HINT] = row->hint == NULL;
	if (row->hint != NULL)
		values[CHECK_HINT] = CStringGetTextDatum(row->hint);
	return HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls));
}
