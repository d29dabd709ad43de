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
 * that has two addresses.  The source has been looked up.
 */
extern void s3_copy_check_difference(const S3CopyWork *copy);

/* Have both URLs the name of one object of one server? */
extern bool s3_copy_is_onto_itself(const S3CopyWork *copy);

#endif							/* S3STORE_COPY_CHECK_H */
