/*-------------------------------------------------------------------------
 *
 * launcher.h
 *	  The process that starts the worker of each database where work is due.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_LAUNCHER_H
#define S3STORE_LAUNCHER_H

/* Registers the launcher while the postmaster preloads the library. */
extern void s3_launcher_init(void);

#endif							/* S3STORE_LAUNCHER_H */
