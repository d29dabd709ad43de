/*-------------------------------------------------------------------------
 *
 * queue.c
 *	  The table of queued deletions: a row goes in, rows of an object go out.
 *
 * Guarantees: a row is inserted without SPI, fast enough for a statement that
 * deletes 100,000 rows of a table; a search for the deletions of an object finds
 * all that are committed, whatever the snapshot of the transaction.
 *
 * Sends no requests, and checks no privileges.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "backend/compat.h"
#include "queue/commit_hook.h"
#include "queue/queue.h"
#include "queue/queue_index.h"
#include "settings/settings.h"

#define EXTENSION	"s3store"
#define MET_AHEAD	10000		/* ms: a deletion with a longer delay is also
								 * looked at when it is queued, to set its
								 * met_at */

/* The OIDs of the queue's relations, until one of them changes. */
typedef struct QueueOids
{
	Oid			schema;
	Oid			table;			/* InvalidOid: not looked up, or not there */
	Oid			sequence;
} QueueOids;

static QueueOids oids;
static bool watches_relations;

static QueueOids queue_oids(void);
static bool look_up_oids(QueueOids *found);
static Oid	extension_schema(void);
static void forget_oids(Datum arg, Oid relation);
static void check_columns(Relation table);
static bool has_row(Relation table, int64 object, char kind, bool gone);
static void throw_not_installed(void) pg_attribute_noreturn();

int64
s3_queue_insert(const S3Deletion *deletion)
{
	int64		id = s3_queue_number();
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz next_at = deletion->next_at;
	Datum		values[S3_QUEUE_COLUMNS];
	bool		nulls[S3_QUEUE_COLUMNS] = {false};
	Relation	table;
	HeapTuple	tuple;

#define SET(column, datum) (values[(column) - 1] = (datum))
#define SET_NULL(column) (values[(column) - 1] = (Datum) 0, nulls[(column) - 1] = true)
	SET(S3_QUEUE_ID, Int64GetDatum(id));
	SET(S3_QUEUE_OBJECT, Int64GetDatum(deletion->identity.object));
	SET(S3_QUEUE_SERVER, Int64GetDatum(deletion->identity.server));
	SET_NULL(S3_QUEUE_NOT_BEFORE);
	if (deletion->version_id == NULL && deletion->etag == NULL &&
		TimestampDifferenceExceeds(now, next_at, MET_AHEAD))
	{
		SET(S3_QUEUE_NOT_BEFORE, TimestampTzGetDatum(next_at));
		nulls[S3_QUEUE_NOT_BEFORE - 1] = false;
		next_at = now;
	}
	SET(S3_QUEUE_NEXT_AT, TimestampTzGetDatum(next_at));
	SET(S3_QUEUE_QUEUED_AT, TimestampTzGetDatum(now));
	SET_NULL(S3_QUEUE_MET_AT);
	SET_NULL(S3_QUEUE_UNSURE_UNTIL);
	SET_NULL(S3_QUEUE_GONE_AT);
	SET(S3_QUEUE_RELATION, ObjectIdGetDatum(deletion->relation));
	SET(S3_QUEUE_OWNER, ObjectIdGetDatum(deletion->owner));
	SET(S3_QUEUE_ATTEMPTS, Int16GetDatum(0));
	SET(S3_QUEUE_ATTRIBUTE, Int16GetDatum(deletion->attribute));
	if (!OidIsValid(deletion->relation))
	{
		SET_NULL(S3_QUEUE_RELATION);
		SET_NULL(S3_QUEUE_ATTRIBUTE);
	}
	SET(S3_QUEUE_STATE, CharGetDatum(S3_QUEUE_PENDING));
	SET(S3_QUEUE_KIND, CharGetDatum(deletion->kind == 0 ? S3_QUEUE_DELETION : deletion->kind));
	SET(S3_QUEUE_VOID, BoolGetDatum(false));
	SET(S3_QUEUE_DEAD, BoolGetDatum(false));
	SET(S3_QUEUE_URL, PointerGetDatum(deletion->url));
	if (deletion->version_id != NULL)
		SET(S3_QUEUE_VERSION_ID, PointerGetDatum(deletion->version_id));
	else
		SET_NULL(S3_QUEUE_VERSION_ID);
	if (deletion->etag != NULL)
		SET(S3_QUEUE_ETAG, PointerGetDatum(deletion->etag));
	else
		SET_NULL(S3_QUEUE_ETAG);
	SET_NULL(S3_QUEUE_LAST_ERROR);
#undef SET
#undef SET_NULL

	/* The lock lasts until the transaction ends, as that of an INSERT does. */
	table = table_open(queue_oids().table, RowExclusiveLock);
	check_columns(table);
	tuple = heap_form_tuple(RelationGetDescr(table), values, nulls);
	heap_insert(table, tuple, GetCurrentCommandId(true), 0, NULL);
	s3_queue_index_insert(table, &tuple->t_self, &deletion->identity, next_at, id);
	heap_freetuple(tuple);
	table_close(table, NoLock);
	s3_commit_hook_note_deletion();
	return id;
}

