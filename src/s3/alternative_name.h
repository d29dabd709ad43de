/*-------------------------------------------------------------------------
 *
 * alternative_name.h
 *	  Another name for an object whose name is taken.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ALTERNATIVE_NAME_H
#define S3STORE_ALTERNATIVE_NAME_H

#include "base/error.h"

#define S3_NAME_SUFFIX_LEN	7	/* random characters, as Django has them */

/* Of a URL; 0: no limit. */
typedef struct S3NameLimits
{
	size_t		bytes;			/* as the server limits its keys */
	size_t		characters;		/* as a column limits its text */
} S3NameLimits;

/* Is the URL, in UTF-8, within the limits? */
extern bool s3_alternative_name_fits(S3Slice url, const S3NameLimits *limits);

/*
 * Appends another name for "url", which is scheme://bucket/key in UTF-8, by
 * Django's rule: "_" and "suffix" before the extension, and as much less of
 * what stands before them as the limits ask for.  Returns false when nothing
 * of it would be left (S3_ERROR_ARGUMENT for the limit in characters,
 * S3_ERROR_TOO_LARGE for that in bytes).
 */
extern bool s3_alternative_name_alternative(S3Slice url, const char *suffix,
											const S3NameLimits *limits,
											StringInfo name, S3Error *err);

#endif							/* S3STORE_ALTERNATIVE_NAME_H */
