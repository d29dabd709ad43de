/*-------------------------------------------------------------------------
 *
 * url_notice.h
 *	  What is said of URLs that do what they say, but perhaps not what was meant.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_URL_NOTICE_H
#define S3STORE_URL_NOTICE_H

#include "base/base.h"

/* '' and '-' mean "no file": a warning that nothing was done, such as "stored". */
extern void s3_url_warn_no_file(const char *done);

/*
 * A URL that ends in '/' names one object, and no directory: a notice, unless it
 * ends otherwise, is NULL or means "no file".  "then" says what that has led to.
 */
extern void s3_url_notice_slash(const text *url, const char *then);

/*
 * A warning where a URL begins the URLs of objects that are in no directory of
 * that name: unless it names the bucket, ends in '/' or means "no file".
 */
extern void s3_url_warn_prefix(const text *url);

#endif							/* S3STORE_URL_NOTICE_H */
