/*-------------------------------------------------------------------------
 *
 * writer_lock.c
 *	  The locks between those who write objects and those who delete queued
 *	  ones, and among the latter.
 *
 * Guarantees: a worker waits for no writer, and for another worker only while
 * that one claims; nobody keeps more than HELD_OBJECTS_MAX locks on objects: a
 * transaction that writes more of them holds their buckets instead.
 *
 * They are advisory locks, told from those of SQL functions (classes 1 and 2)
 * by their class, which pg_locks shows as objsubid.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/lock.h"

#include "queue/commit_hook.h"
#include "queue/queue.h"
#include "queue/writer_lock.h"
#include "settings/settings.h"

#define HELD_OBJECTS_MAX	256 /* of a transaction */

typedef enum LockClass
{
	LOCK_OBJECT = 3,
	LOCK_BUCKET,
	LOCK_CLAIM,
	LOCK_CLAIMING				/* of all who claim: the number is 0 */
} LockClass;

static int	held_objects;

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
	LOCKTAG		tag;

	if (!OidIsValid(s3_queue_table()))
		return S3_WRITER_LOCKED;
	if (held_objects < HELD_OBJECTS_MAX)
		set_tag(&tag, LOCK_OBJECT, object);
	else
		set_tag(&tag, LOCK_BUCKET, bucket_number(location));
	if (LockAcquire(&tag, ShareLock, false, false) == LOCKACQUIRE_OK)
	{
		held_objects++;
		s3_commit_hook_note_hold();
	}

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

void
s3_writer_lock_reset(void)
{
	held_objects = 0;
}

static void
set_tag(LOCKTAG *tag, LockClass class, int64 number)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (number >> 32), (uint32) number, class);
}

/* As if the bucket were an object with an empty key. */
static int64
bucket_number(const S3Location *location)
{
	S3Location	bucket = *location;

	bucket.key = s3_slice("", 0);
	return s3_queue_object(&bucket);
}

/*
 * By anybody else; does not wait, and keeps nothing.  The mode is one that
 * conflicts with those of the holders, but not with itself: several may ask at
 * the same moment.
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
 * Returns false when there is nothing to wait for: no worker is at it, and no
 * request can be under way any more.  When a worker that is gone has sent his
 * last one nobody knows, so its time counts from when he was missed: "lost" is
 * his claim.
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
