/*-------------------------------------------------------------------------
 *
 * metadata.h
 *	  User metadata as the settings have it: JSON text -> headers.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_METADATA_H
#define S3STORE_METADATA_H

#include "s3/request.h"

#define S3_METADATA_PREFIX		"x-amz-meta-"
#define S3_METADATA_SIZE_MAX	2048	/* bytes of names and values, S3's
										 * limit */

/*
 * Adds a header for each member of a JSON object of strings; names become
 * lower-case, null members are left out, and empty text is an empty object.
 * The text is rewritten, and values that are ASCII point into it.  Refuses what no
 * header can hold and names that are there twice; no error shows a value.
 */
extern bool s3_metadata_parse(char *text, S3Fields *headers, S3Error *err);

/*
 * Checks that the metadata among the headers are within S3's limit, which counts
 * what encoded words stand for: S3_ERROR_TOO_LARGE.
 */
extern bool s3_metadata_check_size(const S3Fields *headers, S3Error *err);

/* Is the header, in lower case, one of user metadata? */
extern bool s3_metadata_is_header(const char *name);

#endif							/* S3STORE_METADATA_H */
