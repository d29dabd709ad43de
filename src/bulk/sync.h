/*-------------------------------------------------------------------------
 *
 * sync.h
 *	  Gives every object below a prefix the metadata that a put would.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SYNC_H
#define S3STORE_SYNC_H

#include "bulk/sync_report.h"

/*
 * Runs over the objects, many at once.  The failure of one is a warning.
 * Needs a connection to SPI (SPI_OPT_NONATOMIC where it may commit).  Throws
 * when the query is cancelled, the bucket cannot be listed, the endpoint is
 * read-only, or too many objects have failed in a row; the error's context
 * says behind which key to go on.
 */
extern void s3_sync_run(const S3SyncArguments *arguments, S3SyncResult *result);

#endif							/* S3STORE_SYNC_H */
