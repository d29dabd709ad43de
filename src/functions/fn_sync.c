/*-------------------------------------------------------------------------
 *
 * fn_sync.c
 *	  SQL entry of the metadata sync: the procedure s3_sync_meta, and
 *	  s3_sync_meta_changes, which only tells what it would change.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/htup_details.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"

#include "backend/encoding.h"
#include "backend/rows.h"
#include "bulk/sync.h"

PG_FUNCTION_INFO_V1(s3store_sync_meta);
PG_FUNCTION_INFO_V1(s3store_sync_meta_changes);

/* The result of the procedure: its INOUT arguments, in order. */
enum SyncColumn
{
	SYNC_DONE,
	SYNC_CHANGED,
	SYNC_SKIPPED,
	SYNC_FAILED,
	SYNC_RESUME_AFTER,
	SYNC_COLUMNS
};

/* Columns of s3_sync_meta_changes, in order. */
enum ChangeColumn
{
	CHANGE_URL,
	CHANGE_HEADER,
	CHANGE_WAS,
	CHANGE_BECOMES,
	CHANGE_COLUMNS
};

static bool bool_argument(FunctionCallInfo fcinfo, int number, bool otherwise);
static Datum result_datum(FunctionCallInfo fcinfo, const S3SyncResult *result);
static void notice_changes(void *arg, text *url, const S3SyncPlan *plan);
static char *shown(const char *utf8);
static void put_changes(void *arg, text *url, const S3SyncPlan *plan);

/*
 * s3_sync_meta(prefix_url text, start_after text, dry_run boolean,
 *				keep_acl boolean, count_first boolean, INOUT done bigint,
 *				INOUT changed bigint, INOUT skipped bigint, INOUT failed bigint,
 *				INOUT resume_after text)
 */
Datum
s3store_sync_meta(PG_FUNCTION_ARGS)
{
	S3SyncArguments arguments = {{.command = "s3_sync_meta()"}};
	S3SyncResult result = {0};
	MemoryContext context = CurrentMemoryContext;
	bool		may_commit = fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
		!((CallContext *) fcinfo->context)->atomic;

	arguments.start_after = s3_utf8_argument(fcinfo, 1);
	arguments.options.dry_run = bool_argument(fcinfo, 2, false);
	arguments.options.keep_acl = bool_argument(fcinfo, 3, true);
	arguments.count_first = bool_argument(fcinfo, 4, false);
	arguments.may_commit = may_commit;
	if (arguments.options.dry_run)
		arguments.changed = notice_changes;
	if (!PG_ARGISNULL(0))
	{
		/* The argument may be on disk, where a commit leaves it. */
		arguments.prefix_url = PG_GETARG_TEXT_P_COPY(0);
		SPI_connect_ext(may_commit ? SPI_OPT_NONATOMIC : 0);
		MemoryContextSwitchTo(context); /* the result outlives SPI */
		s3_sync_run(&arguments, &result);
		SPI_finish();
	}
	return result_datum(fcinfo, &result);
}

/*
 * s3_sync_meta_changes(prefix_url text, start_after text) returns table
 *		(url text, header text, was text, becomes text)
 */
Datum
s3store_sync_meta_changes(PG_FUNCTION_ARGS)
{
	S3SyncArguments arguments = {{.command = "s3_sync_meta_changes()",.dry_run = true},.quiet = true};
	S3SyncResult result = {0};
	S3Rows		rows = s3_rows_start(fcinfo, CHANGE_COLUMNS);

	arguments.start_after = s3_utf8_argument(fcinfo, 1);
	arguments.changed = put_changes;
	arguments.arg = &rows;
	if (!PG_ARGISNULL(0))
	{
		arguments.prefix_url = PG_GETARG_TEXT_PP(0);
		s3_sync_run(&arguments, &result);
	}
	PG_RETURN_NULL();
}

static bool
bool_argument(FunctionCallInfo fcinfo, int number, bool otherwise)
{
	return PG_ARGISNULL(number) ? otherwise : PG_GETARG_BOOL(number);
}

static Datum
result_datum(FunctionCallInfo fcinfo, const S3SyncResult *result)
{
	Datum		values[SYNC_COLUMNS] = {0};
	bool		nulls[SYNC_COLUMNS] = {false};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != SYNC_COLUMNS)
		elog(ERROR, "s3_sync_meta() is not declared as this library knows it");
	values[SYNC_DONE] = Int64GetDatum(result->done);
	values[SYNC_CHANGED] = Int64GetDatum(result->changed);
	values[SYNC_SKIPPED] = Int64GetDatum(result->skipped);
	values[SYNC_FAILED] = Int64GetDatum(result->failed);
	values[SYNC_RESUME_AFTER] = PointerGetDatum(result->resume_after);
	nulls[SYNC_RESUME_AFTER] = result->resume_after == NULL;
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* Reports what a dry run finds. */
static void
notice_changes(void *arg, text *url, const S3SyncPlan *plan)
{
	StringInfoData detail;

	initStringInfo(&detail);
	for (int i = 0; i < plan->count; i++)
	{
		const S3SyncChange *change = &plan->changes[i];

		appendStringInfo(&detail, "%s%s: ", i > 0 ? "\n" : "", shown(change->name));
		if (change->was != NULL)
			appendStringInfo(&detail, "\"%s\"", shown(change->was));
		else
			appendStringInfoString(&detail, "nothing");
		if (change->becomes != NULL)
			appendStringInfo(&detail, " becomes \"%s\".", shown(change->becomes));
		else
			appendStringInfoString(&detail, " goes.");
	}
	ereport(NOTICE,
			(errmsg("would change \"%s\"", s3_shown_text(url)),
			 errdetail_internal("%s", detail.data)));
}

static char *
shown(const char *utf8)
{
	return s3_shown_utf8(s3_slice_cstring(utf8));
}

static void
put_changes(void *arg, text *url, const S3SyncPlan *plan)
{
	for (int i = 0; i < plan->count; i++)
	{
		const S3SyncChange *change = &plan->changes[i];
		Datum		values[CHANGE_COLUMNS] = {0};
		bool		nulls[CHANGE_COLUMNS] = {false};

		values[CHANGE_URL] = PointerGetDatum(url);
		s3_rows_set_text(values, nulls, CHANGE_HEADER, change->name);
		s3_rows_set_text(values, nulls, CHANGE_WAS, change->was);
		s3_rows_set_text(values, nulls, CHANGE_BECOMES, change->becomes);
		s3_rows_put(arg, values, nulls);
	}
}
