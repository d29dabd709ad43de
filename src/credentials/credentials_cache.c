/*-------------------------------------------------------------------------
 *
 * credentials_cache.c
 *	  Temporary keys that were fetched, kept until they are renewed.
 *
 * Guarantees: the keys have one place in memory, wiped when they are replaced
 * and at exit.  Keys that still hold are never given up for a service that is
 * in trouble: the server's log tells of it.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <time.h>

#include "access/xact.h"
#include "lib/ilist.h"
#include "storage/ipc.h"
#include "utils/memutils.h"

#include "base/random.h"
#include "credentials/credentials_cache.h"
#include "credentials/credentials_refresh.h"

#define KEPT_MAX	16			/* origins that a session remembers */

typedef struct KeptKeys
{
	dlist_node	node;
	char	   *origin;
	S3CredentialsRefresh schedule;
	S3AccessKeys keys;
	TimestampTz failed_in;		/* the statement that got the error, or 0 */
	S3Error		err;
} KeptKeys;

/* Most recently used first. */
static dlist_head kept_list = DLIST_STATIC_INIT(kept_list);
static int	kept_count;

static KeptKeys *find_kept(const char *origin);
static KeptKeys *keep_new(const char *origin);
static void drop_least_used(void);
static void wipe_all(int code, Datum arg);
static bool renew(KeptKeys *kept, S3CredentialsFetch fetch, const void *service, int64 now);
static bool fetch_keys(S3CredentialsFetch fetch, const void *service, int64 now, S3AccessKeys *keys,
					   S3Error *err);

const S3AccessKeys *
s3_credentials_cache_find(const char *origin, S3CredentialsFetch fetch, const void *service, S3Error *err)
{
	KeptKeys   *kept = find_kept(origin);
	int64		now = (int64) time(NULL);

	if (kept == NULL)
		kept = keep_new(origin);
	if (!s3_credentials_refresh_is_due(&kept->schedule, now))
		return &kept->keys;
	if (!s3_credentials_refresh_is_usable(&kept->schedule, now) && kept->failed_in != 0 &&
		kept->failed_in == GetCurrentStatementStartTimestamp())
	{
		*err = kept->err;
		return NULL;
	}
	if (!renew(kept, fetch, service, now) &&
		!s3_credentials_refresh_is_usable(&kept->schedule, (int64) time(NULL)))
	{
		*err = kept->err;
		return NULL;
	}
	return &kept->keys;
}

static KeptKeys *
find_kept(const char *origin)
{
	dlist_iter	iter;

	dlist_foreach(iter, &kept_list)
	{
		KeptKeys   *kept = dlist_container(KeptKeys, node, iter.cur);

		if (strcmp(kept->origin, origin) == 0)
		{
			dlist_move_head(&kept_list, &kept->node);
			return kept;
		}
	}
	return NULL;
}

static KeptKeys *
keep_new(const char *origin)
{
	static bool exit_registered = false;
	KeptKeys   *kept;

	if (!exit_registered)
	{
		on_proc_exit(wipe_all, 0);
		exit_registered = true;
	}
	if (kept_count >= KEPT_MAX)
		drop_least_used();

	kept = MemoryContextAllocZero(TopMemoryContext, sizeof(KeptKeys));
	kept->origin = MemoryContextStrdup(TopMemoryContext, origin);
	dlist_push_head(&kept_list, &kept->node);
	kept_count++;
	return kept;
}

static void
drop_least_used(void)
{
	KeptKeys   *kept = dlist_tail_element(KeptKeys, node, &kept_list);

	dlist_delete(&kept->node);
	kept_count--;
	explicit_bzero(&kept->keys, sizeof(kept->keys));
	pfree(kept->origin);
	pfree(kept);
}

static void
wipe_all(int code, Datum arg)
{
	dlist_iter	iter;

	dlist_foreach(iter, &kept_list)
	{
		KeptKeys   *kept = dlist_container(KeptKeys, node, iter.cur);

		memset(&kept->schedule, 0, sizeof(kept->schedule));
		explicit_bzero(&kept->keys, sizeof(kept->keys));
	}
}

/* A cancel that is thrown out of here leaves what was kept. */
static bool
renew(KeptKeys *kept, S3CredentialsFetch fetch, const void *service, int64 now)
{
	S3AccessKeys keys;

	kept->schedule.attempted_at = now;
	if (fetch_keys(fetch, service, now, &keys, &kept->err))
	{
		explicit_bzero(&kept->keys, sizeof(kept->keys));
		kept->keys = keys;
		explicit_bzero(&keys, sizeof(keys));
		kept->failed_in = 0;
		s3_credentials_refresh_set(&kept->schedule, kept->keys.expires_at, now,
								   s3_random_fraction());
		return true;
	}
	kept->failed_in = GetCurrentStatementStartTimestamp();
	if (s3_credentials_refresh_is_usable(&kept->schedule, now))
		ereport(LOG,
				(errmsg("keeping the access keys that were fetched before: %s",
						kept->err.message),
				 kept->err.detail[0] == '\0' ? 0 : errdetail_internal("%s", kept->err.detail)));
	return false;
}

/* What the service allocates goes with it. */
static bool
fetch_keys(S3CredentialsFetch fetch, const void *service, int64 now, S3AccessKeys *keys, S3Error *err)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store key service",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	bool		good = fetch(service, keys, err);

	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
	if (!good || keys->expires_at > now)
		return good;
	explicit_bzero(keys, sizeof(*keys));
	return s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "the keys that came have expired already");
}
