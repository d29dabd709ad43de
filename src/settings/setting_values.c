/*-------------------------------------------------------------------------
 *
 * setting_values.c
 *	  The values of the s3store.* GUCs.
 *
 * Variables only: guc.c defines the GUCs, and the server writes them.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "settings/setting_values.h"

#define BOOL(name, ...) bool s3_guc_##name;
#define INT(name, ...) int s3_guc_##name;
#define STRING(name, ...) char *s3_guc_##name;

S3Settings	s3_guc;

S3_GLOBAL_SETTINGS(BOOL, INT, INT, STRING)

static uint64 generation = 1;

uint64
s3_settings_generation(void)
{
	return generation;
}

void
s3_settings_changed(void)
{
	generation++;
}
