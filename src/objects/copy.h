/*-------------------------------------------------------------------------
 *
 * copy.h
 *	  Copies an object, on its server or from one to another.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_COPY_H
#define S3STORE_COPY_H

#include "client/call.h"
#include "s3/response.h"

typedef struct S3CopyArguments
{
	const char *command;		/* the SQL function, such as "s3_copy()" */
	text	   *source;
	text	   *target;
	Jsonb	   *params;			/* copy_object's, and CopySourceVersionId; or
								 * NULL */
	bool		is_rename;		/* the source will go: it must not be the
								 * target, whatever the parameters */
} S3CopyArguments;

/*
 * Copies the object, and returns true, with what was copied in "source"; false
 * when one of the URLs means "no file".  A target that exists is replaced.
 * Throws when anything fails, 22023 when the copy would change nothing.
 */
extern bool s3_copy_object(const S3CopyArguments *arguments, S3ObjectInfo *source);

#endif							/* S3STORE_COPY_H */
