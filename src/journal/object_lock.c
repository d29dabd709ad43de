/*-------------------------------------------------------------------------
 *
 * object_lock.c
 *	  Advisory locks on objects.
 *
 * They are PostgreSQL's advisory locks, of a class that the SQL functions do not
 * use.  Two objects may happen to share a lock; then one waits for the other.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lock.h"

#include "journal/object_lock.h"

#define LOCK_CLASS	0x5333		/* "S3" */

static void make_tag(const S3Call *call, LOCKTAG *tag);
static uint64 add_hash(uint64 hash, S3Slice part);
static LockAcquireResult lock_object(const S3Call *call, bool dont_wait);

void
s3_object_lock(const S3Call *call)
{
	(void) lock_object(call, false);
}

bool
s3_object_try_lock(const S3Call *call)
{
	return lock_object(call, true) != LOCKACQUIRE_NOT_AVAIL;
}

void
s3_object_unlock(const S3Call *call)
{
	LOCKTAG		tag;

	make_tag(call, &tag);
	(void) LockRelease(&tag, ExclusiveLock, !IsTransactionState());
}

static LockAcquireResult
lock_object(const S3Call *call, bool dont_wait)
{
	LOCKTAG		tag;

	make_tag(call, &tag);
	return LockAcquire(&tag, ExclusiveLock, !IsTransactionState(), dont_wait);
}

static void
make_tag(const S3Call *call, LOCKTAG *tag)
{
	uint64		hash = 0;

	hash = add_hash(hash, s3_slice_cstring(call->endpoint->scheme));
	hash = add_hash(hash, call->location.bucket);
	hash = add_hash(hash, s3_slice(call->key.data, call->key.len));
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (hash >> 32), (uint32) hash, LOCK_CLASS);
}

/* The seed is the hash of the parts before. */
static uint64
add_hash(uint64 hash, S3Slice part)
{
	return hash_bytes_extended((const unsigned char *) part.data, (int) part.len, hash);
}
