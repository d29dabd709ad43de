/*-------------------------------------------------------------------------
 *
 * bucket_links.h
 *	  The buckets that a link cache has learned, each with its keys and its plan.
 *	  Private to link_cache.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_BUCKET_LINKS_H
#define S3STORE_BUCKET_LINKS_H

#include "client/call.h"
#include "s3/link.h"
#include "utils/timestamp.h"

/* When a link is made, by all the clocks that matter. */
typedef struct S3LinkMoment
{
	TimestampTz statement;		/* that runs */
	TimestampTz clock;
	int64		signing;		/* the time given, or else seconds since 1970 */
} S3LinkMoment;

/* A bucket of an endpoint, with the plan of its links. */
typedef struct S3BucketLinks
{
	MemoryContext context;		/* of all that is here; NULL: nothing is */
	S3Slice		start;			/* of its URLs: "scheme://bucket/" */
	const S3Endpoint *endpoint;
	bool		literal;		/* the key on the server is that of the URL */
	const char *key_prefix;

	/* What a request for an object has, whichever. */
	bool		tls;
	const char *host;
	const char *path;			/* up to the key */

	/* The keys, but for the secret one; and what is made of that. */
	S3Credentials keys;
	uint8		mark[S3_SHA256_LEN];	/* differs where any of them does */
	S3SigV4Key	signing_key;

	/* The plan, and what it was made for. */
	uint64		serial;			/* of the arguments; 0: no plan */
	S3LinkMoment moment;
	bool		usable;			/* these links are made here */
	int64		ends_at;
	S3LinkPlan	plan;
} S3BucketLinks;

typedef struct S3BucketLinksList
{
	MemoryContext context;
	S3BucketLinks *items;
	S3BucketLinks *last;		/* the one used last */
	int			next;			/* the one to replace */
} S3BucketLinksList;

/* In the current memory context, with which the places are wiped. */
extern void s3_bucket_links_init(S3BucketLinksList *places);

/* Returns the place of the URL's bucket; NULL when it has not been learned. */
extern S3BucketLinks *s3_bucket_links_find(S3BucketLinksList *places, S3Slice url);

/*
 * Adds the place of the URL's bucket, instead of the oldest one where there
 * are too many; its plan is empty.  Returns NULL when there is one already.
 */
extern S3BucketLinks *s3_bucket_links_add(S3BucketLinksList *places, const S3Endpoint *endpoint,
										  S3Slice url);

/*
 * The key on the server, in the URL or in "buffer".  Returns false where the
 * general way has to look at it.
 */
extern bool s3_bucket_links_key(const S3BucketLinks *place, S3Slice url, StringInfo buffer,
								S3Slice *key);

/*
 * Finds the keys for links of that time; derives the signing key anew only
 * where it is another one.  Returns false when that fails.
 */
extern bool s3_bucket_links_look_up_keys(S3BucketLinks *place, int64 time);

#endif							/* S3STORE_BUCKET_LINKS_H */
