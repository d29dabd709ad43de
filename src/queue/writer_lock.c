/*-------------------------------------------------------------------------
 *
 * writer_lock.c
 *	  Locks between transactions that write objects and workers that delete
 *	  them, and between workers.
 *
 * Guarantees: a worker waits for no writer, and for another worker only while
 * that one claims.  A transaction has at most OBJECT_LOCKS_MAX locks on
 * objects; when it writes more, it locks their buckets instead.
 *
 * They are advisory locks.  Their class, which pg_locks shows as objsubid, is
 * not one of those of the SQL functions (1 and 2).
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/lock.h"

#include "queue/queue.h"
#include "queue/writer_lock.h"
#include "settings/settings.h"

#define OBJECT_LOCKS_MAX	256 /* of a transaction */

typedef enum LockClass
{
	LOCK_OBJECT = 3,
	LOCK_BUCKET,
	LOCK_CLAIM,
	LOCK_CLAIMING				/* one for all: the number is 0 */
} LockClass;

static int	object_locks;		/* of this transaction, those on buckets
								 * included */

static void lock_object(const S3Location *location, int64 object);
static void end_transaction(XactEvent event, void *arg);
static void set_tag(LOCKTAG *tag, LockClass class, int64 number);
static int64 bucket_number(const S3Location *location);
static bool is_held(LockClass class, int64 number);
static bool wait_for_claim(const S3Claim *claim, S3Claim *lost);

S3WriterLock
s3_writer_lock_object(const S3Location *location)
{
	int64		object = s3_queue_object(location);
	bool		waited = false;
	S3Claim		claim;
	S3Claim		lost = {0};

	if (!OidIsValid(s3_queue_table()))
		return S3_WRITER_LOCKED;
	lock_object(location, object);
	while (s3_queue_find(object, &claim))
	{
		if (wait_for_claim(&claim, &lost))
		{
			waited = true;
			continue;
		}
		s3_queue_cancel(object);
		return claim.number != 0 || claim.unsure_until != 0 ? S3_WRITER_TOO_LATE : S3_WRITER_LOCKED;
	}
	return waited ? S3_WRITER_TOO_LATE : S3_WRITER_LOCKED;
}

static void
lock_object(const S3Location *location, int64 object)
{
	static bool registered = false;
	LOCKTAG		tag;

	if (!registered)
		RegisterXactCallback(end_transaction, NULL);
	registered = true;
	if (object_locks < OBJECT_LOCKS_MAX)
		set_tag(&tag, LOCK_OBJECT, object);
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
	return is_held(LOCK_OBJECT, s3_queue_object(location)) ||
		is_held(LOCK_BUCKET, bucket_number(location));
}

void
s3_writer_lock_claim(int64 claim)
{
	LOCKTAG		tag;

	set_tag(&tag, LOCK_CLAIM, claim);
	(void) LockAcquire(&tag, ExclusiveLock, true, false);
}

void
s3_writer_lock_claim_end(int64 claim)
{
	LOCKTAG		tag;

	set_tag(&tag, LOCK_CLAIM, claim);
	(void) LockRelease(&tag, ExclusiveLock, true);
}

void
s3_writer_lock_claiming(void)
{
	LOCKTAG		tag;

	set_tag(&tag, LOCK_CLAIMING, 0);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}

bool
s3_writer_lock_claim_is_free(int64 claim)
{
	return !is_held(LOCK_CLAIM, claim);
}

static void
set_tag(LOCKTAG *tag, LockClass class, int64 number)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (number >> 32), (uint32) number, class);
}

/* That of an object with an empty key. */
static int64
bucket_number(const S3Location *location)
{
	S3Location	bucket = *location;

	bucket.key = s3_slice("", 0);
	return s3_queue_object(&bucket);
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

/*
 * Returns false when there is nothing to wait for: no worker is deleting the
 * object, and no server can be executing a DELETE any more.  When the claiming
 * worker has died, nobody knows when it sent its last DELETE, so the grace
 * period starts when we notice that; "lost" is the claim of that worker.
 */
static bool
wait_for_claim(const S3Claim *claim, S3Claim *lost)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz until = claim->unsure_until;
	LOCKTAG		tag;

	if (claim->number != 0 && claim->number != lost->number)
	{
		set_tag(&tag, LOCK_CLAIM, claim->number);
		if (LockAcquire(&tag, ShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
			(void) LockAcquire(&tag, ShareLock, false, false);
		else
		{
			lost->number = claim->number;
			lost->unsure_until = now + s3_settings_grace() * INT64CONST(1000);
		}
		(void) LockRelease(&tag, ShareLock, false);
		return true;
	}
	if (claim->number != 0)
		until = Max(until, lost->unsure_until);
	if (until <= now)
		return false;
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 TimestampDifferenceMilliseconds(now, until) + 1, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	return true;
}
