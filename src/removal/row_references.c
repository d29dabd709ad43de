/*-------------------------------------------------------------------------
 *
 * row_references.c
 *	  May a claimed deletion be carried out, as far as the database knows?
 *
 * Guarantees: a table is asked as its owner, in a security-restricted
 * operation, about all items of a column at once; what goes wrong there
 * concerns these items only.  Row-level security never hides a row: the
 * question fails instead.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

#include "backend/encoding.h"
#include "queue/queue.h"
#include "queue/writer_lock.h"
#include "removal/row_references.h"
#include "settings/privileges.h"

#define HELD_WAIT_MIN	500		/* ms until a held object is looked at again: */
#define HELD_WAIT_MAX	60000	/* a tenth of the time that it has waited */
#define LOCKED_WAIT		5000	/* ms until a locked table is asked again */
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
static void check_held(S3ClaimedItem *item);
static int	held_wait(const S3ClaimedItem *item);
static bool is_to_ask(const S3ClaimedItem *item);
static void ask(const Question *question);
static bool find_column(const Question *question, char **table, char **column, Oid *owner);
static bool is_text(Oid type);
static void run_question(const Question *question, const char *table, const char *column,
						 Oid owner);
static void ask_as_owner(const Question *question, const char *statement, Oid owner);
static void set_local(const char *name, const char *value);
static void decide_all(const Question *question, S3Fate fate, int wait, const char *reason);
static void fail_all(const Question *question, const ErrorData *error);

void
s3_row_references_check_holds(S3Claims *claims)
{
	for (int i = 0; i < claims->count; i++)
	{
		if (claims->items[i].fate == S3_FATE_OPEN)
			check_owner(&claims->items[i]);
		if (claims->items[i].fate == S3_FATE_OPEN)
			check_held(&claims->items[i]);
	}
}

/* Each column once; there are few. */
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

/* He may have lost the right since the row was queued, or be gone. */
static void
check_owner(S3ClaimedItem *item)
{
	if (s3_privileges_may_write(item->owner))
		return;
	s3_drain_decide(item, S3_FATE_FAILED, 0,
					psprintf("its owner has not the privileges of role \"%s\"", S3_ROLE_WRITE));
}

static void
check_held(S3ClaimedItem *item)
{
	S3Slice		utf8 = s3_utf8_slice(VARDATA_ANY(item->url), VARSIZE_ANY_EXHDR(item->url));
	S3Location	location;
	S3Error		err;

	if (!s3_location_parse(utf8, &location, &err))
		s3_drain_decide(item, S3_FATE_REFUSED, 0, s3_error_text(err.message));
	else if (s3_writer_lock_is_held(&location))
		s3_drain_decide(item, S3_FATE_WAITS, held_wait(item),
						"a transaction that writes or names the object is under way");
}

static int
held_wait(const S3ClaimedItem *item)
{
	int64		age = (GetCurrentTimestamp() - item->queued_at) / 1000;

	return (int) Min(Max(age / 10, HELD_WAIT_MIN), HELD_WAIT_MAX);
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

	/* What followed the rows must not outlive them by the drop of a table. */
	if (!find_column(question, &table, &column, &owner))
	{
		decide_all(question, S3_FATE_REFUSED, 0,
				   "the column whose row named the object is gone; queue it with s3_delete_later, or call s3_delete");
		return;
	}
	if (column == NULL)
	{
		decide_all(question, S3_FATE_FAILED, 0,
				   "the column whose row named the object is not of type text or varchar any more");
		return;
	}
	run_question(question, table, column, owner);
}

/*
 * Returns false when there is no such column any more; sets it to NULL when its
 * type is not that of URLs any more.
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

/* As text, another type may spell a URL in another way. */
static bool
is_text(Oid type)
{
	Oid			base = getBaseType(type);

	return base == TEXTOID || base == VARCHAROID;
}

/*
 * In a subtransaction: whatever the table's owner has made of it (a domain's
 * check, an operator, a lock), the other items are not concerned.
 */
static void
run_question(const Question *question, const char *table, const char *column, Oid owner)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner resource_owner = CurrentResourceOwner;
	char	   *statement;

	/* By the index of the column: as it stands, not cast to anything else. */
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
	Oid			user;
	int			security_context;
	int			guc_level = NewGUCNestLevel();

	for (int i = 0; i < question->count; i++)
		urls[i] = PointerGetDatum(question->items[i]->url);
	value = PointerGetDatum(construct_array(urls, question->count, TEXTOID, -1, false, 'i'));
	set_local("row_security", "off");
	set_local("lock_timeout", LOCK_TIMEOUT);
	GetUserIdAndSecContext(&user, &security_context);
	SetUserIdAndSecContext(owner, security_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	s3_queue_execute(statement, SPI_OK_SELECT, 1, &type, &value, NULL);
	SetUserIdAndSecContext(user, security_context);
	AtEOXact_GUC(false, guc_level);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		is_null;
		Datum		number = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null);

		s3_drain_decide(question->items[DatumGetInt64(number) - 1], S3_FATE_KEPT, 0, NULL);
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
set_local(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
}

static void
decide_all(const Question *question, S3Fate fate, int wait, const char *reason)
{
	for (int i = 0; i < question->count; i++)
		s3_drain_decide(question->items[i], fate, wait, reason);
}

static void
fail_all(const Question *question, const ErrorData *error)
{
	char	   *reason = psprintf("the table that queued it could not be asked: %s", error->message);

	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		decide_all(question, S3_FATE_WAITS, LOCKED_WAIT, reason);
	else
		decide_all(question, S3_FATE_FAILED, 0, reason);
}
