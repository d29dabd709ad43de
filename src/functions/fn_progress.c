/*-------------------------------------------------------------------------
 *
 * fn_progress.c
 *	  SQL function behind the view s3_progress: the runs over buckets that are
 *	  under way.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "catalog/pg_authid.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "backend/compat.h"
#include "backend/encoding.h"
#include "backend/rows.h"
#include "bulk/progress.h"
#include "settings/privileges.h"

PG_FUNCTION_INFO_V1(s3store_progress);

/* Columns of a row, in order. */
enum ProgressColumn
{
	PROGRESS_PID,
	PROGRESS_DATABASE,
	PROGRESS_ROLE,
	PROGRESS_COMMAND,
	PROGRESS_URL,
	PROGRESS_STARTED_AT,
	PROGRESS_UPDATED_AT,
	PROGRESS_LISTED,
	PROGRESS_ROWS_READ,
	PROGRESS_FOUND,
	PROGRESS_DONE,
	PROGRESS_CHANGED,
	PROGRESS_SKIPPED,
	PROGRESS_FAILED,
	PROGRESS_TOTAL,
	PROGRESS_PER_SECOND,
	PROGRESS_SECONDS_LEFT,
	PROGRESS_COLUMNS
};

static bool may_see(const S3ProgressRun *run);
static void put_row(const S3ProgressRun *run, S3Rows *rows);
static void set_count(Datum *values, bool *nulls, int column, int64 count);
static void set_rate(Datum *values, bool *nulls, int column, double rate);

/*
 * s3_progress_entries() returns setof record: the columns of the view
 * s3_progress, of the runs that the current user may see
 */
Datum
s3store_progress(PG_FUNCTION_ARGS)
{
	S3Rows		rows = s3_rows_start(fcinfo, PROGRESS_COLUMNS);
	S3ProgressRun run;
	int			position = 0;

	while (s3_progress_next(&position, &run))
	{
		if (may_see(&run))
			put_row(&run, &rows);
	}
	PG_RETURN_NULL();
}

static bool
may_see(const S3ProgressRun *run)
{
	Oid			user = GetUserId();
	Oid			admin = get_role_oid(S3_ROLE_ADMIN, true);

	return has_privs_of_role(user, run->role) ||
		has_privs_of_role(user, ROLE_PG_READ_ALL_STATS) ||
		(OidIsValid(admin) && has_privs_of_role(user, admin));
}

static void
put_row(const S3ProgressRun *run, S3Rows *rows)
{
	const S3ProgressCounts *counts = &run->counts;
	char	   *database = get_database_name(run->database);
	char	   *role = GetUserNameFromId(run->role, true);
	Datum		values[PROGRESS_COLUMNS] = {0};
	bool		nulls[PROGRESS_COLUMNS] = {false};
	NameData	name;
	NameData	role_name;

	values[PROGRESS_PID] = Int32GetDatum(run->pid);
	namestrcpy(&name, database == NULL ? "" : database);
	values[PROGRESS_DATABASE] = NameGetDatum(&name);
	nulls[PROGRESS_DATABASE] = database == NULL;
	namestrcpy(&role_name, role == NULL ? "" : role);
	values[PROGRESS_ROLE] = NameGetDatum(&role_name);
	nulls[PROGRESS_ROLE] = role == NULL;
	values[PROGRESS_COMMAND] = CStringGetTextDatum(run->command);
	values[PROGRESS_URL] = PointerGetDatum(s3_text_from_server(run->url));
	values[PROGRESS_STARTED_AT] = TimestampTzGetDatum(run->started_at);
	values[PROGRESS_UPDATED_AT] = TimestampTzGetDatum(run->updated_at);
	set_count(values, nulls, PROGRESS_LISTED, counts->listed);
	set_count(values, nulls, PROGRESS_ROWS_READ, counts->rows_read);
	set_count(values, nulls, PROGRESS_FOUND, counts->found);
	set_count(values, nulls, PROGRESS_DONE, counts->done);
	set_count(values, nulls, PROGRESS_CHANGED, counts->changed);
	set_count(values, nulls, PROGRESS_SKIPPED, counts->skipped);
	set_count(values, nulls, PROGRESS_FAILED, counts->failed);
	set_count(values, nulls, PROGRESS_TOTAL, counts->total);
	set_rate(values, nulls, PROGRESS_PER_SECOND, s3_progress_rate(run));
	set_rate(values, nulls, PROGRESS_SECONDS_LEFT, s3_progress_left(run));
	s3_rows_put(rows, values, nulls);
}

static void
set_count(Datum *values, bool *nulls, int column, int64 count)
{
	nulls[column] = count < 0;
	values[column] = Int64GetDatum(count);
}

static void
set_rate(Datum *values, bool *nulls, int column, double rate)
{
	nulls[column] = rate < 0;
	values[column] = Float8GetDatum(rate);
}
