/*-------------------------------------------------------------------------
 *
 * list_prefetch.h
 *	  The pages of one list, several of them under way at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_LIST_PREFETCH_H
#define S3STORE_LIST_PREFETCH_H

#include "client/pipeline.h"
#include "s3/list_page.h"

typedef struct S3ListPrefetch S3ListPrefetch;

/* Opens the call for the page of keys behind "start_after" (NULL: the first). */
typedef void (*S3ListOpenPage) (void *arg, const char *start_after, S3Call *call);

/*
 * Starts a list behind "start_after", a key or NULL, over "connections"
 * connections.  Lives in the current memory context.
 */
extern S3ListPrefetch *s3_list_prefetch_create(int connections, const char *start_after,
											   S3ListOpenPage open_page, void *arg);

/*
 * Sets the next page, which is valid until the next call: keys in the order
 * of their bytes, each once; "truncated" says whether more follow.  Throws
 * when the server fails, and where its list is not sorted.
 */
extern void s3_list_prefetch_next(S3ListPrefetch *prefetch, S3ListPage *page);

#endif							/* S3STORE_LIST_PREFETCH_H */
