/*-------------------------------------------------------------------------
 *
 * copy_check.h
 *	  Keeps an object from being copied onto itself.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_COPY_CHECK_H
#define S3STORE_COPY_CHECK_H

#include "objects/copy_work.h"

/*
 * Throws 22023 when source and target are the same object, or look like one
 * that has two addresses.  The calls are open; "info" is the source's.
 */
extern void s3_copy_check_difference(const S3Call *source, const S3Call *target,
									 const S3ObjectInfo *info,
									 const S3CopyArguments *arguments);

#endif							/* S3STORE_COPY_CHECK_H */
