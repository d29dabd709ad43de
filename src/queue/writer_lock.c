/*-------------------------------------------------------------------------
 *
 * writer_lock.c
 *	  Locks between transactions that write objects and workers that delete
 *	  them, and between workers.
 *
 * Guarantees: a worker waits for no writer, and no writer for a worker.  A
 * transaction has at most OBJECT_LOCKS_MAX locks on objects; when it writes
 * more, it locks their buckets instead.
 *
 * They are advisory locks.  Their class, which pg_locks shows as objsubid, is
 * not one of those of the SQL functions (1 and 2).
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/lock.h"

#include "queue/writer_lock.h"

#define OBJECT_LOCKS_MAX	256 /* of a transaction */

typedef enum LockClass
{
	LOCK_OBJECT = 3,
	LOCK_BUCKET,
	LOCK_SERVER,
	LOCK_HELPER
} LockClass;

static int	object_locks;		/* of this transaction, those on buckets
								 * included */

static void end_transaction(XactEvent event, void *arg);
static void set_tag(LOCKTAG *tag, LockClass class, int64 number);
static int64 bucket_number(const S3Location *location);
static bool is_held(LockClass class, int64 number);

void
s3_writer_lock_object(const S3Location *location)
{
	static bool registered = false;
	LOCKTAG		tag;

	if (!registered)
		RegisterXactCallback(end_transaction, NULL);
	registered = true;
	if (object_locks < OBJECT_LOCKS_MAX)
		set_tag(&tag, LOCK_OBJECT, s3_object_identity(location).object);
	else
		set_tag(&tag, LOCK_BUCKET, bucket_number(location));
	if (LockAcquire(&tag, ShareLock, false, false) == LOCKACQUIRE_OK)
		object_locks++;
}

static void
end_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		object_locks = 0;
}

bool
s3_writer_lock_is_held(const S3Location *location)
{
	return is_held(LOCK_OBJECT, s3_object_identity(location).object) ||
		is_held(LOCK_BUCKET, bucket_number(location));
}

bool
s3_writer_lock_server(int64 server)
{
	LOCKTAG		tag;

	set_tag(&tag, LOCK_SERVER, server);
	return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

void
s3_writer_lock_server_end(int64 server)
{
	LOCKTAG		tag;

	set_tag(&tag, LOCK_SERVER, server);
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
	return is_held(LOCK_SERVER, server);
}

static void
set_tag(LOCKTAG *tag, LockClass class, int64 number)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (number >> 32), (uint32) number, class);
}

/*
 * That of an object with an empty key; what a key prefix adds to it is the same
 * for all.
 */
static int64
bucket_number(const S3Location *location)
{
	S3Location	bucket = *location;

	bucket.key = s3_slice("", 0);
	return s3_object_identity(&bucket).object;
}

/*
 * Has another session the lock?  Does not wait, and leaves nothing locked.  The
 * mode conflicts with those in which the locks are taken, but not with itself,
 * so that sessions that ask at the same moment do not see each other.
 */
static bool
is_held(LockClass class, int64 number)
{
	LOCKTAG		tag;

	set_tag(&tag, class, number);
	if (LockAcquire(&tag, RowExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	(void) LockRelease(&tag, RowExclusiveLock, false);
	return false;
}
