/*-------------------------------------------------------------------------
 *
 * fn_follow.c
 *	  SQL functions that let objects follow the rows of a table, and no longer:
 *	  s3_follow, s3_unfollow.
 *
 * They make and drop triggers, with the rights of the caller.  The triggers
 * name no columns (UPDATE, not UPDATE OF), so that they see what a BEFORE
 * trigger changes.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "backend/encoding.h"
#include "backend/sql.h"
#include "queue/queue.h"
#include "queue/schedule.h"
#include "removal/trigger_args.h"

PG_FUNCTION_INFO_V1(s3store_follow);
PG_FUNCTION_INFO_V1(s3store_unfollow);

#define PREFIX		"s3_follow_"
#define TRUNCATE	"_truncate"

static void require_arguments(FunctionCallInfo fcinfo);
static void check_column(Oid table, const char *column);
static void check_index(Oid table, const char *column);
static void check_rows(Oid table, const char *column, const char *within);
static void create_trigger(const char *name, const char *events, const char *each, Oid table,
						   const char *arguments);
static char *trigger_name(const char *column, const char *suffix);
static char *table_name(Oid table);

/* s3_follow(table regclass, column name, delay interval, within text) */
Datum
s3store_follow(PG_FUNCTION_ARGS)
{
	Oid			table;
	const char *column;
	char	   *within = NULL;
	StringInfoData arguments;

	require_arguments(fcinfo);
	table = PG_GETARG_OID(0);
	column = NameStr(*PG_GETARG_NAME(1));
	check_column(table, column);
	initStringInfo(&arguments);
	appendStringInfoString(&arguments, quote_literal_cstr(column));
	if (!PG_ARGISNULL(2))
	{
		const Interval *delay = PG_GETARG_INTERVAL_P(2);
		char	   *shown = DatumGetCString(DirectFunctionCall1(interval_out,
																IntervalPGetDatum(delay)));

		s3_schedule_check_delay(delay);
		appendStringInfo(&arguments, ", %s", quote_literal_cstr(psprintf("delay=%s", shown)));
	}
	if (!PG_ARGISNULL(3))
	{
		within = text_to_cstring(PG_GETARG_TEXT_PP(3));
		s3_trigger_args_check_within(within);
		appendStringInfo(&arguments, ", %s", quote_literal_cstr(psprintf("within=%s", within)));
	}
	SPI_connect();
	create_trigger(trigger_name(column, ""), "AFTER INSERT OR UPDATE OR DELETE", "ROW", table,
				   arguments.data);
	create_trigger(trigger_name(column, TRUNCATE), "BEFORE TRUNCATE", "STATEMENT", table,
				   arguments.data);
	if (within != NULL)
		check_rows(table, column, within);
	SPI_finish();
	check_index(table, column);
	PG_RETURN_VOID();
}

static void
require_arguments(FunctionCallInfo fcinfo)
{
	static const char *const names[] = {"table", "column"};

	for (int i = 0; i < (int) lengthof(names); i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("\"%s\" must not be NULL", names[i])));
}

static void
check_column(Oid table, const char *column)
{
	Relation	relation = table_open(table, AccessShareLock);

	s3_trigger_args_check_table(relation);
	(void) s3_trigger_args_check_column(relation, column);
	table_close(relation, AccessShareLock);
}

/* Whether a row still names an object is asked for every deletion. */
static void
check_index(Oid table, const char *column)
{
	Relation	relation = table_open(table, AccessShareLock);
	AttrNumber	number = get_attnum(table, column);
	List	   *indexes = RelationGetIndexList(relation);
	bool		found = false;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		found |= index->rd_index->indkey.values[0] == number &&
			RelationGetIndexPredicate(index) == NIL;
		index_close(index, AccessShareLock);
	}
	table_close(relation, AccessShareLock);
	if (!found)
		ereport(WARNING,
				(errmsg("column \"%s\" of table \"%s\" has no index", column, get_rel_name(table)),
				 errdetail("Before an object is deleted, the table is asked whether a row still names it; a table of some size needs an index for that."),
				 errhint("CREATE INDEX ON %s (%s)", table_name(table), quote_identifier(column))));
}

