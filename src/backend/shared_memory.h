/*-------------------------------------------------------------------------
 *
 * shared_memory.h
 *	  Structures in the server's shared memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SHARED_MEMORY_H
#define S3STORE_SHARED_MEMORY_H

#include "base/base.h"

/* Asks the server to reserve that much, while the library is preloaded. */
extern void s3_shared_memory_request(Size size);

/*
 * Returns the structure of that name, which is made at its first use in the
 * server: zeroed, then "init".  Where the server has no memory left, throws
 * 53200, or returns NULL if "missing_ok".
 */
extern void *s3_shared_memory_attach(const char *name, Size size, void (*init) (void *),
									 bool missing_ok);

#endif							/* S3STORE_SHARED_MEMORY_H */
