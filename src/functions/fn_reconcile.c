/*-------------------------------------------------------------------------
 *
 * fn_reconcile.c
 *	  SQL functions that compare objects with rows: s3_reconcile,
 *	  s3_reconcile_all.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "backend/rows.h"
#include "bulk/reconcile.h"

PG_FUNCTION_INFO_V1(s3store_reconcile);
PG_FUNCTION_INFO_V1(s3store_reconcile_all);

/* Columns of a row, in order. */
enum ReconcileColumn
{
	RECONCILE_URL,
	RECONCILE_STATE,
	RECONCILE_SIZE,
	RECONCILE_LAST_MODIFIED,
	RECONCILE_COLUMNS
};

static void reconcile(FunctionCallInfo fcinfo, S3ReconcileArguments *arguments);
static S3Column *take_columns(ArrayType *tables, ArrayType *names, int *count);
static void check_array(const ArrayType *array);
static TimestampTz written_before(FunctionCallInfo fcinfo, int number);
static void put_row(void *arg, text *url, const S3ListItem *item);

/*
 * s3_reconcile(prefix_url text, table_name regclass, column_name name,
 *				older_than interval, connections integer)
 * returns table (url text, state text, size bigint, last_modified timestamptz)
 */
Datum
s3store_reconcile(PG_FUNCTION_ARGS)
{
	S3ReconcileArguments arguments = {.command = "s3_reconcile()",.count = 1};
	S3Column	column;

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		column.table = PG_GETARG_OID(1);
		column.name = NameStr(*PG_GETARG_NAME(2));
		arguments.columns = &column;
	}
	reconcile(fcinfo, &arguments);
	PG_RETURN_NULL();
}

/* s3_reconcile_all(prefix_url text, tables regclass[], columns name[], ...) */
Datum
s3store_reconcile_all(PG_FUNCTION_ARGS)
{
	S3ReconcileArguments arguments = {.command = "s3_reconcile_all()"};

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		arguments.columns = take_columns(PG_GETARG_ARRAYTYPE_P(1), PG_GETARG_ARRAYTYPE_P(2),
										 &arguments.count);
	reconcile(fcinfo, &arguments);
	PG_RETURN_NULL();
}

static void
reconcile(FunctionCallInfo fcinfo, S3ReconcileArguments *arguments)
{
	S3Rows		rows = s3_rows_start(fcinfo, RECONCILE_COLUMNS);

	if (arguments->columns == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s needs a table and a column", arguments->command)));
	arguments->written_before = written_before(fcinfo, 3);
	arguments->connections = PG_ARGISNULL(4) ? 1 :
		s3_listing_check_connections(PG_GETARG_INT32(4));
	arguments->schema = get_func_namespace(fcinfo->flinfo->fn_oid);
	if (PG_ARGISNULL(0))
		return;
	arguments->prefix_url = PG_GETARG_TEXT_PP(0);
	s3_reconcile(arguments, put_row, &rows);
}

/* The first table goes with the first column, and so on. */
static S3Column *
take_columns(ArrayType *tables, ArrayType *names, int *count)
{
	Datum	   *table_datums;
	Datum	   *name_datums;
	int			table_count;
	S3Column   *columns;

	check_array(tables);
	check_array(names);
	deconstruct_array(tables, REGCLASSOID, sizeof(Oid), true, TYPALIGN_INT,
					  &table_datums, NULL, &table_count);
	deconstruct_array(names, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR,
					  &name_datums, NULL, count);
	if (table_count != *count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("\"tables\" and \"columns\" have different lengths"),
				 errdetail("There are %d tables and %d columns.", table_count, *count),
				 errhint("Name a table once for each of its columns.")));
	columns = palloc(*count * sizeof(S3Column));
	for (int i = 0; i < *count; i++)
	{
		columns[i].table = DatumGetObjectId(table_datums[i]);
		columns[i].name = NameStr(*DatumGetName(name_datums[i]));
	}
	return columns;
}

static void
check_array(const ArrayType *array)
{
	if (ARR_NDIM(array) != 1 || array_contains_nulls((ArrayType *) array))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("\"tables\" and \"columns\" must be arrays of one dimension, without nulls")));
}

/*
 * Objects of transactions that our snapshot does not see have rows that are not
 * found.  "older_than" is for those that began before this transaction; what is
 * younger than this transaction is never reported.
 */
static TimestampTz
written_before(FunctionCallInfo fcinfo, int number)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	TimestampTz before;

	if (PG_ARGISNULL(number))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("\"older_than\" must not be null")));
	before = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval,
													 TimestampTzGetDatum(now),
													 PG_GETARG_DATUM(number)));
	if (before > now)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"older_than\" must not be negative")));
	return before;
}

static void
put_row(void *arg, text *url, const S3ListItem *item)
{
	Datum		values[RECONCILE_COLUMNS] = {0};
	bool		nulls[RECONCILE_COLUMNS] = {false};

	values[RECONCILE_URL] = PointerGetDatum(url);
	values[RECONCILE_STATE] = CStringGetTextDatum(item != NULL ? "only_in_s3" : "only_in_db");
	nulls[RECONCILE_SIZE] = nulls[RECONCILE_LAST_MODIFIED] = item == NULL;
	if (item != NULL)
	{
		values[RECONCILE_SIZE] = Int64GetDatum(item->size);
		values[RECONCILE_LAST_MODIFIED] = TimestampTzGetDatum(s3_list_item_modified(item));
	}
	s3_rows_put(arg, values, nulls);
}
