/*-------------------------------------------------------------------------
 *
 * download.h
 *	  A download in ranges, in bounded memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_DOWNLOAD_H
#define S3STORE_DOWNLOAD_H

#include "client/call.h"

#define S3_DOWNLOAD_MEMORY	(48 * 1024 * 1024)	/* bytes of ranges under way */

/* Takes the next piece of the content; may throw. */
typedef void (*S3DownloadSink) (void *arg, const char *data, size_t len);

/*
 * Downloads an object, several ranges at a time, and passes its content on in
 * order, uncompressed where its encoding is gzip.  Returns false for "no
 * file".  All ranges are of one state of the object.  The content is compared
 * with an ETag that is its MD5.  Throws when anything fails, and when the
 * query is cancelled: then what has been passed on is not to be used.
 */
extern bool s3_download(const char *command, text *url, Jsonb *params,
						S3DownloadSink sink, void *arg);

#endif							/* S3STORE_DOWNLOAD_H */
