/*-------------------------------------------------------------------------
 *
 * credentials_cache.c
 *	  Temporary access keys that were fetched, kept until they are renewed.
 *
 * Keys that have not expired are used on when the service that should renew
 * them fails; the server's log says so.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <time.h>

#include "access/xact.h"
#include "utils/memutils.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "base/random.h"
#include "credentials/credentials_cache.h"
#include "credentials/credentials_refresh.h"
#include "credentials/secret_cache.h"

typedef struct FetchedKeys
{
	S3SecretCacheEntry entry;
	S3CredentialsRefresh schedule;
	TimestampTz failed_in;		/* the statement that got the error, or 0 */
	S3Error		err;
} FetchedKeys;

static S3SecretCache cache = S3_SECRET_CACHE_INIT(cache, FetchedKeys);

static bool renew(FetchedKeys *kept, const S3CredentialsService *service, const void *request,
				  int64 now);
static bool fetch(const S3CredentialsService *service, const void *request, int64 now,
				  S3AccessKeys *keys, S3Error *err);
static bool name_service(const S3CredentialsService *service, S3Error *err);

const S3AccessKeys *
s3_credentials_cache_find(const S3CredentialsService *service, const char *origin,
						  const void *request, S3Error *err)
{
	FetchedKeys *kept = s3_secret_cache_find(&cache, service->name, origin);
	int64		now = (int64) time(NULL);
	bool		usable = s3_credentials_refresh_is_usable(&kept->schedule, now);

	if (!s3_credentials_refresh_is_due(&kept->schedule, now))
		return &kept->entry.keys;
	if (usable || kept->failed_in == 0 ||
		kept->failed_in != GetCurrentStatementStartTimestamp())
		usable = renew(kept, service, request, now) ||
			s3_credentials_refresh_is_usable(&kept->schedule, (int64) time(NULL));
	if (usable)
		return &kept->entry.keys;
	*err = kept->err;
	return NULL;
}

/* Keeps the old keys when it fails, or when the query is cancelled meanwhile. */
static bool
renew(FetchedKeys *kept, const S3CredentialsService *service, const void *request, int64 now)
{
	S3AccessKeys keys;

	kept->schedule.attempted_at = now;
	if (fetch(service, request, now, &keys, &kept->err))
	{
		s3_secret_cache_replace(&kept->entry, &keys);
		kept->failed_in = 0;
		s3_credentials_refresh_set(&kept->schedule, kept->entry.keys.expires_at, now,
								   s3_random_fraction());
		return true;
	}
	kept->failed_in = GetCurrentStatementStartTimestamp();
	if (s3_credentials_refresh_is_usable(&kept->schedule, now))
		ereport(LOG,
				(errmsg("keeping the access keys that were fetched before: %s",
						s3_error_message(&kept->err)),
				 kept->err.detail[0] == '\0' ? 0 :
				 errdetail_internal("%s", s3_error_text(kept->err.detail))));
	return false;
}

/* Frees what the service allocates. */
static bool
fetch(const S3CredentialsService *service, const void *request, int64 now, S3AccessKeys *keys,
	  S3Error *err)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store key service",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	bool		good = service->fetch(request, keys, err);

	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
	if (good && keys->expires_at <= now)
	{
		explicit_bzero(keys, sizeof(*keys));
		good = s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
							"the access keys that it gave have already expired");
	}
	return good || name_service(service, err);
}

static bool
name_service(const S3CredentialsService *service, S3Error *err)
{
	char		message[S3_ERROR_MESSAGE_MAX];

	strlcpy(message, err->message, sizeof(message));
	snprintf(err->message, sizeof(err->message), "could not get access keys from %s: %s",
			 service->name, message);
	return false;
}
