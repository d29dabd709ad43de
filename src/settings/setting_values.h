/*-------------------------------------------------------------------------
 *
 * setting_values.h
 *	  The values of the s3store.* GUCs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SETTING_VALUES_H
#define S3STORE_SETTING_VALUES_H

#include "base/base.h"

#include "settings/setting_list.h"

/*
 * The settings of an endpoint: those of the GUCs, with the endpoint's entry
 * laid over them.  Numbers are in the unit that setting_list.h says.  A string
 * that is not set is "".  In the settings of an endpoint, key_prefix and what
 * is S3_SETTING_TEXT are in UTF-8.
 */
#define S3_BOOL_MEMBER(name, ...) bool name;
#define S3_INT_MEMBER(name, ...) int name;
#define S3_STRING_MEMBER(name, ...) char *name;

typedef struct S3Settings
{
	S3_ENDPOINT_SETTINGS(S3_BOOL_MEMBER, S3_INT_MEMBER, S3_INT_MEMBER, S3_STRING_MEMBER)
} S3Settings;

/*
 * The variables of the GUCs: s3_guc of those that an endpoint's entry may have,
 * too, and an s3_guc_<name> of each other one.  Only the server writes them.
 */
#define S3_BOOL_VARIABLE(name, ...) extern bool s3_guc_##name;
#define S3_INT_VARIABLE(name, ...) extern int s3_guc_##name;
#define S3_STRING_VARIABLE(name, ...) extern char *s3_guc_##name;

extern S3Settings s3_guc;

S3_GLOBAL_SETTINGS(S3_BOOL_VARIABLE, S3_INT_VARIABLE, S3_INT_VARIABLE, S3_STRING_VARIABLE)

/* Counts the changes of settings: whatever is derived from them compares it. */
extern uint64 s3_settings_generation(void);
extern void s3_settings_changed(void);

#endif							/* S3STORE_SETTING_VALUES_H */
