/*-------------------------------------------------------------------------
 *
 * fn_manage.c
 *	  Trigger function that deletes objects after their rows: s3_manage.
 *
 * Guarantees: never sends a request; waits only while an object that a row is
 * about to name is being deleted.  A user who writes rows needs no role of the
 * extension: the deletion is the table owner's.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "queue/queue.h"
#include "queue/schedule.h"
#include "queue/admission.h"
#include "queue/started.h"
#include "removal/trigger_args.h"
#include "settings/settings.h"

PG_FUNCTION_INFO_V1(s3store_manage);

#define COMMAND		"s3_manage()"
#define ROWS_AT_ONCE	1000	/* of a table that is truncated */

/* When to look at all deletions that have been started, instead of each row's */
#define FIRST_LOOK		16		/* rows */
#define NEXT_LOOK		1000

/* What a trigger keeps for all rows of a statement. */
typedef struct Managed
{
	const S3TriggerArgs *args;
	int64		rows;			/* that name an object */
	int64		looks_at;		/* when that many have come */
	const S3Started *started;	/* NULL: each object is looked for */
} Managed;

static void check_event(FunctionCallInfo fcinfo);
static Managed *managed_by(FunctionCallInfo fcinfo);
static void manage_row(const TriggerData *data, Managed *managed, FmgrInfo *flinfo);
static text *url_of(HeapTuple tuple, const TriggerData *data, const S3TriggerArgs *managed);
static bool is_same(text *a, text *b);
static void queue_url(text *url, const S3TriggerArgs *managed);
static void admit_url(text *url, Managed *managed);
static void look_at_started(Managed *managed, FmgrInfo *flinfo);
static void check_spelling(const S3Location *location);
static bool read_url(text *url, S3Location *location);
static void queue_all(const TriggerData *data, const S3TriggerArgs *managed);
static void queue_rows(const S3TriggerArgs *managed, MemoryContext context);

/* s3_manage() returns trigger */
Datum
s3store_manage(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	Managed    *managed;

	check_event(fcinfo);
	managed = managed_by(fcinfo);
	if (TRIGGER_FIRED_BY_TRUNCATE(data->tg_event))
		queue_all(data, managed->args);
	else
		manage_row(data, managed, fcinfo->flinfo);
	return PointerGetDatum(NULL);
}

/* Before a row is written, another trigger may still change or skip it. */
static void
check_event(FunctionCallInfo fcinfo)
{
	TriggerEvent event;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("%s is a trigger function", COMMAND)));
	event = ((TriggerData *) fcinfo->context)->tg_event;
	if (TRIGGER_FIRED_BY_TRUNCATE(event) ? !TRIGGER_FIRED_BEFORE(event) :
		!TRIGGER_FIRED_AFTER(event) || !TRIGGER_FIRED_FOR_ROW(event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("%s cannot be used in this kind of trigger", COMMAND),
				 errhint("Use AFTER DELETE OR UPDATE OR INSERT ... FOR EACH ROW, or BEFORE TRUNCATE ... FOR EACH STATEMENT.")));
}

/* Reads the arguments once for all rows of a statement. */
static Managed *
managed_by(FunctionCallInfo fcinfo)
{
	const TriggerData *data = (TriggerData *) fcinfo->context;
	FmgrInfo   *flinfo = fcinfo->flinfo;
	Managed    *managed = flinfo->fn_extra;

	if (managed == NULL || managed->args->trigger != data->tg_trigger->tgoid)
	{
		MemoryContext old_context = MemoryContextSwitchTo(flinfo->fn_mcxt);

		managed = palloc0(sizeof(Managed));
		managed->args = s3_trigger_args_read(data);
		MemoryContextSwitchTo(old_context);
		flinfo->fn_extra = managed;
	}
	return managed;
}

static void
manage_row(const TriggerData *data, Managed *managed, FmgrInfo *flinfo)
{
	text	   *old_url = NULL;
	text	   *new_url = NULL;

	if (!TRIGGER_FIRED_BY_INSERT(data->tg_event))
		old_url = url_of(data->tg_trigtuple, data, managed->args);
	if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
		new_url = url_of(data->tg_trigtuple, data, managed->args);
	else if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		new_url = url_of(data->tg_newtuple, data, managed->args);
	if (old_url != NULL && new_url != NULL && is_same(old_url, new_url))
		return;
	if (old_url != NULL)
		queue_url(old_url, managed->args);
	if (new_url == NULL)
		return;
	if (managed->started == NULL && managed->rows == managed->looks_at)
		look_at_started(managed, flinfo);
	managed->rows++;
	admit_url(new_url, managed);
}

/* NULL for SQL's NULL. */
static text *
url_of(HeapTuple tuple, const TriggerData *data, const S3TriggerArgs *managed)
{
	bool		is_null;
	Datum		value = heap_getattr(tuple, managed->attribute,
									 RelationGetDescr(data->tg_relation), &is_null);

	return is_null ? NULL : DatumGetTextPP(value);
}

static bool
is_same(text *a, text *b)
{
	return s3_slice_equal(s3_slice(VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a)),
						  s3_slice(VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b)));
}

/*
 * With read_only of an endpoint the row is queued, and waits for the worker.
 * session_read_only the worker cannot know, so it is checked here.
 */
