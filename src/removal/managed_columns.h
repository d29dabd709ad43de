/*-------------------------------------------------------------------------
 *
 * managed_columns.h
 *	  The managed columns of the database: those with the trigger s3_manage,
 *	  whose objects follow their rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_MANAGED_COLUMNS_H
#define S3STORE_MANAGED_COLUMNS_H

#include "base/base.h"

#include "nodes/pg_list.h"

typedef struct S3ManagedColumn
{
	Oid			relation;		/* of a partition: the topmost table */
	const char *name;
	const char *within;			/* what its URLs begin with; NULL: anything */
	List	   *relations;		/* OIDs: that table, its partitions and
								 * children */
} S3ManagedColumn;

typedef struct S3ManagedColumns
{
	S3ManagedColumn *items;		/* ordered by relation and name */
	int			count;
} S3ManagedColumns;

/*
 * Reads them from the catalog, disabled triggers included, into the current
 * memory context.  SPI is connected.
 */
extern void s3_managed_columns_read(S3ManagedColumns *columns);

/* Is every column of "now" among those of "before", with the same tables? */
extern bool s3_managed_columns_cover(const S3ManagedColumns *before, const S3ManagedColumns *now);

/* May a row of the column hold this URL? */
extern bool s3_managed_columns_may_name(const S3ManagedColumn *column, S3Slice url);

#endif							/* S3STORE_MANAGED_COLUMNS_H */
