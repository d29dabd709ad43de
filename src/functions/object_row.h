/*-------------------------------------------------------------------------
 *
 * object_row.h
 *	  What is known of an object as the columns of s3_object.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_OBJECT_ROW_H
#define S3STORE_OBJECT_ROW_H

#include "s3/response.h"

/* Columns of the type s3_object, in order. */
enum ObjectColumn
{
	OBJECT_URL,
	OBJECT_SIZE,
	OBJECT_LAST_MODIFIED,
	OBJECT_ETAG,
	OBJECT_CONTENT_TYPE,
	OBJECT_CONTENT_ENCODING,
	OBJECT_CONTENT_DISPOSITION,
	OBJECT_CONTENT_LANGUAGE,
	OBJECT_CACHE_CONTROL,
	OBJECT_STORAGE_CLASS,
	OBJECT_VERSION_ID,
	OBJECT_SERVER_SIDE_ENCRYPTION,
	OBJECT_METADATA,
	OBJECT_COLUMNS
};

/* Fills in all of these columns. */
extern void s3_object_row(text *url, const S3ObjectInfo *info, Datum *values, bool *nulls);

#endif							/* S3STORE_OBJECT_ROW_H */
