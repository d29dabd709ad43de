/*-------------------------------------------------------------------------
 *
 * trigger_args.c
 *	  The arguments of a trigger of s3_manage: which column is managed, and how.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "backend/sql.h"
#include "queue/schedule.h"
#include "removal/trigger_args.h"
#include "settings/privileges.h"

#define COMMAND		"s3_manage()"
#define DELAY		"delay="
#define WITHIN		"within="

static void read_column(const TriggerData *data, const char *name, S3TriggerArgs *managed);
static void read_option(S3TriggerArgs *managed, const char *option);
static void read_delay(S3TriggerArgs *managed, const char *value);
static void read_within(S3TriggerArgs *managed, const char *value);
static void check_owner(Relation table);
static void check_kind(Relation table);
static void check_distributed(Relation table);
static bool climbs(S3Slice key);
static void throw_option(const char *option) pg_attribute_noreturn();

S3TriggerArgs *
s3_trigger_args_read(const TriggerData *data)
{
	const Trigger *trigger = data->tg_trigger;
	S3TriggerArgs *managed = palloc0(sizeof(S3TriggerArgs));

	if (trigger->tgnargs < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("trigger \"%s\" does not name a column", trigger->tgname),
				 errhint("The first argument of s3_manage is the column that holds the URLs.")));
	managed->trigger = trigger->tgoid;
	read_column(data, trigger->tgargs[0], managed);
	for (int i = 1; i < trigger->tgnargs; i++)
		read_option(managed, trigger->tgargs[i]);
	managed->owner = data->tg_relation->rd_rel->relowner;
	s3_trigger_args_check_table(data->tg_relation);
	return managed;
}

/* A partition's rows are rows of the topmost table, whichever they move to. */
static void
read_column(const TriggerData *data, const char *name, S3TriggerArgs *managed)
{
	Oid			relation = RelationGetRelid(data->tg_relation);
	List	   *ancestors = data->tg_relation->rd_rel->relispartition ?
		get_partition_ancestors(relation) : NIL;

	managed->attribute = s3_trigger_args_check_column(data->tg_relation, name);
	managed->topmost = ancestors != NIL ? llast_oid(ancestors) : relation;
	managed->topmost_attribute = get_attnum(managed->topmost, name);
}

int
s3_trigger_args_check_column(Relation table, const char *column)
{
	AttrNumber	number = get_attnum(RelationGetRelid(table), column);
	Oid			type;

	if (number <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						column, RelationGetRelationName(table)),
				 errhint("Where a column was renamed, make its trigger anew: s3_unfollow with the old name, s3_follow with the new one.")));
	type = getBaseType(TupleDescAttr(RelationGetDescr(table), number - 1)->atttypid);
	if (type != TEXTOID && type != VARCHAROID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" is of type %s",
						column, RelationGetRelationName(table), format_type_be(type)),
				 errdetail("The column must be of type text or varchar, or of a domain over them.")));
	return number;
}

static void
read_option(S3TriggerArgs *managed, const char *option)
{
	if (s3_starts_with(option, DELAY))
		read_delay(managed, option + strlen(DELAY));
	else if (s3_starts_with(option, WITHIN))
		read_within(managed, option + strlen(WITHIN));
	else
		throw_option(option);
}

static void
read_delay(S3TriggerArgs *managed, const char *value)
{
	managed->delay = DatumGetIntervalP(DirectFunctionCall3(interval_in, CStringGetDatum(value),
														   ObjectIdGetDatum(InvalidOid),
														   Int32GetDatum(-1)));
	s3_schedule_check_delay(managed->delay);
}

static void
read_within(S3TriggerArgs *managed, const char *value)
{
	S3Location *within = &managed->within_location;
	S3Error		err;

	managed->within = pstrdup(value);
	if (!s3_location_parse(s3_utf8_slice(managed->within, strlen(managed->within)), within, &err))
		s3_error_throw(&err);
	if (value[strlen(value) - 1] != '/')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"within\" must end in \"/\": \"%s\"", s3_shown_cstring(value)),
				 errhint("It is a bucket or a directory: scheme://bucket/ or scheme://bucket/directory/.")));
}

static void
throw_option(const char *option)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("s3_manage has no option \"%s\"", s3_shown_cstring(option)),
			 errhint("Valid options are \"delay=INTERVAL\" and \"within=URL\".")));
}

/*
 * A user who writes rows needs no role of the extension, so what the trigger
 * deletes has to be allowed to the table's owner.
 */
static void
check_owner(Relation table)
{
	Oid			owner = table->rd_rel->relowner;

	if (s3_privileges_may_write(owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for %s", COMMAND),
			 errdetail("The owner of table \"%s\", role \"%s\", does not have the privileges of role \"%s\".",
					   RelationGetRelationName(table),
					   GetUserNameFromId(owner, false), S3_ROLE_WRITE)));
}

/* The worker is another session, which cannot read temporary tables. */
static void
check_kind(Relation table)
{
	bool		temporary = table->rd_rel->relpersistence == RELPERSISTENCE_TEMP;

	if (!temporary && (table->rd_rel->relkind == RELKIND_RELATION ||
					   table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("%s cannot be used on %s", COMMAND,
					temporary ? "temporary tables" : "relations that are no ordinary tables"),
			 errdetail("Other sessions cannot check whether a row of table \"%s\" names an object.",
					   RelationGetRelationName(table))));
}

/* Rows of a table that Citus spreads are in other databases, which nobody asks. */
static void
check_distributed(Relation table)
{
	Oid			catalog = get_relname_relid("pg_dist_partition", PG_CATALOG_NAMESPACE);
	Oid			type = OIDOID;
	Datum		value = ObjectIdGetDatum(RelationGetRelid(table));
	uint64		count;

	if (!OidIsValid(catalog))
		return;
	SPI_connect();
	count = s3_sql_execute("SELECT FROM pg_catalog.pg_dist_partition WHERE logicalrelid = $1",
						   SPI_OK_SELECT, 1, &type, &value, NULL);
	SPI_finish();
	if (count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s cannot be used on tables that Citus manages", COMMAND),
				 errdetail("Table \"%s\" may have rows on other nodes, which are not asked whether they name an object.",
						   RelationGetRelationName(table)),
				 errhint("Use it on a table of this database only, or delete objects with s3_delete_later.")));
}

void
s3_trigger_args_check_table(Relation table)
{
	check_owner(table);
	check_kind(table);
	check_distributed(table);
}

void
s3_trigger_args_check_within(const char *within)
{
	S3TriggerArgs args = {0};

	read_within(&args, within);
}

bool
s3_trigger_args_allows(const S3TriggerArgs *managed, const S3Location *location)
{
	const S3Location *within = &managed->within_location;

	if (managed->within == NULL)
		return true;
	return location->scheme.len == within->scheme.len &&
		pg_strncasecmp(location->scheme.data, within->scheme.data, within->scheme.len) == 0 &&
		s3_slice_equal(location->bucket, within->bucket) &&
		location->key.len > within->key.len &&
		memcmp(location->key.data, within->key.data, within->key.len) == 0 &&
		!climbs(location->key);
}

/* Has it a segment ".."?  With s3store.normalize_keys, it could lead out of "within". */
static bool
climbs(S3Slice key)
{
	size_t		start = 0;

	for (size_t i = 0; i <= key.len; i++)
	{
		if (i < key.len && key.data[i] != '/')
			continue;
		if (i - start == 2 && key.data[start] == '.' && key.data[start + 1] == '.')
			return true;
		start = i + 1;
	}
	return false;
}
