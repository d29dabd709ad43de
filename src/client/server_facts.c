/*-------------------------------------------------------------------------
 *
 * server_facts.c
 *	  What this session has learnt of the servers it talks to.
 *
 * Hosts are in the settings, so there are few.  There may be any number of
 * buckets: all that was learnt of them is forgotten at BUCKETS_MAX.
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

#define GOOGLE_DOMAIN		".googleapis.com"
#define BUCKETS_MAX			1000
#define BUCKET_NAME_MAX		(S3_SERVER_NAME_MAX + 260)

typedef struct BucketFacts
{
	char		name[BUCKET_NAME_MAX];	/* host/bucket */
	char		region[S3_REGION_MAX + 1];	/* or "" */
	bool		asked;
} BucketFacts;

static HTAB *servers = NULL;
static HTAB *buckets = NULL;

static BucketFacts *find_bucket(const char *host, S3Slice bucket, HASHACTION action);
static bool is_google(const char *host);
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
		server->no_grants = false;
		server->denied_bucket[0] = '\0';
		server->denied_with = 0;
		server->exact_times = false;
		server->transcodes = is_google(name);
	}
	return server;
}

bool
s3_server_facts_knows_denial(const char *host, S3Slice bucket, uint64 generation)
{
	const S3ServerFacts *server = s3_server_facts_find(host);

	return server->denied_with == generation &&
		s3_slice_equal(bucket, s3_slice_cstring(server->denied_bucket));
}

/* A longer name is never known again. */
void
s3_server_facts_learn_denial(const char *host, S3Slice bucket, uint64 generation)
{
	S3ServerFacts *server = s3_server_facts_find(host);

	snprintf(server->denied_bucket, sizeof(server->denied_bucket), "%.*s", S3_SLICE_ARGS(bucket));
	server->denied_with = generation;
}

const char *
s3_server_facts_bucket_region(const char *host, S3Slice bucket)
{
	BucketFacts *known = find_bucket(host, bucket, HASH_FIND);

	return known == NULL || known->region[0] == '\0' ? NULL : known->region;
}

void
s3_server_facts_learn_bucket_region(const char *host, S3Slice bucket, const char *region)
{
	BucketFacts *known = find_bucket(host, bucket, HASH_ENTER);

	strlcpy(known->region, region, sizeof(known->region));
}

bool
s3_server_facts_bucket_asked(const char *host, S3Slice bucket)
{
	BucketFacts *known = find_bucket(host, bucket, HASH_FIND);

	return known != NULL && known->asked;
}

void
s3_server_facts_learn_bucket_asked(const char *host, S3Slice bucket)
{
	find_bucket(host, bucket, HASH_ENTER)->asked = true;
}

/* HASH_FIND returns NULL where nothing is known. */
static BucketFacts *
find_bucket(const char *host, S3Slice bucket, HASHACTION action)
{
	char		name[BUCKET_NAME_MAX];
	BucketFacts *known;
	bool		found;

	if (action == HASH_ENTER && buckets != NULL && hash_get_num_entries(buckets) >= BUCKETS_MAX)
	{
		hash_destroy(buckets);
		buckets = NULL;
	}
	if (buckets == NULL && action == HASH_FIND)
		return NULL;
	if (buckets == NULL)
		buckets = create_table("s3store buckets", sizeof(name), sizeof(BucketFacts));
	bucket_name(host, bucket, name);
	known = hash_search(buckets, name, action, &found);
	if (!found && known != NULL)
	{
		known->region[0] = '\0';
		known->asked = false;
	}
	return known;
}

/* Google Cloud Storage decompresses, and nobody else goes by these names. */
static bool
is_google(const char *host)
{
	size_t		len = strcspn(host, ":");
	size_t		domain_len = strlen(GOOGLE_DOMAIN);

	return len > domain_len &&
		pg_strncasecmp(host + len - domain_len, GOOGLE_DOMAIN, domain_len) == 0;
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
