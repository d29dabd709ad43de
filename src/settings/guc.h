/*-------------------------------------------------------------------------
 *
 * guc.h
 *	  Every setting of s3store.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_GUC_H
#define S3STORE_GUC_H

#include "base/base.h"

/* Defines the s3store.* settings; called once, from _PG_init. */
extern void s3_guc_init(void);

/* Whether anybody has set s3store.<name>; false also when there is no such. */
extern bool s3_guc_is_set(const char *name);

#endif							/* S3STORE_GUC_H */
