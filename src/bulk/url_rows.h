/*-------------------------------------------------------------------------
 *
 * url_rows.h
 *	  The URLs of columns, sorted by the keys of their objects.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_URL_ROWS_H
#define S3STORE_URL_ROWS_H

#include "base/base.h"

/* A column of a table. */
typedef struct S3Column
{
	Oid			table;
	const char *name;
} S3Column;

/* One URL that is below the prefix; the memory is the cursor's. */
typedef struct S3UrlRow
{
	S3Slice		key;			/* of its object, on the server */
	S3Slice		url;			/* as it stands in the column; empty where it
								 * is as s3_list() writes it */
} S3UrlRow;

typedef struct S3UrlRows S3UrlRows;

/*
 * Throws 42P01, 42703, 42809 or 42804 for what is no table or view, or has no
 * such column of text, and 42501 where row-level security would hide rows from
 * the current user.  (The right to read the column is checked by opening them.)
 */
extern void s3_url_rows_check(const S3Column *columns, int count);

/*
 * Opens the rows of all these columns whose URL is below the prefix, with the
 * rights of the current user; "schema" is the extension's.  Needs a connection
 * to SPI, and an active snapshot, of which the rows are.
 */
extern S3UrlRows *s3_url_rows_open(const S3Column *columns, int count,
								   text *prefix_url, Oid schema);

/*
 * Returns the next row, in the order of the bytes of keys, then of URLs; it is
 * valid until the next call.  NULL at the end.
 */
extern const S3UrlRow *s3_url_rows_next(S3UrlRows *rows);

extern void s3_url_rows_close(S3UrlRows *rows);

#endif							/* S3STORE_URL_ROWS_H */