static void
queue_url(text *url, const S3TriggerArgs *managed)
{
	S3Slice		utf8 = s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url));
	S3Deletion	deletion = {0};
	S3Location	location;
	S3Error		err;

	if (s3_location_is_none(utf8))
		return;
	/* Rows from before the trigger may hold anything, and must be deletable. */
	if (!s3_location_parse(utf8, &location, &err) || location.key.len == 0)
	{
		ereport(WARNING,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("object is not deleted: \"%s\"", s3_shown_text(url)),
				 errdetail("This is not the URL of an object.")));
		return;
	}
	if (!s3_trigger_args_allows(managed, &location))
	{
		ereport(WARNING,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("object is not deleted: \"%s\"", s3_shown_text(url)),
				 errdetail("The URL is not within \"%s\".", s3_shown_cstring(managed->within))));
		return;
	}
	if (s3_guc_session_read_only)
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute %s: the session is read-only", COMMAND),
				 errdetail("The setting s3store.session_read_only is on.")));
	deletion.url = url;
	deletion.identity = s3_object_identity(&location);
	deletion.next_at = s3_schedule_first(managed->delay);
	deletion.relation = managed->topmost;
	deletion.attribute = (int16) managed->topmost_attribute;
	deletion.owner = managed->owner;
	(void) s3_queue_insert(&deletion);
}

static void
admit_url(text *url, Managed *managed)
{
	S3Location	location;
	int64		object;

	if (!read_url(url, &location))
		return;
	if (!s3_trigger_args_allows(managed->args, &location))
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("URL is not within \"%s\": \"%s\"",
						s3_shown_cstring(managed->args->within), s3_shown_text(url)),
				 errhint("The option \"within\" of the column's trigger allows no other URLs.")));
	check_spelling(&location);
	if (managed->started != NULL && managed->started->count == 0)
		return;
	object = s3_object_identity(&location).object;
	if (managed->started != NULL && !s3_started_has(managed->started, object))
		return;
	if (!s3_admission_of_row(object))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("object was deleted: \"%s\"", s3_shown_text(url)),
				 errdetail("Its queued deletion was carried out after this transaction had begun."),
				 errhint("Store the object again, and repeat the transaction.")));
}

/*
 * The statement has locked the table.  A deletion that is queued afterwards waits
 * for its transaction, and one that was queued before is in the queue now: so when
 * it has no rows, none is started until this transaction has ended.
 */
static void
look_at_started(Managed *managed, FmgrInfo *flinfo)
{
	MemoryContext old_context = MemoryContextSwitchTo(flinfo->fn_mcxt);

	if (managed->rows == 0 && s3_queue_is_empty())
		managed->started = palloc0(sizeof(S3Started));
	else if (managed->rows > 0)
		managed->started = s3_started_look();
	managed->looks_at += managed->rows == 0 ? FIRST_LOOK : NEXT_LOOK;
	MemoryContextSwitchTo(old_context);
}

/*
 * An object is looked for by the URLs that its endpoints have for it: of other
 * spellings there is no end.
 */
static void
check_spelling(const S3Location *location)
{
	const S3Endpoint *endpoint = s3_endpoint_try_find(location->scheme, NULL);
	char	   *wanted;
	char	   *given;

	if (endpoint == NULL || (!endpoint->settings.normalize_keys &&
							 s3_slice_equal(location->scheme, s3_slice_cstring(endpoint->scheme))))
		return;
	wanted = s3_object_identity_url(location, endpoint);
	given = psprintf("%.*s://%.*s/%.*s", S3_SLICE_ARGS(location->scheme),
					 S3_SLICE_ARGS(location->bucket), S3_SLICE_ARGS(location->key));
	if (wanted != NULL && strcmp(given, wanted) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("URL is not written as it should be: \"%s\"", s3_shown_utf8(s3_slice_cstring(given))),
				 errdetail("A column whose objects follow its rows holds one spelling of an object's URL."),
				 errhint("Write \"%s\".", s3_shown_utf8(s3_slice_cstring(wanted)))));
}

/* Returns false for "no file". */
static bool
read_url(text *url, S3Location *location)
{
	S3Slice		utf8 = s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url));
	S3Error		err;

	if (s3_location_is_none(utf8))
		return false;
	if (!s3_location_parse(utf8, location, &err))
		s3_error_throw(&err);
	if (location->key.len == 0)
		ereport(ERROR,
				(errcode(ERRCODE_ZERO_LENGTH_CHARACTER_STRING),
				 errmsg("URL has no key: \"%s\"", s3_shown_text(url))));
	return true;
}

/*
 * Queues all URLs of a table that is truncated, its partitions included.  Other
 * sessions cannot write it any more, but the transaction's snapshot may be older
 * than its last rows, so a new one is taken.
 */
static void
queue_all(const TriggerData *data, const S3TriggerArgs *managed)
{
	Relation	relation = data->tg_relation;
	char	   *column = get_attname(RelationGetRelid(relation), managed->attribute, false);
	char	   *query = psprintf("SELECT %s::pg_catalog.text FROM %s WHERE %s IS NOT NULL",
								 quote_identifier(column),
								 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
															RelationGetRelationName(relation)),
								 quote_identifier(column));
	S3RunAs		saved;
	MemoryContext context;
	Portal		portal;

	SPI_connect();
	context = AllocSetContextCreate(CurrentMemoryContext, "s3store rows", ALLOCSET_DEFAULT_SIZES);
	s3_sql_run_as(&saved, managed->owner, SECURITY_RESTRICTED_OPERATION);
	s3_sql_set_local("row_security", "off");
	PushActiveSnapshot(GetLatestSnapshot());
	portal = SPI_cursor_open_with_args(NULL, query, 0, NULL, NULL, NULL, true, 0);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, ROWS_AT_ONCE);
		if (SPI_processed == 0)
			break;
		queue_rows(managed, context);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	PopActiveSnapshot();
	s3_sql_run_as_end(&saved);
	SPI_finish();
}

static void
queue_rows(const S3TriggerArgs *managed, MemoryContext context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		is_null;
		Datum		url = s3_sql_value(i, 1, &is_null);

		queue_url(DatumGetTextPP(url), managed);
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(context);
}
