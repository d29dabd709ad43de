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

/* The columns of s3_deletion, in order. */
enum DeletionColumn
{
	DELETION_ID = 1,
	DELETION_OBJECT,
	DELETION_NEXT_AT,
	DELETION_QUEUED_AT,
	DELETION_CLAIM,
	DELETION_UNSURE_UNTIL,
	DELETION_RELATION,
	DELETION_OWNER,
	DELETION_ATTRIBUTE,
	DELETION_ATTEMPTS,
	DELETION_EXCLUSIVE,
	DELETION_DEAD,
	DELETION_URL,
	DELETION_VERSION_ID,
	DELETION_LAST_ERROR,
	DELETION_COLUMNS = DELETION_LAST_ERROR
};

/* The OIDs of the queue's relations, until one of them changes. */
typedef struct QueueOids
{
	Oid			schema;
	Oid			table;			/* InvalidOid: not looked up, or not there */
	Oid			sequence;
} QueueOids;

static QueueOids oids;
static bool watches_relations;

static S3Slice object_key(const S3Location *location);
static QueueOids queue_oids(void);
static bool look_up_oids(QueueOids *found);
static Oid	extension_schema(void);
static void forget_oids(Datum arg, Oid relation);
static void check_columns(Relation table);
static void read_claim(HeapTuple tuple, TupleDesc desc, S3Claim *claim);
static void throw_not_installed(void) pg_attribute_noreturn();

int64
s3_queue_object(const S3Location *location)
{
	char		name[S3_SCHEME_MAX + S3_BUCKET_MAX + S3_KEY_MAX + 2];
	S3Slice		key = object_key(location);
	size_t		len = 0;

	Assert(location->scheme.len + location->bucket.len + key.len + 2 <= sizeof(name));
	for (size_t i = 0; i < location->scheme.len; i++)
		name[len++] = pg_ascii_tolower((unsigned char) location->scheme.data[i]);
	name[len++] = '\0';
	memcpy(name + len, location->bucket.data, location->bucket.len);
	len += location->bucket.len;
	name[len++] = '\0';
	if (key.len > 0)
		memcpy(name + len, key.data, key.len);
	len += key.len;
	return (int64) hash_bytes_extended((unsigned char *) name, (int) len, 0);
}

/* With normalize_keys, different keys may name the same object. */
static S3Slice
object_key(const S3Location *location)
{
	S3Error		err;
	const S3Endpoint *endpoint = s3_endpoint_try_find(location->scheme, &err);
	StringInfoData key;

	if (endpoint == NULL || !endpoint->settings.normalize_keys)
		return location->key;
	initStringInfo(&key);
	return s3_location_object_key(location, "", true, &key, &err) ?
		s3_slice(key.data, key.len) : location->key;
}

int64
s3_queue_insert(const S3Deletion *deletion)
{
	int64		id = s3_queue_number();
	Datum		values[DELETION_COLUMNS];
	bool		nulls[DELETION_COLUMNS] = {false};
	Relation	table;
	HeapTuple	tuple;

#define SET(column, datum) (values[(column) - 1] = (datum))
#define SET_NULL(column) (values[(column) - 1] = (Datum) 0, nulls[(column) - 1] = true)
	SET(DELETION_ID, Int64GetDatum(id));
	SET(DELETION_OBJECT, Int64GetDatum(deletion->object));
	SET(DELETION_NEXT_AT, TimestampTzGetDatum(deletion->next_at));
	SET(DELETION_QUEUED_AT, TimestampTzGetDatum(GetCurrentTimestamp()));
	SET_NULL(DELETION_CLAIM);
	SET_NULL(DELETION_UNSURE_UNTIL);
	SET(DELETION_RELATION, ObjectIdGetDatum(deletion->relation));
	SET(DELETION_OWNER, ObjectIdGetDatum(deletion->owner));
	SET(DELETION_ATTRIBUTE, Int16GetDatum(deletion->attribute));
	if (!OidIsValid(deletion->relation))
	{
		SET_NULL(DELETION_RELATION);
		SET_NULL(DELETION_ATTRIBUTE);
	}
	SET(DELETION_ATTEMPTS, Int16GetDatum(0));
	SET(DELETION_EXCLUSIVE, BoolGetDatum(deletion->exclusive));
	SET(DELETION_DEAD, BoolGetDatum(false));
	SET(DELETION_URL, PointerGetDatum(deletion->url));
	if (deletion->version_id != NULL)
		SET(DELETION_VERSION_ID, PointerGetDatum(deletion->version_id));
	else
		SET_NULL(DELETION_VERSION_ID);
	SET_NULL(DELETION_LAST_ERROR);
#undef SET
#undef SET_NULL

	/* The lock lasts until the transaction ends, as that of an INSERT does. */
	table = table_open(queue_oids().table, RowExclusiveLock);
	check_columns(table);
	tuple = heap_form_tuple(RelationGetDescr(table), values, nulls);
	heap_insert(table, tuple, GetCurrentCommandId(true), 0, NULL);
	s3_queue_index_insert(table, &tuple->t_self, deletion->object, deletion->next_at, id);
	heap_freetuple(tuple);
	table_close(table, NoLock);
	s3_commit_hook_note_deletion();
	return id;
}

