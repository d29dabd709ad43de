/*-------------------------------------------------------------------------
 *
 * server_facts.h
 *	  What this session has learnt of the servers it talks to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SERVER_FACTS_H
#define S3STORE_SERVER_FACTS_H

#include "base/base.h"

#define S3_SERVER_NAME_MAX	320 /* host and port */
#define S3_DENIED_BUCKET_MAX	64

typedef struct S3ServerFacts
{
	char		name[S3_SERVER_NAME_MAX];
	int64		clock_offset;	/* seconds that its clock is ahead of ours */
	int			retry_tokens;	/* what is left of the budget for retries */
	bool		no_conditional_put; /* does not know If-None-Match on a PUT */
	bool		no_delete_objects;	/* does not know DeleteObjects */
	bool		no_grants;		/* does not know ACLs */
	bool		exact_times;	/* its lists have fractions of seconds */
	bool		transcodes;		/* what is stored gzipped comes decompressed,
								 * unless gzip is accepted */
	char		denied_bucket[S3_DENIED_BUCKET_MAX];	/* where access was
														 * denied last */
	uint64		denied_with;	/* by these settings */
} S3ServerFacts;

/*
 * Returns what is known of a server, by the host of an endpoint; the caller
 * may change it.  Lives as long as the session.
 */
extern S3ServerFacts *s3_server_facts_find(const char *host);

/*
 * Was access denied in that bucket, with the settings of that generation?  Only the last such bucket is known.
 */
extern bool s3_server_facts_knows_denial(const char *host, S3Slice bucket, uint64 generation);
extern void s3_server_facts_learn_denial(const char *host, S3Slice bucket, uint64 generation);

/* The region of a bucket there, if it is another than was configured, or NULL. */
extern const char *s3_server_facts_bucket_region(const char *host, S3Slice bucket);
extern void s3_server_facts_learn_bucket_region(const char *host, S3Slice bucket,
												const char *region);

/* Has the server been asked whether the bucket is there, and not said that it is not? */
extern bool s3_server_facts_bucket_asked(const char *host, S3Slice bucket);
extern void s3_server_facts_learn_bucket_asked(const char *host, S3Slice bucket);

#endif							/* S3STORE_SERVER_FACTS_H */
