/*-------------------------------------------------------------------------
 *
 * link_cache.h
 *	  Links for whole tables: what does not change from row to row, kept for
 *	  each place in a query that makes links.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_LINK_CACHE_H
#define S3STORE_LINK_CACHE_H

#include "client/call.h"
#include "s3/link.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* What a link is made with, beside the URL; NULL where it is not given. */
typedef struct S3LinkArgs
{
	text	   *method;
	Interval   *expires;
	Jsonb	   *params;
	bool		at_given;
	TimestampTz signed_at;
} S3LinkArgs;

/* A link, as the cache has made it. */
typedef struct S3CachedLink
{
	const S3LinkPlan *plan;
	const S3LinkWork *work;
	const S3Operation *operation;
	const S3Fields *headers;
	uint64		args_serial;	/* the two before are the same as long as it
								 * is */
	int64		ends_at;		/* seconds since 1970 */
} S3CachedLink;

typedef struct S3LinkCache S3LinkCache;

/*
 * Returns the cache of a place in a query, whose slot is in "context"; NULL
 * the first time, when nobody knows whether there will be more rows.
 */
extern S3LinkCache *s3_link_cache(S3LinkCache **slot, MemoryContext context);

/*
 * Makes a link, the same as the rooms behind s3_call_open make.  Returns false,
 * and has made none, where it is for them: with a URL of no bucket that it has
 * learned, with whatever is wrong, and with anything but Signature Version 4.
 * Throws for arguments other than the URL, and for want of the role; "command"
 * is for the messages.  Valid until the next call.
 */
extern bool s3_link_cache_make(S3LinkCache *cache, const char *command,
							   const S3LinkArgs *args, S3Slice url, S3CachedLink *link);

/* The same for the plain URL of an object. */
extern bool s3_link_cache_make_plain(S3LinkCache *cache, S3Slice url, S3CachedLink *link);

/*
 * Learns from a link, or from a plain URL, that those rooms have made for this
 * very URL.  A cache is for one kind only.
 */
extern void s3_link_cache_learn(S3LinkCache *cache, const S3Call *call, S3Slice url);
extern void s3_link_cache_learn_plain(S3LinkCache *cache, const S3Call *call, S3Slice url);

/* Returns the link as a text datum. */
extern text *s3_link_cache_text(const S3CachedLink *link);

#endif							/* S3STORE_LINK_CACHE_H */
