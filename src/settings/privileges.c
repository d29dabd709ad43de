/*-------------------------------------------------------------------------
 *
 * privileges.c
 *	  The roles, and who may do what.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#include "settings/privileges.h"

/* The user who was last found to have the privileges of a role. */
typedef struct Granted
{
	Oid			user;
	uint64		generation;		/* 0: nobody yet */
} Granted;

/* Counts the changes of roles that this backend has heard of. */
static uint64 roles_generation = 0;

static void require_role(const char *name, const char *what, const char *command,
						 Granted *granted);
static bool has_role(const char *name);
static void watch_roles(void);
static void note_change(Datum arg, int cache, uint32 hash);

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
 * Called for each link, so the last answer is kept as long as the current user
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
	/* A change during the look-up makes the answer an old one. */
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

/* Without the role, which may have been dropped, only superusers may. */
static bool
has_role(const char *name)
{
	Oid			role = get_role_oid(name, true);

	return OidIsValid(role) ? has_privs_of_role(GetUserId(), role) : superuser();
}

/* The catalogs on which the server's own cache of memberships depends. */
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
