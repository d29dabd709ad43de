/*-------------------------------------------------------------------------
 *
 * url_rows.c
 *	  The URLs of columns, sorted by the keys of their objects.
 *
 * A query sorts them, on disk where they are many; one batch at a time is in
 * memory.  It runs with the rights of the current user.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/attnum.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#include "bulk/url_rows.h"

#define BATCH	1000			/* rows */

struct S3UrlRows
{
	Portal		portal;
	SPITupleTable *batch;		/* NULL: none yet */
	uint64		count;			/* of rows in it */
	uint64		position;		/* of the next one */
	S3UrlRow	row;
};

static void check_table(Oid table);
static void check_column(const S3Column *column);
static bool is_text(Oid type);
static void check_row_security(Oid table);
static char *make_query(const S3Column *columns, int count, Oid schema);
static bool fetch_batch(S3UrlRows *rows);

void
s3_url_rows_check(const S3Column *columns, int count)
{
	for (int i = 0; i < count; i++)
	{
		check_table(columns[i].table);
		check_column(&columns[i]);
		check_row_security(columns[i].table);
	}
}

S3UrlRows *
s3_url_rows_open(const S3Column *columns, int count, text *prefix_url, Oid schema)
{
	S3UrlRows  *rows = palloc0(sizeof(S3UrlRows));
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {PointerGetDatum(prefix_url)};

	rows->portal = SPI_cursor_open_with_args(NULL, make_query(columns, count, schema),
											 1, types, values, NULL, true, 0);
	return rows;
}

const S3UrlRow *
s3_url_rows_next(S3UrlRows *rows)
{
	struct varlena *value;
	S3Slice		row;
	bool		isnull;

	if (rows->position == rows->count && !fetch_batch(rows))
		return NULL;

	/* It was made by a query just now: it is not compressed. */
	value = (struct varlena *) DatumGetPointer(SPI_getbinval(rows->batch->vals[rows->position++],
															 rows->batch->tupdesc, 1, &isnull));
	row = s3_slice(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	rows->row.key = s3_slice(row.data, strlen(row.data));
	rows->row.url = s3_slice(row.data + rows->row.key.len + 1, row.len - rows->row.key.len - 1);
	return &rows->row;
}

void
s3_url_rows_close(S3UrlRows *rows)
{
	SPI_cursor_close(rows->portal);
}

static void
check_table(Oid table)
{
	char		kind = get_rel_relkind(table);

	if (kind == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", table)));
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE &&
		kind != RELKIND_VIEW && kind != RELKIND_MATVIEW && kind != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table or view", get_rel_name(table))));
}

static void
check_column(const S3Column *column)
{
	AttrNumber	number = get_attnum(column->table, column->name);
	Oid			type;

	if (number <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						column->name, get_rel_name(column->table))));
	type = get_atttype(column->table, number);
	if (!is_text(type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" is of type %s, not text",
						column->name, get_rel_name(column->table), format_type_be(type)),
				 errhint("Make a view that has the URLs as text, one a row.")));
}

/*
 * Domains such as s3url, varchar and extensions' types like citext will do; not
 * char(n), which loses the blanks at the end of a key, and has others.
 */
static bool
is_text(Oid type)
{
	Oid			base = getBaseType(type);

	return TypeCategory(base) == TYPCATEGORY_STRING && base != BPCHAROID;
}

/* An object whose row is hidden must not be taken for one without a row. */
static void
check_row_security(Oid table)
{
	if (check_enable_rls(table, InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security hides rows of relation \"%s\"", get_rel_name(table)),
				 errdetail("Objects of rows that are hidden would seem to have none."),
				 errhint("Run it as the owner of the table, or as a role with BYPASSRLS.")));
}

/*
 * The inner query has OFFSET 0, so that its function is called once for a row.
 */
static char *
make_query(const S3Column *columns, int count, Oid schema)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT r FROM (SELECT %s.s3_reconcile_row(u, $1) AS r FROM (",
					 quote_identifier(get_namespace_name(schema)));
	for (int i = 0; i < count; i++)
	{
		Oid			table = columns[i].table;

		appendStringInfo(&query, "%sSELECT %s::pg_catalog.text COLLATE \"C\" AS u FROM %s",
						 i == 0 ? "" : " UNION ALL ", quote_identifier(columns[i].name),
						 quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
													get_rel_name(table)));
	}
	appendStringInfoString(&query, ") AS urls OFFSET 0) AS rows"
						   " WHERE r IS NOT NULL ORDER BY r");
	return query.data;
}

static bool
fetch_batch(S3UrlRows *rows)
{
	if (rows->batch != NULL)
		SPI_freetuptable(rows->batch);
	rows->batch = NULL;
	SPI_cursor_fetch(rows->portal, true, BATCH);
	rows->batch = SPI_tuptable;
	rows->count = SPI_processed;
	rows->position = 0;
	return rows->count > 0;
}
