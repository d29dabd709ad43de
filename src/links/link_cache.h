/*-------------------------------------------------------------------------
 *
 * link_cache.h
 *	  The fast path of links: what does not change from row to row, kept for
 *	  each call of a function in a query.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_LINK_CACHE_H
#define S3STORE_LINK_CACHE_H

#include "client/call.h"
#include "s3/link.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* The arguments of a link, beside the URL; NULL where not given. */
typedef struct S3LinkArgs
{
	text	   *method;
	Interval   *expires;
	Jsonb	   *params;
	bool		at_given;
	TimestampTz signed_at;
} S3LinkArgs;

/* A link that the cache has made. */
typedef struct S3CachedLink
{
	const S3LinkPlan *plan;
	const S3LinkWork *work;
	const S3Operation *operation;
	const S3Fields *headers;
	uint64		args_serial;	/* as long as it is the same, so are operation
								 * and headers */
	int64		ends_at;		/* seconds since 1970 */
} S3CachedLink;

typedef struct S3LinkCache S3LinkCache;

/*
 * Returns the cache in a slot of "context"; NULL the first time, since there may
 * be no second row.
 */
extern S3LinkCache *s3_link_cache(S3LinkCache **slot, MemoryContext context);

/*
 * Makes a link.  Returns false, and has made none, where the request path has
 * to: with a URL of no bucket that was learned, with whatever is wrong, and with
 * anything but Signature Version 4.  Throws for arguments other than the URL,
 * and for want of the role; "command" is for the messages.  The link is valid
 * until the next call.
 */
extern bool s3_link_cache_make(S3LinkCache *cache, const char *command,
							   const S3LinkArgs *args, S3Slice url, S3CachedLink *link);

/* The same for the plain URL of an object. */
extern bool s3_link_cache_make_plain(S3LinkCache *cache, S3Slice url, S3CachedLink *link);

/*
 * Learns the bucket from a call for a link, or for a plain URL, that was opened
 * for this very URL.  A cache is for one kind only.
 */
extern void s3_link_cache_learn(S3LinkCache *cache, const S3Call *call, S3Slice url);
extern void s3_link_cache_learn_plain(S3LinkCache *cache, const S3Call *call, S3Slice url);

/* Returns the link as a text datum. */
extern text *s3_link_cache_text(const S3CachedLink *link);

#endif							/* S3STORE_LINK_CACHE_H */
