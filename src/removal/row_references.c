/*-------------------------------------------------------------------------
 *
 * row_references.c
 *	  Whether the database still needs the objects of claimed deletions.
 *
 * Guarantees: a table is queried as its owner, in a security-restricted
 * operation, once for all items of a column; an error there concerns these
 * items only.  Row-level security never hides a row: the query fails instead.
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
#include "utils/syscache.h"

#include "backend/encoding.h"
#include "queue/queue.h"
#include "queue/writer_lock.h"
#include "removal/row_references.h"
#include "settings/privileges.h"

#define WRITER_WAIT_MIN	500		/* ms until an object that a transaction has
								 * locked is tried again: a tenth of the time */
#define WRITER_WAIT_MAX	60000	/* that the deletion has been queued */
#define LOCKED_WAIT		5000	/* ms until a locked table is queried again */
#define LOCK_TIMEOUT	"1s"

/* The open items of one column of one table. */
typedef struct Question
{
	Oid			relation;
	int16		attribute;
	S3ClaimedItem **items;
	int			count;
} Question;

static void check_owner(S3ClaimedItem *item);
static void check_writers(S3ClaimedItem *item);
static int	writer_wait(const S3ClaimedItem *item);
static bool is_to_ask(const S3ClaimedItem *item);
static void ask(const Question *question);
static bool find_column(const Question *question, char **table, char **column, Oid *owner);
static bool is_text(Oid type);
static void run_question(const Question *question, const char *table, const char *column,
						 Oid owner);
static void ask_as_owner(const Question *question, const char *statement, Oid owner);
static void decide_all(const Question *question, S3Fate fate, int wait, const char *reason);
static void fail_all(const Question *question, const ErrorData *error);

void
s3_row_references_check_writers(S3Claims *claims)
{
	for (int i = 0; i < claims->count; i++)
	{
		if (claims->items[i].fate == S3_FATE_OPEN)
			check_owner(&claims->items[i]);
		if (claims->items[i].fate == S3_FATE_OPEN)
			check_writers(&claims->items[i]);
	}
}

/* Asks each column once; there are few of them. */
void
s3_row_references_ask(S3Claims *claims)
{
	Question	question = {0};

	question.items = palloc(claims->count * sizeof(S3ClaimedItem *));
	for (int i = 0; i < claims->count; i++)
	{
		const S3ClaimedItem *first = &claims->items[i];

		if (!is_to_ask(first))
			continue;
		question.relation = first->relation;
		question.attribute = first->attribute;
		question.count = 0;
		for (int j = i; j < claims->count; j++)
		{
			S3ClaimedItem *item = &claims->items[j];

			if (is_to_ask(item) && item->relation == question.relation &&
				item->attribute == question.attribute)
			{
				item->is_checked = true;
				question.items[question.count++] = item;
			}
		}
		ask(&question);
	}
	pfree(question.items);
}

/* The role may have lost the privilege since, or been dropped. */
static void
check_owner(S3ClaimedItem *item)
{
	if (s3_privileges_may_write(item->owner))
		return;
	s3_claims_decide(item, S3_FATE_FAILED, 0,
					 psprintf("the owner of the deletion does not have the privileges of role \"%s\"", S3_ROLE_WRITE));
}

static void
check_writers(S3ClaimedItem *item)
{
	S3Slice		utf8 = s3_utf8_slice(VARDATA_ANY(item->url), VARSIZE_ANY_EXHDR(item->url));
	S3Location	location;
	S3Error		err;

	if (!s3_location_parse(utf8, &location, &err))
		s3_claims_decide(item, S3_FATE_REFUSED, 0, s3_error_text(err.message));
	else if (s3_writer_lock_is_held(&location))
		s3_claims_decide(item, S3_FATE_WAITS, writer_wait(item),
						 "a running transaction writes the object, or a row that names it");
}

static int
writer_wait(const S3ClaimedItem *item)
{
	int64		age = (GetCurrentTimestamp() - item->queued_at) / 1000;

	return (int) Min(Max(age / 10, WRITER_WAIT_MIN), WRITER_WAIT_MAX);
}

static bool
is_to_ask(const S3ClaimedItem *item)
{
	return item->fate == S3_FATE_OPEN && !item->is_checked && !item->exclusive &&
		OidIsValid(item->relation);
}

