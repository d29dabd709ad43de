/*-------------------------------------------------------------------------
 *
 * sql.h
 *	  Runs SQL: as another role, with settings of its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SQL_H
#define S3STORE_SQL_H

#include "base/base.h"

/* What s3_sql_run_as_end() restores. */
typedef struct S3RunAs
{
	Oid			user;
	int			security_context;
	int			guc_level;
} S3RunAs;

/*
 * Between these two the current user is "role", and s3_sql_set_local() has
 * effect.  "flags" is SECURITY_RESTRICTED_OPERATION or 0.  After an error the
 * end of the (sub)transaction restores all of it.
 */
extern void s3_sql_run_as(S3RunAs *saved, Oid role, int flags);
extern void s3_sql_run_as_end(const S3RunAs *saved);

/* Sets a GUC until the current nesting level of GUCs ends. */
extern void s3_sql_set_local(const char *name, const char *value);

/*
 * Runs a statement; SPI is connected.  Returns the number of rows, which are
 * in SPI_tuptable.  Throws unless SPI returns "expected".  The current memory
 * context stays what it is.
 */
extern uint64 s3_sql_execute(const char *statement, int expected, int nargs,
							 Oid *types, Datum *values, const char *nulls);

/*
 * Runs a statement that changes rows, with the latest snapshot: in a transaction
 * of REPEATABLE READ, too, it changes what has been committed since.
 */
extern uint64 s3_sql_execute_latest(const char *statement, int expected, int nargs, Oid *types,
									Datum *values);

/* A value of the result of s3_sql_execute(); rows count from 0, columns from 1. */
extern Datum s3_sql_value(uint64 row, int column, bool *is_null);

/* Returns a one-dimensional array; "nulls" may be NULL. */
extern Datum s3_sql_array(Datum *values, bool *nulls, int count, Oid type);

#endif							/* S3STORE_SQL_H */