/*
 * What stands in the column is relied on to be within.  The triggers are there:
 * nobody else can write the table any more, but this transaction's snapshot may
 * be older than the last rows.
 */
static void
check_rows(Oid table, const char *column, const char *within)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(within);
	int			result;

	PushActiveSnapshot(GetLatestSnapshot());
	result = SPI_execute_with_args(psprintf("SELECT t.%s::pg_catalog.text FROM %s AS t"
											" WHERE t.%s::pg_catalog.text OPERATOR(pg_catalog.<>) ''"
											" AND t.%s::pg_catalog.text OPERATOR(pg_catalog.<>) '-'"
											" AND NOT pg_catalog.starts_with(t.%s::pg_catalog.text, $1)",
											quote_identifier(column), table_name(table),
											quote_identifier(column), quote_identifier(column),
											quote_identifier(column)),
								   1, &type, &value, NULL, true, 1);
	PopActiveSnapshot();
	if (result != SPI_OK_SELECT)
		elog(ERROR, "could not read table \"%s\": %s", get_rel_name(table),
			 SPI_result_code_string(result));
	if (SPI_processed > 0)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("column \"%s\" of table \"%s\" holds a URL that is not within \"%s\"",
						column, get_rel_name(table), s3_shown_cstring(within)),
				 errdetail("The URL is \"%s\".",
						   s3_shown_cstring(SPI_getvalue(SPI_tuptable->vals[0],
														 SPI_tuptable->tupdesc, 1)))));
}

static void
create_trigger(const char *name, const char *events, const char *each, Oid table,
			   const char *arguments)
{
	s3_sql_execute(psprintf("CREATE TRIGGER %s %s ON %s FOR EACH %s EXECUTE FUNCTION %s(%s)",
							quote_identifier(name), events, table_name(table), each,
							s3_queue_name("s3_manage"), arguments),
				   SPI_OK_UTILITY, 0, NULL, NULL, NULL);
}

/* Cut to fit, at a character. */
static char *
trigger_name(const char *column, const char *suffix)
{
	char	   *name = palloc(NAMEDATALEN);
	int			room = NAMEDATALEN - 1 - (int) (strlen(PREFIX) + strlen(suffix));
	int			len = pg_mbcliplen(column, (int) strlen(column), room);

	snprintf(name, NAMEDATALEN, "%s%.*s%s", PREFIX, len, column, suffix);
	return name;
}

static char *
table_name(Oid table)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
									  get_rel_name(table));
}

/* s3_unfollow(table regclass, column name) */
Datum
s3store_unfollow(PG_FUNCTION_ARGS)
{
	Oid			table;
	const char *column;
	Oid			type = OIDOID;
	Datum		value;
	List	   *names = NIL;
	uint64		count;
	ListCell   *cell;

	require_arguments(fcinfo);
	table = PG_GETARG_OID(0);
	column = NameStr(*PG_GETARG_NAME(1));
	value = ObjectIdGetDatum(table);
	SPI_connect();
	count = s3_sql_execute(psprintf("SELECT tgname::pg_catalog.text, tgargs FROM pg_catalog.pg_trigger"
									" WHERE tgrelid = $1 AND tgfoid = '%s()'::pg_catalog.regprocedure"
									" AND tgnargs > 0 AND tgparentid = 0",
									s3_queue_name("s3_manage")),
						   SPI_OK_SELECT, 1, &type, &value, NULL);
	for (uint64 i = 0; i < count; i++)
	{
		bool		is_null;
		bytea	   *args = DatumGetByteaPP(s3_sql_value(i, 2, &is_null));

		/* Each argument has a NUL behind it. */
		if (strcmp(VARDATA_ANY(args), column) == 0)
			names = lappend(names, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	}
	if (names == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("objects do not follow column \"%s\" of table \"%s\"", column,
						get_rel_name(table)),
				 errdetail("The table has no trigger with s3_manage() for that column.")));
	foreach(cell, names)
		s3_sql_execute(psprintf("DROP TRIGGER %s ON %s", quote_identifier(lfirst(cell)),
								table_name(table)),
					   SPI_OK_UTILITY, 0, NULL, NULL, NULL);
	SPI_finish();
	PG_RETURN_VOID();
}
