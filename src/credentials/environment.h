/*-------------------------------------------------------------------------
 *
 * environment.h
 *	  The environment of the database server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ENVIRONMENT_H
#define S3STORE_ENVIRONMENT_H

/* Returns the value of a variable; NULL when it is not set, or empty. */
extern const char *s3_environment_get(const char *name);

#endif							/* S3STORE_ENVIRONMENT_H */
