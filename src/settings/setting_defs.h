/*-------------------------------------------------------------------------
 *
 * setting_defs.h
 *	  What each per-endpoint setting may hold: one rule, for the GUC and for
 *	  the key of an endpoint's entry alike.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SETTING_DEFS_H
#define S3STORE_SETTING_DEFS_H

#include "s3/credentials_syntax.h"
#include "settings/settings.h"

#include <limits.h>

#include "utils/guc.h"

/* Ranges of the numbers, in the unit of the GUC. */
#define S3_MAX_AGE_SECONDS_MIN	0	/* s */
#define S3_MAX_AGE_SECONDS_MAX	INT_MAX
#define S3_PRESIGN_SECONDS_MAX	S3_PRESIGN_EXPIRES_MAX	/* s */
#define S3_TIMEOUT_MIN			1	/* ms */
#define S3_TIMEOUT_MAX			(60 * 60 * 1000)
#define S3_ATTEMPTS_MAX			100
#define S3_POOL_CONNECTIONS_MAX	1000
#define S3_OBJECT_SIZE_MIN		1	/* kB */
#define S3_OBJECT_SIZE_MAX		(1024 * 1024)
#define S3_PART_SIZE_MIN		(5 * 1024)	/* kB, S3's limit */
#define S3_PART_SIZE_MAX		(512 * 1024)
#define S3_COPY_SIZE_MAX		(5 * 1024 * 1024)	/* kB, S3's limit */

#define S3_STORAGE_CLASS_DEFAULT	"STANDARD"

typedef enum S3SettingType
{
	S3_SETTING_BOOL,
	S3_SETTING_ENUM,
	S3_SETTING_INT,
	S3_SETTING_STRING
} S3SettingType;

/* What a string may also be in an endpoint's entry. */
typedef enum S3SettingForm
{
	S3_FORM_STRING,				/* nothing else */
	S3_FORM_LIST,				/* an array of strings: "a,b,c" */
	S3_FORM_OBJECT,				/* an object: its text */
	S3_FORM_SWITCH				/* true or false: "on" or "off" */
} S3SettingForm;

typedef bool (*S3SettingCheck) (const char *name, const char *value, S3Error *err);

typedef struct S3SettingDef
{
	const char *name;
	S3SettingType type;
	size_t		offset;			/* of the value in S3Settings */
	bool		secret;			/* never shown */

	/* Which of these there are depends on the type. */
	S3SettingCheck check;
	S3SettingForm form;
	bool		text;			/* written by people: any characters, and
								 * UTF-8 in the settings of a scheme */
	const struct config_enum_entry *options;
	int			min;
	int			max;
	int			unit;			/* GUC_UNIT_... */
} S3SettingDef;

/* All rules, in alphabetical order. */
extern const S3SettingDef s3_setting_defs[];
extern const int s3_setting_defs_count;

extern const struct config_enum_entry s3_addressing_style_options[];
extern const struct config_enum_entry s3_signature_version_options[];

/* Returns the rule of that name, or NULL. */
extern const S3SettingDef *s3_setting_find(S3Slice name);

/*
 * Each checks a value, and puts it where the rule says.  None throws, or
 * shows a value in its error.  Numbers come as text, with or without a unit.
 */
extern bool s3_setting_check_string(const S3SettingDef *rule, const char *value, S3Error *err);
extern bool s3_setting_put_string(const S3SettingDef *rule, const char *value,
								  S3Settings *settings, S3Error *err);
extern bool s3_setting_put_number(const S3SettingDef *rule, S3Slice text,
								  S3Settings *settings, S3Error *err);
extern bool s3_setting_put_bool(const S3SettingDef *rule, bool value,
								S3Settings *settings, S3Error *err);

/* The value of a string rule. */
static inline const char *
s3_setting_string(const S3SettingDef *rule, const S3Settings *settings)
{
	return *(char *const *) ((const char *) settings + rule->offset);
}

#endif							/* S3STORE_SETTING_DEFS_H */
