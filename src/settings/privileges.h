/*-------------------------------------------------------------------------
 *
 * privileges.h
 *	  The roles, and who may do what.
 *
 * The install script grants EXECUTE on the functions; what is here decides
 * where the same function is for one role with some arguments, and for
 * another with others.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_PRIVILEGES_H
#define S3STORE_PRIVILEGES_H

#include "s3/operations.h"

#define S3_ROLE_READ	"s3store_read"
#define S3_ROLE_WRITE	"s3store_write"
#define S3_ROLE_ADMIN	"s3store_admin"

/*
 * Throw 42501 unless the current user may read objects, or change them.
 * "command", such as "s3_presign()", is for the message.
 */
extern void s3_privileges_require_read(const char *command);
extern void s3_privileges_require_write(const char *command);

/* May the role change objects?  It need not exist any more. */
extern bool s3_privileges_may_write(Oid user);

/* A copy reads its source and writes its target: both roles. */
extern void s3_privileges_require_copy(const char *command);

/* The same, by what an operation does. */
extern void s3_privileges_require_for(const S3Operation *operation, const char *command);

#endif							/* S3STORE_PRIVILEGES_H */
