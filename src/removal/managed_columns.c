/*-------------------------------------------------------------------------
 *
 * managed_columns.c
 *	  The managed columns of the database: those with the trigger s3_manage,
 *	  whose objects follow their rows.
 *
 * A partition's triggers are clones of its table's: the topmost table stands
 * for all of them.  A table that inherits is part of its parent, whether or
 * not it has a trigger of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "backend/encoding.h"
#include "backend/sql.h"
#include "queue/queue.h"
#include "removal/managed_columns.h"

#define WITHIN	"within="		/* as trigger_args.c reads it */

static void read_trigger(S3ManagedColumn *column, Oid relation, const bytea *args);
static Oid	topmost_relation(Oid relation);
static int	compare_columns(const void *a, const void *b);
static void merge_same(S3ManagedColumns *columns);

void
s3_managed_columns_read(S3ManagedColumns *columns)
{
	uint64		count;

	count = s3_sql_execute(psprintf("SELECT tgrelid, tgargs FROM pg_catalog.pg_trigger"
									" WHERE tgfoid = '%s()'::pg_catalog.regprocedure AND tgnargs > 0",
									s3_queue_name("s3_manage")),
						   SPI_OK_SELECT, 0, NULL, NULL, NULL);
	columns->items = palloc0(Max(count, 1) * sizeof(S3ManagedColumn));
	columns->count = (int) count;
	for (uint64 i = 0; i < count; i++)
	{
		bool		is_null;
		Oid			relation = DatumGetObjectId(s3_sql_value(i, 1, &is_null));

		read_trigger(&columns->items[i], relation, DatumGetByteaPP(s3_sql_value(i, 2, &is_null)));
	}
	SPI_freetuptable(SPI_tuptable);
	qsort(columns->items, columns->count, sizeof(S3ManagedColumn), compare_columns);
	merge_same(columns);
	for (int i = 0; i < columns->count; i++)
		columns->items[i].relations = find_all_inheritors(columns->items[i].relation, NoLock, NULL);
}

/* The arguments stand one after the other, each with a NUL behind it. */
static void
read_trigger(S3ManagedColumn *column, Oid relation, const bytea *args)
{
	const char *arg = VARDATA_ANY(args);
	const char *end = arg + VARSIZE_ANY_EXHDR(args);

	column->relation = topmost_relation(relation);
	column->name = pstrdup(arg);
	for (arg += strlen(arg) + 1; arg < end; arg += strlen(arg) + 1)
	{
		if (strncmp(arg, WITHIN, strlen(WITHIN)) == 0)
			column->within = s3_utf8_cstring(arg + strlen(WITHIN), strlen(arg) - strlen(WITHIN));
	}
}

static Oid
topmost_relation(Oid relation)
{
	List	   *ancestors = get_rel_relispartition(relation) ? get_partition_ancestors(relation) : NIL;

	return ancestors == NIL ? relation : llast_oid(ancestors);
}

static int
compare_columns(const void *a, const void *b)
{
	const S3ManagedColumn *left = a;
	const S3ManagedColumn *right = b;

	if (left->relation != right->relation)
		return left->relation < right->relation ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* Several triggers of one column leave one; it holds what any of them allows. */
static void
merge_same(S3ManagedColumns *columns)
{
	int			count = 0;

	for (int i = 0; i < columns->count; i++)
	{
		S3ManagedColumn *column = &columns->items[i];
		S3ManagedColumn *last = count > 0 ? &columns->items[count - 1] : NULL;

		if (last == NULL || compare_columns(last, column) != 0)
			columns->items[count++] = *column;
		else if (last->within != NULL &&
				 (column->within == NULL || strcmp(last->within, column->within) != 0))
			last->within = NULL;
	}
	columns->count = count;
}

bool
s3_managed_columns_cover(const S3ManagedColumns *before, const S3ManagedColumns *now)
{
	for (int i = 0; i < now->count; i++)
	{
		const S3ManagedColumn *column = &now->items[i];
		const S3ManagedColumn *known = bsearch(column, before->items, before->count,
											   sizeof(S3ManagedColumn), compare_columns);

		if (known == NULL || list_difference_oid(column->relations, known->relations) != NIL)
			return false;
		if (known->within != NULL &&
			(column->within == NULL || strcmp(known->within, column->within) != 0))
			return false;
	}
	return true;
}

/* The scheme of a URL is compared without regard to case. */
bool
s3_managed_columns_may_name(const S3ManagedColumn *column, S3Slice url)
{
	size_t		len;
	size_t		scheme_len;

	if (column->within == NULL)
		return true;
	len = strlen(column->within);
	scheme_len = strcspn(column->within, ":");
	return url.len > len &&
		pg_strncasecmp(url.data, column->within, scheme_len) == 0 &&
		memcmp(url.data + scheme_len, column->within + scheme_len, len - scheme_len) == 0;
}