static void
ask(const Question *question)
{
	char	   *table;
	char	   *column;
	Oid			owner;

	/*
	 * Nobody can say any more whether rows name the object: dropping a table
	 * or a column deletes no objects.
	 */
	if (!find_column(question, &table, &column, &owner))
	{
		decide_all(question, S3_FATE_REFUSED, 0,
				   "the table or column that named the object was dropped; use s3_delete_later or s3_delete to delete it");
		return;
	}
	if (column == NULL)
	{
		decide_all(question, S3_FATE_FAILED, 0,
				   "the column that named the object is no longer of type text or varchar");
		return;
	}
	run_question(question, table, column, owner);
}

/*
 * Returns false when the column was dropped.  Sets "column" to NULL when its
 * type is no longer one that can hold URLs.
 */
static bool
find_column(const Question *question, char **table, char **column, Oid *owner)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(question->relation));
	Form_pg_class form;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	*table = quote_qualified_identifier(get_namespace_name(form->relnamespace),
										NameStr(form->relname));
	*owner = form->relowner;
	ReleaseSysCache(tuple);

	tuple = SearchSysCacheCopyAttNum(question->relation, question->attribute);
	if (!HeapTupleIsValid(tuple))
		return false;
	if (is_text(((Form_pg_attribute) GETSTRUCT(tuple))->atttypid))
		*column = pstrdup(quote_identifier(NameStr(((Form_pg_attribute) GETSTRUCT(tuple))->attname)));
	else
		*column = NULL;
	heap_freetuple(tuple);
	return true;
}

/* Cast to text, a value of another type may not be spelled like the URL. */
static bool
is_text(Oid type)
{
	Oid			base = getBaseType(type);

	return base == TEXTOID || base == VARCHAROID;
}

/*
 * In a subtransaction, so that an error (of a domain's check, an operator, a
 * lock time-out) concerns these items only.
 */
static void
run_question(const Question *question, const char *table, const char *column, Oid owner)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner resource_owner = CurrentResourceOwner;
	char	   *statement;

	/* An index on the column can be used: nothing but a relabelling of it. */
	statement = psprintf("SELECT u.n FROM pg_catalog.unnest($1) WITH ORDINALITY AS u(url, n)"
						 " WHERE EXISTS (SELECT FROM %s AS t"
						 " WHERE t.%s::pg_catalog.text OPERATOR(pg_catalog.=) u.url)",
						 table, column);
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		ask_as_owner(question, statement, owner);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = resource_owner;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = resource_owner;
		fail_all(question, error);
		FreeErrorData(error);
	}
	PG_END_TRY();
}

static void
ask_as_owner(const Question *question, const char *statement, Oid owner)
{
	Oid			type = TEXTARRAYOID;
	Datum	   *urls = palloc(question->count * sizeof(Datum));
	Datum		value;
	S3RunAs		saved;

	for (int i = 0; i < question->count; i++)
		urls[i] = PointerGetDatum(question->items[i]->url);
	value = s3_sql_array(urls, NULL, question->count, TEXTOID);
	s3_sql_run_as(&saved, owner, SECURITY_RESTRICTED_OPERATION);
	s3_sql_set_local("row_security", "off");
	s3_sql_set_local("lock_timeout", LOCK_TIMEOUT);
	s3_sql_execute(statement, SPI_OK_SELECT, 1, &type, &value, NULL);
	s3_sql_run_as_end(&saved);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		is_null;
		Datum		number = s3_sql_value(i, 1, &is_null);

		s3_claims_decide(question->items[DatumGetInt64(number) - 1], S3_FATE_KEPT, 0, NULL);
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
decide_all(const Question *question, S3Fate fate, int wait, const char *reason)
{
	for (int i = 0; i < question->count; i++)
		s3_claims_decide(question->items[i], fate, wait, reason);
}

static void
fail_all(const Question *question, const ErrorData *error)
{
	char	   *reason = psprintf("could not check whether a row names the object: %s", error->message);

	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		decide_all(question, S3_FATE_WAITS, LOCKED_WAIT, reason);
	else
		decide_all(question, S3_FATE_FAILED, 0, reason);
}
