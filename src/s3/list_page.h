/*-------------------------------------------------------------------------
 *
 * list_page.h
 *	  One page of a list of objects or of versions, as a server sends it.
 *	  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_LIST_PAGE_H
#define S3STORE_LIST_PAGE_H

#include "base/error.h"

#define S3_LIST_ENTRIES_MAX	1000	/* of a page, S3's limit */

typedef enum S3ListKind
{
	S3_LIST_OBJECT,
	S3_LIST_PREFIX,				/* of keys that the delimiter folds */
	S3_LIST_VERSION,
	S3_LIST_DELETE_MARKER
} S3ListKind;

/* One entry.  The data of a slice is NULL when the server did not say it. */
typedef struct S3ListItem
{
	S3ListKind	kind;
	S3Slice		key;			/* decoded; as the server has it */
	int64		size;			/* of objects and versions */
	bool		has_last_modified;
	int64		last_modified;	/* microseconds since 1970, UTC */
	S3Slice		etag;			/* without its quotes */
	S3Slice		storage_class;
	S3Slice		version_id;
} S3ListItem;

/* What a page is of; it decides the root element. */
typedef enum S3ListPageKind
{
	S3_LIST_PAGE_OBJECTS,		/* ListObjectsV2 */
	S3_LIST_PAGE_VERSIONS		/* ListObjectVersions */
} S3ListPageKind;

/* The strings are palloc'd in one piece. */
typedef struct S3ListPage
{
	S3ListItem *items;			/* objects and prefixes in the order of their
								 * keys, versions in the server's */
	int			count;
	bool		truncated;		/* another page follows */
	S3Slice		next_token;		/* of objects */
	S3Slice		next_key_marker;	/* of versions, decoded */
	S3Slice		next_version_id_marker;
} S3ListPage;

/*
 * Reads a page.  Returns false, with an S3_ERROR_PROTOCOL, when it is not one:
 * for want of a key, a size, a version or the way to the next page, with more
 * than S3_LIST_ENTRIES_MAX entries, or with keys encoded wrongly.
 */
extern bool s3_list_page_parse(S3Slice document, S3ListPageKind kind,
							   S3ListPage *page, S3Error *err);

#endif							/* S3STORE_LIST_PAGE_H */