/* After ALTER EXTENSION UPDATE, a session may still have the old library. */
static void
check_columns(Relation table)
{
	if (RelationGetNumberOfAttributes(table) != S3_QUEUE_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is of another version of the extension than the library",
						RelationGetRelationName(table)),
				 errhint("Connect again after an update of the extension.")));
}

/*
 * With a new snapshot: that of a REPEATABLE READ transaction may be older than
 * the deletion.
 */
bool
s3_queue_has(int64 object)
{
	Oid			oid = s3_queue_table();
	Relation	table;
	bool		found;

	if (!OidIsValid(oid))
		return false;
	/* What this very command has queued counts, too. */
	CommandCounterIncrement();
	table = table_open(oid, AccessShareLock);
	found = RelationGetNumberOfBlocks(table) > 0 &&
		has_row(table, object, S3_QUEUE_DELETION, true);
	table_close(table, AccessShareLock);
	return found;
}

bool
s3_queue_is_empty(void)
{
	Oid			oid = s3_queue_table();
	Relation	table;
	bool		empty;

	if (!OidIsValid(oid))
		return true;
	table = table_open(oid, AccessShareLock);
	empty = RelationGetNumberOfBlocks(table) == 0;
	table_close(table, AccessShareLock);
	return empty;
}

bool
s3_queue_has_kind(int64 object, char kind)
{
	Relation	table = table_open(queue_oids().table, AccessShareLock);
	bool		found = has_row(table, object, kind, false);

	table_close(table, AccessShareLock);
	return found;
}

/* "gone": the row of an object that is gone counts, too */
static bool
has_row(Relation table, int64 object, char kind, bool gone)
{
	TupleDesc	desc = RelationGetDescr(table);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key, S3_QUEUE_OBJECT, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(object));
	scan = systable_beginscan(table, s3_queue_index_object(table), true, snapshot, 1, &key);
	while (!found && (tuple = systable_getnext(scan)) != NULL)
	{
		bool		is_null;

		found = heap_attisnull(tuple, S3_QUEUE_VERSION_ID, desc) &&
			!DatumGetBool(heap_getattr(tuple, S3_QUEUE_VOID, desc, &is_null)) &&
			kind == DatumGetChar(heap_getattr(tuple, S3_QUEUE_KIND, desc, &is_null)) &&
			(gone ||
			 DatumGetChar(heap_getattr(tuple, S3_QUEUE_STATE, desc, &is_null)) != S3_QUEUE_GONE);
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	return found;
}

Oid
s3_queue_table(void)
{
	QueueOids	found = {0};

	if (OidIsValid(oids.table))
		return oids.table;
	if (!watches_relations)
	{
		CacheRegisterRelcacheCallback(forget_oids, (Datum) 0);
		watches_relations = true;
	}
	if (look_up_oids(&found))
		oids = found;
	return oids.table;
}

int64
s3_queue_number(void)
{
	return nextval_internal(queue_oids().sequence, false);
}

/* Returns a copy: taking a lock may process an invalidation that clears them. */
static QueueOids
queue_oids(void)
{
	if (!OidIsValid(s3_queue_table()))
		throw_not_installed();
	return oids;
}

/* Returns false when the extension, or this version of it, is not installed. */
static bool
look_up_oids(QueueOids *found)
{
	found->schema = extension_schema();
	if (!OidIsValid(found->schema))
		return false;
	found->table = get_relname_relid("s3_deletion", found->schema);
	found->sequence = get_relname_relid("s3_deletion_id", found->schema);
	return OidIsValid(found->table) && OidIsValid(found->sequence);
}

/* InvalidOid: the library is loaded, but the extension is not installed. */
static Oid
extension_schema(void)
{
	Relation	table = table_open(ExtensionRelationId, AccessShareLock);
	Oid			schema = InvalidOid;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(EXTENSION));
	scan = systable_beginscan(table, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(table, AccessShareLock);
	return schema;
}

/* Called when a relation changes: the extension may have been dropped. */
static void
forget_oids(Datum arg, Oid relation)
{
	if (OidIsValid(relation) && relation != oids.table)
		return;
	memset(&oids, 0, sizeof(oids));
	s3_queue_index_forget();
}

void
s3_queue_run_as_owner(S3RunAs *saved)
{
	Relation	table = table_open(queue_oids().table, AccessShareLock);
	Oid			owner = table->rd_rel->relowner;

	table_close(table, AccessShareLock);
	s3_sql_run_as(saved, owner, 0);
	s3_sql_set_local("search_path", "pg_catalog, pg_temp");

	/*
	 * Triggers of the extension's tables discard rows that come by
	 * replication.
	 */
	if (SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA)
		s3_sql_set_local("session_replication_role", "origin");
}

const char *
s3_queue_name(const char *table)
{
	return quote_qualified_identifier(get_namespace_name(queue_oids().schema), table);
}

static void
throw_not_installed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("extension \"s3store\" is not installed in this database"),
			 errhint("Run CREATE EXTENSION s3store.")));
}
