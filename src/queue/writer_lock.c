/*-------------------------------------------------------------------------
 *
 * writer_lock.c
 *	  Locks between sessions that store under the same name, and between
 *	  workers.
 *
 * Guarantees: nobody waits for any of them for longer than it takes to look at one.
 *
 * They are advisory locks.  Their class, which pg_locks shows as objsubid, is
 * not one of those of the SQL functions (1 and 2).  Those that protect deletions
 * are not in the lock method of these functions either: pg_advisory_unlock_all(),
 * in a function of a table's owner, does not release them.  The rollback of a
 * transaction does.  PostgreSQL has such locks in transactions only, and so does
 * not release them when a session ends between two: we do that.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lock.h"

#include "backend/compat.h"
#include "queue/writer_lock.h"

typedef enum LockClass
{
	LOCK_NAME = 3,
	LOCK_SERVER,
	LOCK_HELPER,
	LOCK_CLAIMS
} LockClass;

static void release_at_exit(void);
static void release_all(int code, Datum arg);
static void set_own_tag(LOCKTAG *tag, LockClass class, int64 number);
static bool is_held(LOCKTAG *tag, LOCKMODE conflicting);
static void set_tag(LOCKTAG *tag, LockClass class, int64 number);

bool
s3_writer_lock_name(int64 object)
{
	LOCKTAG		tag;
	LockAcquireResult result;

	set_tag(&tag, LOCK_NAME, object);
	result = LockAcquire(&tag, ExclusiveLock, false, true);
	if (result != LOCKACQUIRE_ALREADY_HELD)
		return result != LOCKACQUIRE_NOT_AVAIL;
	/* Another element of an array is storing under it. */
	(void) LockRelease(&tag, ExclusiveLock, false);
	return false;
}

void
s3_writer_lock_name_end(int64 object)
{
	LOCKTAG		tag;

	set_tag(&tag, LOCK_NAME, object);
	(void) LockRelease(&tag, ExclusiveLock, false);
}

bool
s3_writer_lock_server(int64 server)
{
	LOCKTAG		tag;

	release_at_exit();
	set_own_tag(&tag, LOCK_SERVER, server);
	return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

void
s3_writer_lock_server_end(int64 server)
{
	LOCKTAG		tag;

	set_own_tag(&tag, LOCK_SERVER, server);
	(void) LockRelease(&tag, ExclusiveLock, true);
}

bool
s3_writer_lock_helper(void)
{
	for (int i = 0; i < S3_HELPERS_MAX; i++)
	{
		LOCKTAG		tag;

		set_tag(&tag, LOCK_HELPER, i);
		if (LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL)
			return true;
	}
	return false;
}

bool
s3_writer_lock_helper_is_free(void)
{
	for (int i = 0; i < S3_HELPERS_MAX; i++)
	{
		LOCKTAG		tag;

		set_tag(&tag, LOCK_HELPER, i);
		if (LockAcquire(&tag, RowExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
			continue;
		(void) LockRelease(&tag, RowExclusiveLock, true);
		return true;
	}
	return false;
}

bool
s3_writer_lock_server_is_held(int64 server)
{
	LOCKTAG		tag;

	set_own_tag(&tag, LOCK_SERVER, server);
	return is_held(&tag, RowExclusiveLock);
}

void
s3_writer_lock_claims(bool session)
{
	LOCKTAG		tag;

	if (session)
		release_at_exit();
	set_own_tag(&tag, LOCK_CLAIMS, 0);
	(void) LockAcquire(&tag, RowExclusiveLock, session, false);
}

void
s3_writer_lock_claims_end(void)
{
	LOCKTAG		tag;

	set_own_tag(&tag, LOCK_CLAIMS, 0);
	(void) LockRelease(&tag, RowExclusiveLock, true);
}

bool
s3_writer_lock_claims_is_mine(void)
{
	LOCKTAG		tag;

	set_own_tag(&tag, LOCK_CLAIMS, 0);
	return IsLockHeldByMe(&tag, RowExclusiveLock);
}

bool
s3_writer_lock_claims_are_held(void)
{
	LOCKTAG		tag;

	set_own_tag(&tag, LOCK_CLAIMS, 0);
	return is_held(&tag, ShareLock);
}

/*
 * Does not wait, and leaves nothing locked.  The mode conflicts with that in
 * which the lock is taken, but not with itself, so that sessions that ask at the
 * same moment do not see each other.
 */
static bool
is_held(LOCKTAG *tag, LOCKMODE conflicting)
{
	if (LockAcquire(tag, conflicting, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	(void) LockRelease(tag, conflicting, false);
	return false;
}

static void
release_at_exit(void)
{
	static bool registered = false;

	if (!registered)
		before_shmem_exit(release_all, (Datum) 0);
	registered = true;
}

/* A transaction that is open is rolled back next, which releases them. */
static void
release_all(int code, Datum arg)
{
	if (!IsTransactionOrTransactionBlock())
		LockReleaseAll(DEFAULT_LOCKMETHOD, true);
}

static void
set_tag(LOCKTAG *tag, LockClass class, int64 number)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (number >> 32), (uint32) number, class);
}

static void
set_own_tag(LOCKTAG *tag, LockClass class, int64 number)
{
	set_tag(tag, class, number);
	tag->locktag_lockmethodid = DEFAULT_LOCKMETHOD;
}
