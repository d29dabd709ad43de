/*-------------------------------------------------------------------------
 *
 * privileges.c
 *	  The roles, and who may do what.
 *
 * The roles belong to the cluster: the first CREATE EXTENSION in it makes
 * them, and DROP EXTENSION leaves them, for other databases may use them.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#include "settings/privileges.h"

PG_FUNCTION_INFO_V1(s3store_create_roles);

typedef struct Role
{
	const char *name;
	const char *create;
	const char *comment;
} Role;

/* Who was found to have the privileges of a role last. */
typedef struct Granted
{
	Oid			user;
	uint64		generation;		/* 0: nobody yet */
} Granted;

/* Counts the changes of roles that this backend has heard of. */
static uint64 roles_generation = 0;

static bool roles_missing(void);
static void create_role(const Role *role);
static void execute(const char *command);
static void require_role(const char *name, const char *what, const char *command,
						 Granted *granted);
static bool has_role(const char *name);
static void watch_roles(void);
static void note_change(Datum arg, int cache, uint32 hash);

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

void
s3_privileges_require_read(const char *command)
{
	static Granted granted;

	require_role(S3_ROLE_READ, "read objects, or make links that do", command, &granted);
}

void
s3_privileges_require_write(const char *command)
{
	static Granted granted;

	require_role(S3_ROLE_WRITE, "change objects, or make links that do", command, &granted);
}

bool
s3_privileges_may_write(Oid user)
{
	Oid			role = get_role_oid(S3_ROLE_WRITE, true);

	return OidIsValid(role) ? has_privs_of_role(user, role) : superuser_arg(user);
}

void
s3_privileges_require_copy(const char *command)
{
	s3_privileges_require_read(command);
	s3_privileges_require_write(command);
}

/* A link to make a copy may give it to everybody. */
void
s3_privileges_require_for(const S3Operation *operation, const char *command)
{
	if (operation->id == S3_COPY_OBJECT)
		s3_privileges_require_copy(command);
	else if (operation->read_only)
		s3_privileges_require_read(command);
	else
		s3_privileges_require_write(command);
}

/*
 * Asked for each link, so the last answer stands as long as the current user
 * is the same and no role has changed.  The backend hears of changes when it
 * begins a statement or locks a table, as it does of all catalogs.
 */
static void
require_role(const char *name, const char *what, const char *command, Granted *granted)
{
	Oid			user = GetUserId();
	uint64		generation;

	if (granted->generation == roles_generation && granted->user == user &&
		granted->generation != 0)
		return;

	watch_roles();
	/* What changes while we look makes an old answer of this one. */
	generation = roles_generation;
	granted->generation = 0;
	if (has_role(name))
	{
		granted->user = user;
		granted->generation = generation;
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for %s", command),
			 errdetail("Only roles with the privileges of role \"%s\" may %s.", name, what)));
}

/* The role may have been dropped; superusers do without. */
static bool
has_role(const char *name)
{
	Oid			role = get_role_oid(name, true);

	return OidIsValid(role) ? has_privs_of_role(GetUserId(), role) : superuser();
}

/* The catalogs that the server's own memory of memberships depends on. */
static void
watch_roles(void)
{
	if (roles_generation != 0)
		return;
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, note_change, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, note_change, (Datum) 0);
	CacheRegisterSyscacheCallback(DATABASEOID, note_change, (Datum) 0);
	roles_generation = 1;
}

static void
note_change(Datum arg, int cache, uint32 hash)
{
	roles_generation++;
}
