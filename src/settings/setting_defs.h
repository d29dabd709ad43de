/*-------------------------------------------------------------------------
 *
 * setting_defs.h
 *	  The definitions of all settings, and the values that each may have: the
 *	  same for the GUC and for the key in an endpoint's entry.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SETTING_DEFS_H
#define S3STORE_SETTING_DEFS_H

#include "base/base.h"

#include "utils/guc.h"

#include "base/error.h"
#include "settings/setting_values.h"

typedef enum S3SettingType
{
	S3_SETTING_BOOL,
	S3_SETTING_ENUM,
	S3_SETTING_INT,
	S3_SETTING_STRING
} S3SettingType;

/* Flags of a string. */
#define S3_SETTING_SECRET		0x01	/* never shown */
#define S3_SETTING_MASKED		0x02	/* shown without the secrets in it */
#define S3_SETTING_HIDDEN		0x04	/* shown to superusers only */
#define S3_SETTING_TEXT			0x08	/* for people: any characters, and
										 * UTF-8 in the settings of an
										 * endpoint */
#define S3_SETTING_ENTRY_ONLY	0x10	/* no GUC */

/* What it may also be in an endpoint's entry. */
#define S3_SETTING_LIST			0x20	/* an array of strings: "a,b,c" */
#define S3_SETTING_OBJECT		0x40	/* an object: its text */
#define S3_SETTING_SWITCH		0x80	/* true or false: "on" or "off" */

#define S3_GUC_PREFIX			"s3store."

/* Where each setting is in s3_setting_defs. */
#define S3_SETTING_ID(name, ...) S3_SET_##name,

typedef enum S3SettingId
{
	S3_ENDPOINT_SETTINGS(S3_SETTING_ID, S3_SETTING_ID, S3_SETTING_ID, S3_SETTING_ID)
	S3_GLOBAL_SETTINGS(S3_SETTING_ID, S3_SETTING_ID, S3_SETTING_ID, S3_SETTING_ID)
	S3_SETTINGS_COUNT
} S3SettingId;

/* Those of endpoints come first. */
#define S3_SETTING_ONE(...) +1
#define S3_ENDPOINT_SETTINGS_COUNT \
	(0 S3_ENDPOINT_SETTINGS(S3_SETTING_ONE, S3_SETTING_ONE, S3_SETTING_ONE, S3_SETTING_ONE))

/* The bit of an endpoint's setting in a set of them. */
#define S3_SETTING_BIT(id)		(UINT64CONST(1) << (id))

/* Checks a value; "name" is what the error calls it. */
typedef bool (*S3SettingCheck) (const char *name, const char *value, S3Error *err);

typedef struct S3SettingDef
{
	const char *name;
	const char *guc_name;		/* with the prefix */
	S3SettingType type;
	const char *initial;		/* the default, as text */
	GucContext	context;
	const char *short_desc;
	const char *long_desc;		/* or NULL */
	void	   *variable;		/* of the GUC */
	size_t		offset;			/* in S3Settings, of an endpoint's setting */

	/* Of an enum. */
	const struct config_enum_entry *options;

	/* Of an int. */
	int			min;
	int			max;
	int			unit;			/* GUC_UNIT_..., or 0 */

	/* Of a string. */
	int			flags;
	S3SettingCheck check;		/* NULL: anything goes, or guc.c checks it */
} S3SettingDef;

extern const S3SettingDef s3_setting_defs[S3_SETTINGS_COUNT];

/* Returns the endpoint's setting of that name, or NULL. */
extern const S3SettingDef *s3_setting_find(S3Slice name);

/*
 * Each checks a value, and stores it in "settings".  None throws, or shows a
 * value in its error.  Numbers come as text, with or without a unit.
 */
extern bool s3_setting_check_string(const S3SettingDef *def, const char *value, S3Error *err);
extern bool s3_setting_put_string(const S3SettingDef *def, const char *value,
								  S3Settings *settings, S3Error *err);
extern bool s3_setting_put_number(const S3SettingDef *def, S3Slice text,
								  S3Settings *settings, S3Error *err);
extern bool s3_setting_put_bool(const S3SettingDef *def, bool value,
								S3Settings *settings, S3Error *err);

/* The value of a string. */
static inline const char *
s3_setting_string(const S3SettingDef *def, const S3Settings *settings)
{
	return *(char *const *) ((const char *) settings + def->offset);
}

#endif							/* S3STORE_SETTING_DEFS_H */
