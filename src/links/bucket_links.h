/*-------------------------------------------------------------------------
 *
 * bucket_links.h
 *	  The buckets that a link cache has learned, each with its access keys and
 *	  its plan.  Private to link_cache.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_BUCKET_LINKS_H
#define S3STORE_BUCKET_LINKS_H

#include "client/call.h"
#include "client/signing_key.h"
#include "s3/link.h"
#include "utils/timestamp.h"

/* The times that decide whether a plan is still good. */
typedef struct S3LinkMoment
{
	TimestampTz statement;		/* when the one that runs has started */
	TimestampTz clock;
	int64		signing;		/* the time given, or else seconds since 1970 */
} S3LinkMoment;

/* A bucket of an endpoint, and the plan of links to its objects. */
typedef struct S3BucketLinks
{
	MemoryContext context;		/* of the strings; NULL: not in use */
	S3Slice		start;			/* of its URLs: "scheme://bucket/" */
	const S3Endpoint *endpoint;
	bool		literal;		/* keys on the server are those of the URLs */
	const char *key_prefix;

	/* What requests for all its objects have in common. */
	bool		tls;
	const char *host;
	const char *path;			/* up to the key */

	/* Who signs; the secret key itself is not kept. */
	S3Credentials keys;
	S3Fingerprint fingerprint;

	/* The plan, and what it was made for. */
	uint64		serial;			/* of the arguments; 0: no plan */
	S3LinkMoment moment;
	bool		usable;			/* the fast path can make these links */
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

/* In the current memory context: the buckets are wiped when it goes. */
extern void s3_bucket_links_init(S3BucketLinksList *buckets);

/* Returns what is known of the URL's bucket; NULL when nothing is. */
extern S3BucketLinks *s3_bucket_links_find(S3BucketLinksList *buckets, S3Slice url);

/*
 * Adds the URL's bucket, without a plan, instead of the oldest one where there
 * are too many.  Returns NULL when it is there already.
 */
extern S3BucketLinks *s3_bucket_links_add(S3BucketLinksList *buckets, const S3Endpoint *endpoint,
										  S3Slice url);

/*
 * Finds the key on the server, in the URL or in "buffer".  Returns false where
 * the request path has to look at it.
 */
extern bool s3_bucket_links_key(const S3BucketLinks *bucket, S3Slice url, StringInfo buffer,
								S3Slice *key);

/*
 * Looks up the credentials that sign, and returns their SigningKey for the day
 * of that time, which is valid until the next call.  NULL where there is none.
 */
extern const S3SigV4Key *s3_bucket_links_find_key(S3BucketLinks *bucket, int64 time);

#endif							/* S3STORE_BUCKET_LINKS_H */
