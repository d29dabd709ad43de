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

typedef struct S3ServerFacts
{
	char		name[S3_SERVER_NAME_MAX];
	int64		clock_offset;	/* seconds that its clock is ahead of ours */
	int			retry_tokens;	/* what is left of the budget for retries */
	bool		no_conditional_put; /* does not know If-None-Match on a PUT */
	bool		no_delete_objects;	/* does not know DeleteObjects */
	bool		exact_times;	/* its lists have fractions of seconds */
} S3ServerFacts;

/*
 * Returns what is known of a server, by the host of an endpoint; the caller
 * may change it.  Lives as long as the session.
 */
extern S3ServerFacts *s3_server_facts_find(const char *host);

/* The region of a bucket there, if it is another than was configured, or NULL. */
extern const char *s3_server_facts_bucket_region(const char *host, S3Slice bucket);
extern void s3_server_facts_learn_bucket_region(const char *host, S3Slice bucket,
												const char *region);

#endif							/* S3STORE_SERVER_FACTS_H */
