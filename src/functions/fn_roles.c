/*-------------------------------------------------------------------------
 *
 * fn_roles.c
 *	  The SQL functions that create the roles, and grant what SQL cannot in all
 *	  releases.
 *
 * The roles belong to the cluster: the first CREATE EXTENSION in it creates
 * them, and DROP EXTENSION leaves them, as other databases may use them.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "settings/privileges.h"

PG_FUNCTION_INFO_V1(s3store_create_roles);
PG_FUNCTION_INFO_V1(s3store_grant_token);

#define DATABASE_OWNER	"pg_database_owner" /* from PostgreSQL 14 on */

typedef struct Role
{
	const char *name;
	const char *create;
	const char *comment;
} Role;

static bool roles_missing(void);
static void create_role(const Role *role);
static char *database_owner(void);
static void execute(const char *command);

#define ROLE(name, comment) \
	{name, "CREATE ROLE " name " NOLOGIN", \
	 "COMMENT ON ROLE " name " IS '" comment "'"}

static const Role roles[] = {
	ROLE(S3_ROLE_READ, "reads S3 objects through s3store, and makes links to them"),
	ROLE(S3_ROLE_WRITE, "writes and deletes S3 objects through s3store"),
	ROLE(S3_ROLE_ADMIN, "administers s3store"),
};

/*
 * Creates the roles that do not exist yet.  Called by the install script,
 * which drops it right after: it runs as whoever creates the extension.
 */
Datum
s3store_create_roles(PG_FUNCTION_ARGS)
{
	if (!roles_missing())
		PG_RETURN_VOID();

	/*
	 * Two databases may be installing at the same moment.  CREATE ROLE of the
	 * other one waits for this lock, and we see its roles once we have it.
	 */
	LockRelationOid(AuthIdRelationId, ShareRowExclusiveLock);

	SPI_connect();
	for (int i = 0; i < lengthof(roles); i++)
		if (!OidIsValid(get_role_oid(roles[i].name, true)))
			create_role(&roles[i]);
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * Lets the owner of the database read s3_writer: pg_dump dumps it.  Called by the
 * install script, likewise.
 */
Datum
s3store_grant_token(PG_FUNCTION_ARGS)
{
	SPI_connect();
	execute(psprintf("GRANT SELECT ON TABLE s3_writer TO %s",
					 OidIsValid(get_role_oid(DATABASE_OWNER, true)) ? DATABASE_OWNER :
					 quote_identifier(database_owner())));
	SPI_finish();
	PG_RETURN_VOID();
}

static char *
database_owner(void)
{
	HeapTuple	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
	owner = ((Form_pg_database) GETSTRUCT(tuple))->datdba;
	ReleaseSysCache(tuple);
	return GetUserNameFromId(owner, false);
}

static bool
roles_missing(void)
{
	for (int i = 0; i < lengthof(roles); i++)
		if (!OidIsValid(get_role_oid(roles[i].name, true)))
			return true;
	return false;
}

static void
create_role(const Role *role)
{
	execute(role->create);
	execute(role->comment);
}

static void
execute(const char *command)
{
	int			result = SPI_execute(command, false, 0);

	if (result != SPI_OK_UTILITY)
		elog(ERROR, "could not execute \"%s\": %s", command,
			 SPI_result_code_string(result));
}
