/*-------------------------------------------------------------------------
 *
 * row_references.c
 *	  Whether rows of managed columns name the objects of a batch.
 *
 * Guarantees: a table is queried as its present owner, in a security-restricted
 * operation, once for all items of a batch.  Whatever its owner has made of it
 * (a domain, an operator, an index's function, a lock) concerns only what the
 * column could name, and takes no longer than ASK_TIME.  Row-level security
 * never hides a row: the query fails instead.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timeout.h"

#include "backend/encoding.h"
#include "backend/sql.h"
#include "removal/row_references.h"

#define ASK_TIME		10000	/* ms for one column */
#define LOCK_TIMEOUT	"100ms"
#define RETRY_WAIT		5000	/* ms until a column that could not be asked
								 * is asked again */

/* What one column is asked. */
typedef struct Question
{
	const S3ManagedColumn *column;
	S3GateBatch *batch;
	Datum	   *urls;
	Datum	   *numbers;		/* of the items they may name */
	int			count;
	int			size;
} Question;

static void collect_urls(Question *question);
static void add_url(Question *question, const char *url, int item);
static bool find_column(const Question *question, char **table, char **column, Oid *owner);
static bool is_text(Oid type);
static void ask(const Question *question);
static void ask_as_owner(const Question *question, const char *statement, Oid owner);
static TimestampTz limit_time(void);
static void end_limit(TimestampTz before);
static bool is_cancel(const ErrorData *error, TimestampTz deadline);
static void let_wait(const Question *question, const char *reason);

void
s3_row_references_ask(S3GateBatch *batch, const S3ManagedColumns *columns)
{
	PushActiveSnapshot(GetLatestSnapshot());
	for (int i = 0; i < columns->count; i++)
	{
		Question	question = {.column = &columns->items[i],.batch = batch};

		collect_urls(&question);
		if (question.count > 0)
			ask(&question);
	}
	PopActiveSnapshot();
}

static void
collect_urls(Question *question)
{
	for (int i = 0; i < question->batch->count; i++)
	{
		const S3GateItem *item = &question->batch->items[i];
		ListCell   *cell;

		if (item->fate != S3_FATE_OPEN || item->recovers || item->version_id != NULL)
			continue;
		foreach(cell, item->urls)
			if (s3_managed_columns_may_name(question->column, s3_slice_cstring(lfirst(cell))))
			add_url(question, lfirst(cell), i);
	}
}

static void
add_url(Question *question, const char *url, int item)
{
	if (question->count == question->size)
	{
		question->size = Max(question->size * 2, 1024);
		if (question->urls == NULL)
		{
			question->urls = palloc(question->size * sizeof(Datum));
			question->numbers = palloc(question->size * sizeof(Datum));
		}
		else
		{
			question->urls = repalloc(question->urls, question->size * sizeof(Datum));
			question->numbers = repalloc(question->numbers, question->size * sizeof(Datum));
		}
	}
	question->urls[question->count] = PointerGetDatum(s3_text_from_utf8(s3_slice_cstring(url)));
	question->numbers[question->count++] = Int32GetDatum(item);
}

/*
 * In a subtransaction, so that an error concerns these items only.
 */
static void
ask(const Question *question)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner resource_owner = CurrentResourceOwner;
	TimestampTz limit_before = 0;
	volatile TimestampTz deadline = 0;
	char	   *table;
	char	   *column;
	Oid			owner;
	char	   *statement;

	if (!find_column(question, &table, &column, &owner))
		return;

	/* An index on the column can be used: nothing but a relabelling of it. */
	statement = psprintf("SELECT u.n FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS u(url, n)"
						 " WHERE EXISTS (SELECT FROM %s AS t"
						 " WHERE t.%s::pg_catalog.text OPERATOR(pg_catalog.=) u.url)",
						 table, column);
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		limit_before = limit_time();
		deadline = GetCurrentTimestamp() + ASK_TIME * INT64CONST(1000);
		ask_as_owner(question, statement, owner);
		end_limit(limit_before);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = resource_owner;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		end_limit(limit_before);
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (is_cancel(error, deadline))
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = resource_owner;
		let_wait(question, psprintf("column %s of table %s could not be asked whether a row names the object: %s",
									column, table, error->message));
		FreeErrorData(error);
	}
	PG_END_TRY();
}

