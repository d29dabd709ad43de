/*-------------------------------------------------------------------------
 *
 * listing.h
 *	  A list of objects or of versions, fetched page by page.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_LISTING_H
#define S3STORE_LISTING_H

#include "base/date.h"
#include "client/call.h"
#include "s3/list_page.h"

typedef struct S3ListOptions
{
	const char *command;		/* the SQL function, such as "s3_list()" */
	text	   *url;			/* of a bucket, or of a prefix in it */
	bool		of_object;		/* "url" is of an object: list only its key */
	S3ListPageKind kind;
	const char *delimiter;		/* UTF-8; NULL or "": none */
	const char *start_after;	/* a key, or a URL in the same bucket, in
								 * UTF-8; NULL or "": from the start */
	int64		max_items;		/* -1: all */
	int			connections;	/* pages under way at a time, where there is
								 * no delimiter; 0 and 1: one after the other */
	bool		must_be_sorted; /* throws where the server's keys are not in
								 * the order of their bytes */
	const S3Fields *headers;	/* of every request, or NULL; must outlive the
								 * listing */
} S3ListOptions;

typedef struct S3Listing S3Listing;

/*
 * Starts a list; the options are copied.  Nothing is asked of the server yet.
 * Returns NULL when the URL means "no file"; throws for every other one that is
 * not of a configured endpoint.  The listing lives in the current memory
 * context; between two calls it uses nothing but memory.
 */
extern S3Listing *s3_listing_start(const S3ListOptions *options);

/*
 * Returns the next entry, which is valid until the next call, or NULL at the
 * end.  Entries come in the order of their keys' bytes.  SQL may run between
 * two calls.  Throws when the server fails, when its list does not go on, and
 * when the query is cancelled.
 */
extern const S3ListItem *s3_listing_next(S3Listing *listing);

/*
 * For callers that send the requests for pages together with others.
 * s3_listing_next_of_page is s3_listing_next, but returns NULL at the end of a
 * page, too.  While s3_listing_goes_on, s3_listing_open_page opens the request
 * for the page behind the current one, in the current memory context.  When the
 * current page has come to its end, s3_listing_take_page gets the answer, and
 * throws when that is no page; s3_listing_try_take_page returns false then.
 */
extern const S3ListItem *s3_listing_next_of_page(S3Listing *listing);
extern bool s3_listing_goes_on(const S3Listing *listing);
extern void s3_listing_open_page(S3Listing *listing, S3Call *call);
extern void s3_listing_take_page(S3Listing *listing, const S3Call *call,
								 const S3HttpResponse *response);
extern bool s3_listing_try_take_page(S3Listing *listing, const S3HttpResponse *response,
									 S3Error *err);

/*
 * Adds the query of a list (ListObjectsV2 or ListObjectVersions) of the keys on
 * the server that begin with "prefix", which is not copied.
 */
extern void s3_listing_add_query(S3Call *call, const char *prefix, int max_keys);

/* Throws 22023 for a number of connections that is none. */
extern int	s3_listing_check_connections(int connections);

/*
 * Returns the URL of an entry: the scheme as the caller wrote it, the bucket,
 * and the key without the endpoint's prefix.  Where the key does not fit the
 * database's encoding, no text is its URL: it is written with escapes
 * (s3_text_fitted), and a WARNING says so; s3_listing_try_url returns false
 * instead.  s3_listing_key_url is for the key of a URL that the database has.
 */
extern text *s3_listing_url(S3Listing *listing, const S3ListItem *item);
extern bool s3_listing_try_url(const S3Listing *listing, const S3ListItem *item, text **url);
extern text *s3_listing_key_url(const S3Listing *listing, S3Slice key);

/* When an entry was written; the server must have told. */
static inline TimestampTz
s3_list_item_modified(const S3ListItem *item)
{
	return item->last_modified - S3_EPOCH_SECONDS * USECS_PER_SEC;
}

#endif							/* S3STORE_LISTING_H */
