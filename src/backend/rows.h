/*-------------------------------------------------------------------------
 *
 * rows.h
 *	  The rows of a set-returning function that makes all of them in one call.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ROWS_H
#define S3STORE_ROWS_H

#include "base/base.h"

#include "fmgr.h"
#include "utils/tuplestore.h"

typedef struct S3Rows
{
	Tuplestorestate *store;		/* on disk above work_mem */
	TupleDesc	desc;
} S3Rows;

/*
 * Starts the function's result, of that many columns; the function returns
 * NULL afterwards.  Throws where no set is expected.
 */
extern S3Rows s3_rows_start(FunctionCallInfo fcinfo, int columns);

/* Adds a row; the values are copied. */
extern void s3_rows_put(S3Rows *rows, Datum *values, bool *nulls);

/* Sets a column to text of an S3 server, or to NULL. */
extern void s3_rows_set_text(Datum *values, bool *nulls, int column, const char *utf8);

#endif							/* S3STORE_ROWS_H */