/* Returns false when there is nothing to ask; what the column could name waits. */
static bool
find_column(const Question *question, char **table, char **column, Oid *owner)
{
	Oid			relation = question->column->relation;
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Form_pg_class form;
	AttrNumber	number;

	if (!HeapTupleIsValid(tuple))
		return false;			/* it was dropped meanwhile, with its rows */
	form = (Form_pg_class) GETSTRUCT(tuple);
	*table = quote_qualified_identifier(get_namespace_name(form->relnamespace),
										NameStr(form->relname));
	*owner = form->relowner;
	ReleaseSysCache(tuple);
	*column = pstrdup(quote_identifier(question->column->name));
	number = get_attnum(relation, question->column->name);
	if (number > 0 && is_text(get_atttype(relation, number)))
		return true;
	let_wait(question, number > 0 ?
			 psprintf("column %s of table %s, which may name the object, is not of type text or varchar any more",
					  *column, *table) :
			 psprintf("table %s has no column %s any more, which a trigger with s3_manage() names",
					  *table, *column));
	return false;
}

/* A value of another type, cast to text, may not be spelled like the URL. */
static bool
is_text(Oid type)
{
	Oid			base = getBaseType(type);

	return base == TEXTOID || base == VARCHAROID;
}

static void
ask_as_owner(const Question *question, const char *statement, Oid owner)
{
	Oid			types[] = {TEXTARRAYOID, INT4ARRAYOID};
	Datum		values[2];
	S3RunAs		saved;
	MemoryContext context = CurrentMemoryContext;
	int			result;

	values[0] = s3_sql_array(question->urls, NULL, question->count, TEXTOID);
	values[1] = s3_sql_array(question->numbers, NULL, question->count, INT4OID);
	s3_sql_run_as(&saved, owner, SECURITY_RESTRICTED_OPERATION);
	s3_sql_set_local("row_security", "off");
	s3_sql_set_local("lock_timeout", LOCK_TIMEOUT);
	/* Read-only: with the snapshot that is active, and no other. */
	result = SPI_execute_with_args(statement, lengthof(types), types, values, NULL, true, 0);
	MemoryContextSwitchTo(context);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "could not execute \"%s\": %s", statement, SPI_result_code_string(result));
	s3_sql_run_as_end(&saved);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		is_null;
		int			item = DatumGetInt32(s3_sql_value(i, 1, &is_null));

		s3_gate_decide(&question->batch->items[item], S3_FATE_KEPT, 0, NULL);
	}
	SPI_freetuptable(SPI_tuptable);
}

/*
 * The clock of statement_timeout, which runs in a session that drains; returns
 * what it was set to.
 */
static TimestampTz
limit_time(void)
{
	TimestampTz before = get_timeout_active(STATEMENT_TIMEOUT) ?
		get_timeout_finish_time(STATEMENT_TIMEOUT) : 0;

	enable_timeout_after(STATEMENT_TIMEOUT, ASK_TIME);
	return before;
}

static void
end_limit(TimestampTz before)
{
	disable_timeout(STATEMENT_TIMEOUT, false);
	if (before != 0)
		enable_timeout_at(STATEMENT_TIMEOUT, before);
}

/*
 * Was this session told to stop?  The owner's code may raise the same error, and
 * our own time limit does.
 */
static bool
is_cancel(const ErrorData *error, TimestampTz deadline)
{
	return error->sqlerrcode == ERRCODE_QUERY_CANCELED && error->funcname != NULL &&
		strcmp(error->funcname, "ProcessInterrupts") == 0 && GetCurrentTimestamp() < deadline;
}

static void
let_wait(const Question *question, const char *reason)
{
	for (int i = 0; i < question->count; i++)
	{
		S3GateItem *item = &question->batch->items[DatumGetInt32(question->numbers[i])];

		if (item->fate == S3_FATE_OPEN)
			s3_gate_decide(item, S3_FATE_WAITS, RETRY_WAIT, reason);
	}
}
