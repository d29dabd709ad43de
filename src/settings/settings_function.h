/*-------------------------------------------------------------------------
 *
 * settings_function.h
 *	  Calls the SQL functions that settings name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SETTINGS_FUNCTION_H
#define S3STORE_SETTINGS_FUNCTION_H

#include "base/base.h"

/*
 * Calls the function "name" (schema.function, in UTF-8), which setting
 * s3store.<setting> names, with the URL.  Returns its result, NULL for NULL;
 * "result_type" is TEXTOID or JSONBOID.  Runs any SQL: the caller's endpoint
 * may be gone afterwards.  Needs an active snapshot.
 *
 * Throws 42883 when there is no function(text) with that result, 42501 when
 * the current user may not call it, and whatever it throws itself.
 */
extern struct varlena *s3_settings_function_call(const char *setting, const char *name,
												 Oid result_type, text *url);

#endif							/* S3STORE_SETTINGS_FUNCTION_H */
