/*-------------------------------------------------------------------------
 *
 * guc_client.h
 *	  Refuses to load into a session that hides settings.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_GUC_CLIENT_H
#define S3STORE_GUC_CLIENT_H

#include "base/base.h"

/*
 * Throws when the session was started with a value for a setting that its user
 * may not set.  Called before the settings are defined.
 */
extern void s3_guc_refuse_client_settings(void);

#endif							/* S3STORE_GUC_CLIENT_H */