/* After ALTER EXTENSION UPDATE, a session may still have the old library. */
static void
check_columns(Relation table)
{
	if (RelationGetNumberOfAttributes(table) != DELETION_COLUMNS)
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
s3_queue_find(int64 object, S3Claim *claim)
{
	Relation	table;
	SysScanDesc scan;
	ScanKeyData key;
	Snapshot	snapshot;
	HeapTuple	tuple;
	Oid			oid = s3_queue_table();
	bool		found = false;

	memset(claim, 0, sizeof(*claim));
	if (!OidIsValid(oid))
		return false;

	/* So that rows of the current command count, too. */
	CommandCounterIncrement();
	table = table_open(oid, AccessShareLock);
	/* Mostly the table is empty, and this is faster than a scan. */
	if (RelationGetNumberOfBlocks(table) == 0)
	{
		table_close(table, AccessShareLock);
		return false;
	}
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ScanKeyInit(&key, DELETION_OBJECT, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(object));
	scan = systable_beginscan(table, s3_queue_index_object(table), true, snapshot, 1, &key);
	while (claim->number == 0 && (tuple = systable_getnext(scan)) != NULL)
	{
		if (!heap_attisnull(tuple, DELETION_VERSION_ID, RelationGetDescr(table)))
			continue;
		found = true;
		read_claim(tuple, RelationGetDescr(table), claim);
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(table, AccessShareLock);
	return found;
}

static void
read_claim(HeapTuple tuple, TupleDesc desc, S3Claim *claim)
{
	bool		is_null;
	Datum		value = heap_getattr(tuple, DELETION_CLAIM, desc, &is_null);

	if (!is_null)
		claim->number = DatumGetInt64(value);
	value = heap_getattr(tuple, DELETION_UNSURE_UNTIL, desc, &is_null);
	if (!is_null)
		claim->unsure_until = Max(claim->unsure_until, DatumGetTimestampTz(value));
}

void
s3_queue_cancel(int64 object)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(object);
	S3RunAs		saved;
	SPIPlanPtr	plan;
	char	   *statement;
	int			result;

	SPI_connect();
	statement = psprintf("DELETE FROM %s WHERE object = $1 AND version_id IS NULL", s3_queue_name("s3_deletion"));
	s3_queue_run_as_owner(&saved);
	plan = SPI_prepare(statement, 1, &type);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", statement, SPI_result_code_string(SPI_result));
	result = SPI_execute_snapshot(plan, &value, NULL, GetLatestSnapshot(), InvalidSnapshot,
								  false, false, 0);
	if (result != SPI_OK_DELETE)
		elog(ERROR, "could not execute \"%s\": %s", statement, SPI_result_code_string(result));
	s3_sql_run_as_end(&saved);
	SPI_finish();
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
