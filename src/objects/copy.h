/*-------------------------------------------------------------------------
 *
 * copy.h
 *	  Copies an object, on its server or from one to another.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_COPY_H
#define S3STORE_COPY_H

#include "objects/copy_work.h"

/*
 * Copies the object, and returns true, with what was copied in "source"; false
 * when one of the URLs means "no file".  A target that exists is replaced.
 * Throws when anything fails, 22023 when the copy would change nothing.
 */
extern bool s3_copy_object(const S3CopyArguments *arguments, S3ObjectInfo *source);

#endif							/* S3STORE_COPY_H */
