/*-------------------------------------------------------------------------
 *
 * server_facts.c
 *	  What this session has learnt of the servers it talks to.
 *
 * Hosts are in the settings, so there are few.  There may be any number of
 * buckets: all learnt regions are forgotten at BUCKETS_MAX.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "backend/compat.h"
#include "base/error.h"
#include "client/server_facts.h"
#include "s3/retry.h"

#define BUCKETS_MAX			1000
#define BUCKET_NAME_MAX		(S3_SERVER_NAME_MAX + 260)

typedef struct BucketRegion
{
	char		name[BUCKET_NAME_MAX];	/* host/bucket */
	char		region[S3_REGION_MAX + 1];
} BucketRegion;

static HTAB *servers = NULL;
static HTAB *bucket_regions = NULL;

static HTAB *create_table(const char *name, size_t key_size, size_t entry_size);
static void bucket_name(const char *host, S3Slice bucket, char *name);

S3ServerFacts *
s3_server_facts_find(const char *host)
{
	char		name[S3_SERVER_NAME_MAX];
	S3ServerFacts *server;
	bool		found;

	if (servers == NULL)
		servers = create_table("s3store servers", sizeof(name), sizeof(S3ServerFacts));
	strlcpy(name, host, sizeof(name));
	server = hash_search(servers, name, HASH_ENTER, &found);
	if (!found)
	{
		server->clock_offset = 0;
		server->retry_tokens = S3_RETRY_TOKENS_MAX;
		server->no_conditional_put = false;
		server->no_delete_objects = false;
		server->exact_times = false;
	}
	return server;
}

const char *
s3_server_facts_bucket_region(const char *host, S3Slice bucket)
{
	char		name[BUCKET_NAME_MAX];
	BucketRegion *known;

	if (bucket_regions == NULL)
		return NULL;
	bucket_name(host, bucket, name);
	known = hash_search(bucket_regions, name, HASH_FIND, NULL);
	return known == NULL ? NULL : known->region;
}

void
s3_server_facts_learn_bucket_region(const char *host, S3Slice bucket, const char *region)
{
	char		name[BUCKET_NAME_MAX];
	BucketRegion *known;

	if (bucket_regions != NULL && hash_get_num_entries(bucket_regions) >= BUCKETS_MAX)
	{
		hash_destroy(bucket_regions);
		bucket_regions = NULL;
	}
	if (bucket_regions == NULL)
		bucket_regions = create_table("s3store bucket regions", sizeof(name),
									  sizeof(BucketRegion));
	bucket_name(host, bucket, name);
	known = hash_search(bucket_regions, name, HASH_ENTER, NULL);
	strlcpy(known->region, region, sizeof(known->region));
}

static HTAB *
create_table(const char *name, size_t key_size, size_t entry_size)
{
	HASHCTL		control = {0};

	control.keysize = key_size;
	control.entrysize = entry_size;
	control.hcxt = TopMemoryContext;
	return hash_create(name, 16, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static void
bucket_name(const char *host, S3Slice bucket, char *name)
{
	snprintf(name, BUCKET_NAME_MAX, "%s/%.*s", host, S3_SLICE_ARGS(bucket));
}
