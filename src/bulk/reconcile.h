/*-------------------------------------------------------------------------
 *
 * reconcile.h
 *	  Compares the objects below a prefix with the rows that name them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_RECONCILE_H
#define S3STORE_RECONCILE_H

#include "bulk/url_rows.h"
#include "client/listing.h"

typedef struct S3ReconcileArguments
{
	const char *command;		/* the SQL function, such as "s3_reconcile()" */
	text	   *prefix_url;
	const S3Column *columns;
	int			count;			/* of columns */
	TimestampTz written_before; /* younger objects may belong to rows that are
								 * not committed yet */
	int			connections;	/* over which the list comes */
	Oid			schema;			/* the extension's */
} S3ReconcileArguments;

/*
 * Called for each difference, in the order of keys: "item" is an object that
 * no row names, or NULL for "url", which names no object.
 */
typedef void (*S3ReconcileFound) (void *arg, text *url, const S3ListItem *item);

/*
 * Finds the differences, as of the active snapshot.  Keeps a page of the list
 * and a batch of rows in memory.  Throws what lists and queries do, and 0A000 where the
 * server's list is not sorted.
 */
extern void s3_reconcile(const S3ReconcileArguments *arguments,
						 S3ReconcileFound found, void *arg);

#endif							/* S3STORE_RECONCILE_H */
