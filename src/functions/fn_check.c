/*-------------------------------------------------------------------------
 *
 * fn_check.c
 *	  SQL function that tells what is wrong with an endpoint: s3_check.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "backend/rows.h"
#include "functions/diagnose.h"
#include "settings/privileges.h"

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

static void put_row(S3Rows *rows, const S3DiagnosisRow *row);

/*
 * s3_check(url text) returns table (step text, ok boolean, detail text,
 *			hint text)
 *
 * No rows when the URL means "no file".
 */
Datum
s3store_check(PG_FUNCTION_ARGS)
{
	S3Rows		rows;
	S3Diagnosis *diagnosis;
	S3DiagnosisRow row;

	s3_privileges_require_read(COMMAND);
	rows = s3_rows_start(fcinfo, CHECK_COLUMNS);
	diagnosis = s3_diagnose_start(PG_GETARG_TEXT_PP(0), COMMAND);
	while (diagnosis != NULL && s3_diagnose_next(diagnosis, &row))
		put_row(&rows, &row);
	return (Datum) 0;
}

static void
put_row(S3Rows *rows, const S3DiagnosisRow *row)
{
	Datum		values[CHECK_COLUMNS] = {0};
	bool		nulls[CHECK_COLUMNS] = {false};

	values[CHECK_STEP] = CStringGetTextDatum(row->step);
	values[CHECK_OK] = BoolGetDatum(row->ok);
	values[CHECK_DETAIL] = CStringGetTextDatum(row->detail);
	nulls[CHECK_HINT] = row->hint == NULL;
	if (row->hint != NULL)
		values[CHECK_HINT] = CStringGetTextDatum(row->hint);
	s3_rows_put(rows, values, nulls);
}
