/*-------------------------------------------------------------------------
 *
 * fields.h
 *	  Names with values: headers, query parameters, form fields.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_FIELDS_H
#define S3STORE_FIELDS_H

#include "base/base.h"

/* A header or a query parameter; the strings are owned elsewhere. */
typedef struct S3Field
{
	const char *name;
	const char *value;			/* NULL: "?name", in a query only */
} S3Field;

/* Zero-initialize before use; freed with its memory context. */
typedef struct S3Fields
{
	S3Field    *items;
	int			count;
	int			capacity;
} S3Fields;

/* Appends a field.  The strings are not copied. */
extern void s3_fields_add(S3Fields *fields, const char *name, const char *value);

/* Appends all of "more", which may be NULL. */
extern void s3_fields_add_all(S3Fields *fields, const S3Fields *more);

/* As s3_fields_add, in the place of the first field of that name, if any. */
extern void s3_fields_set(S3Fields *fields, const char *name, const char *value);

/* Takes off the first field of that name, if any. */
extern void s3_fields_remove(S3Fields *fields, const char *name);

/* Returns the value of the first field of that name, or NULL. */
extern const char *s3_fields_find(const S3Fields *fields, const char *name);

/* Sorts by name, then by value; both byte by byte. */
extern void s3_fields_sort(S3Fields *fields);

/*
 * Returns a query as it stands in a URL: encoded, and sorted by name.  A name
 * alone is "name" with "bare", else "name=" as in a CanonicalQueryString.
 */
extern char *s3_fields_encode(const S3Fields *query, bool bare);

#endif							/* S3STORE_FIELDS_H */
