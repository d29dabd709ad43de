/*-------------------------------------------------------------------------
 *
 * sql.c
 *	  Runs SQL: as another role, with settings of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "backend/sql.h"

void
s3_sql_run_as(S3RunAs *saved, Oid role, int flags)
{
	GetUserIdAndSecContext(&saved->user, &saved->security_context);
	saved->guc_level = NewGUCNestLevel();
	SetUserIdAndSecContext(role, saved->security_context | SECURITY_LOCAL_USERID_CHANGE | flags);
}

void
s3_sql_run_as_end(const S3RunAs *saved)
{
	AtEOXact_GUC(false, saved->guc_level);
	SetUserIdAndSecContext(saved->user, saved->security_context);
}

/* With a superuser's rights: session_replication_role needs them. */
void
s3_sql_set_local(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
}

uint64
s3_sql_execute(const char *statement, int expected, int nargs, Oid *types,
			   Datum *values, const char *nulls)
{
	MemoryContext context = CurrentMemoryContext;
	int			result = SPI_execute_with_args(statement, nargs, types, values, nulls, false, 0);

	/* SPI leaves its own context current, which ends with the connection. */
	MemoryContextSwitchTo(context);
	if (result != expected)
		elog(ERROR, "could not execute \"%s\": %s", statement, SPI_result_code_string(result));
	return SPI_processed;
}

uint64
s3_sql_execute_latest(const char *statement, int expected, int nargs, Oid *types, Datum *values)
{
	MemoryContext context = CurrentMemoryContext;
	SPIPlanPtr	plan = SPI_prepare(statement, nargs, types);
	int			result;

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", statement, SPI_result_code_string(SPI_result));
	result = SPI_execute_snapshot(plan, values, NULL, GetLatestSnapshot(), InvalidSnapshot,
								  false, true, 0);
	MemoryContextSwitchTo(context);
	if (result != expected)
		elog(ERROR, "could not execute \"%s\": %s", statement, SPI_result_code_string(result));
	return SPI_processed;
}

Datum
s3_sql_value(uint64 row, int column, bool *is_null)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, is_null);
}

Datum
s3_sql_array(Datum *values, bool *nulls, int count, Oid type)
{
	int16		len;
	bool		by_value;
	char		align;
	int			lower = 1;

	get_typlenbyvalalign(type, &len, &by_value, &align);
	return PointerGetDatum(construct_md_array(values, nulls, 1, &count, &lower,
											  type, len, by_value, align));
}
