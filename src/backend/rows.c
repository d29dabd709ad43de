/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  The rows of a set-returning function that makes all of them in one call.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"

#include "backend/encoding.h"
#include "backend/rows.h"

S3Rows
s3_rows_start(FunctionCallInfo fcinfo, int columns)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	S3Rows		rows;
	MemoryContext old_context;

	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		(result->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));

	/* Both outlive the call. */
	old_context = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	if (get_call_result_type(fcinfo, NULL, &rows.desc) != TYPEFUNC_COMPOSITE ||
		rows.desc->natts != columns)
		elog(ERROR, "a function is not declared as this library knows it");
	rows.desc = BlessTupleDesc(rows.desc);
	rows.store = tuplestore_begin_heap((result->allowedModes & SFRM_Materialize_Random) != 0,
									   false, work_mem);
	MemoryContextSwitchTo(old_context);

	result->returnMode = SFRM_Materialize;
	result->setResult = rows.store;
	result->setDesc = rows.desc;
	return rows;
}

void
s3_rows_put(S3Rows *rows, Datum *values, bool *nulls)
{
	tuplestore_putvalues(rows->store, rows->desc, values, nulls);
}

void
s3_rows_set_text(Datum *values, bool *nulls, int column, const char *utf8)
{
	nulls[column] = utf8 == NULL;
	if (utf8 != NULL)
		values[column] = PointerGetDatum(s3_text_from_server(utf8));
}
