/*-------------------------------------------------------------------------
 *
 * tags.h
 *	  The tags of an object.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_TAGS_H
#define S3STORE_TAGS_H

#include "base/error.h"
#include "base/http_message.h"

/*
 * Appends the tags of a GetObjectTagging answer as the x-amz-tagging header
 * has them, "a=1&b=2"; nothing when there are none.
 */
extern bool s3_tags_read(const S3HttpResponse *response, StringInfo header, S3Error *err);

/* Appends the tags of an x-amz-tagging header as PutObjectTagging has them. */
extern void s3_tags_write(StringInfo document, const char *header);

/* Do two headers name the same tags, in whatever order? */
extern bool s3_tags_equal(const char *a, const char *b);

#endif							/* S3STORE_TAGS_H */
