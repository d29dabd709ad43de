/*-------------------------------------------------------------------------
 *
 * table_writers.c
 *	  The transactions that write managed tables, and those that are open.
 *
 * Whoever writes rows of a table has locked it before, and keeps that lock to
 * its end.  So once those who hold one now have ended, every row that somebody
 * was about to write without having seen what is in the queue by now is
 * committed, or never will be; CREATE INDEX CONCURRENTLY relies on the same.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/builtins.h"

#include "backend/compat.h"
#include "backend/sql.h"
#include "removal/table_writers.h"

static Datum relations_of(const S3ManagedColumns *columns);

void
s3_table_writers_collect(const S3ManagedColumns *columns, S3TableWriters *writers)
{
	Oid			types[] = {OIDOID, OIDARRAYOID};
	Datum		values[2];
	uint64		count;

	memset(writers, 0, sizeof(*writers));
	if (columns->count == 0)
		return;
	values[0] = ObjectIdGetDatum(MyDatabaseId);
	values[1] = relations_of(columns);
	count = s3_sql_execute("SELECT DISTINCT relation, pid, virtualtransaction FROM pg_catalog.pg_locks"
						   " WHERE granted AND locktype = 'relation' AND database = $1"
						   " AND relation = ANY ($2) AND mode IN ('RowExclusiveLock',"
						   " 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')",
						   SPI_OK_SELECT, lengthof(types), types, values, NULL);
	writers->items = palloc0(Max(count, 1) * sizeof(S3TableWriter));
	writers->count = (int) count;
	for (uint64 i = 0; i < count; i++)
	{
		S3TableWriter *writer = &writers->items[i];
		bool		is_null;
		Datum		pid;

		writer->relation = DatumGetObjectId(s3_sql_value(i, 1, &is_null));
		pid = s3_sql_value(i, 2, &is_null);
		writer->pid = is_null ? 0 : DatumGetInt32(pid);
		strlcpy(writer->transaction, TextDatumGetCString(s3_sql_value(i, 3, &is_null)),
				sizeof(writer->transaction));
	}
	SPI_freetuptable(SPI_tuptable);
}

static Datum
relations_of(const S3ManagedColumns *columns)
{
	List	   *relations = NIL;
	Datum	   *values;
	int			count = 0;
	ListCell   *cell;

	for (int i = 0; i < columns->count; i++)
		relations = list_concat_unique_oid(relations, columns->items[i].relations);
	values = palloc(list_length(relations) * sizeof(Datum));
	foreach(cell, relations)
		values[count++] = ObjectIdGetDatum(lfirst_oid(cell));
	return s3_sql_array(values, NULL, count, OIDOID);
}

bool
s3_table_writers_have(const S3TableWriters *writers, const char *transaction)
{
	for (int i = 0; i < writers->count; i++)
		if (strcmp(writers->items[i].transaction, transaction) == 0)
			return true;
	return false;
}

void
s3_open_transactions_collect(S3OpenTransactions *open)
{
	open->ids = GetCurrentVirtualXIDs(InvalidTransactionId, false, false,
									  PROC_IS_AUTOVACUUM | PROC_IN_VACUUM, &open->count);
}

bool
s3_open_transactions_remain(S3OpenTransactions *open)
{
	S3OpenTransactions now;
	int			kept = 0;

	if (open->count == 0)
		return false;
	s3_open_transactions_collect(&now);
	for (int i = 0; i < open->count; i++)
	{
		for (int j = 0; j < now.count; j++)
		{
			if (!VirtualTransactionIdEquals(open->ids[i], now.ids[j]))
				continue;
			open->ids[kept++] = open->ids[i];
			break;
		}
	}
	open->count = kept;
	pfree(now.ids);
	return kept > 0;
}
