/*-------------------------------------------------------------------------
 *
 * guc.h
 *	  Defines the GUCs that setting_list.h lists.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_GUC_H
#define S3STORE_GUC_H

#include "settings/setting_defs.h"

/*
 * Defines the s3store.* GUCs; called once, from _PG_init.  Throws when the
 * session was started with a value for one that its user may not set.
 */
extern void s3_guc_init(void);

/* Whether anybody has set it; false also when it is no GUC. */
extern bool s3_guc_is_set(const S3SettingDef *def);

#endif							/* S3STORE_GUC_H */
