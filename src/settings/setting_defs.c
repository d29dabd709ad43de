/*-------------------------------------------------------------------------
 *
 * setting_defs.c
 *	  The definitions of all settings, and the values that each may have: the
 *	  same for the GUC and for the key in an endpoint's entry.
 *
 * Guarantees: nothing here throws, because it runs in check hooks, in the
 * postmaster too; and no error shows a value, because people put secrets into
 * the wrong setting.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <limits.h>

#include "s3/address.h"
#include "s3/credentials_syntax.h"
#include "s3/signing.h"
#include "settings/setting_checks.h"
#include "settings/setting_defs.h"

#define NUMBER_TEXT_MAX			64

static bool put_enum(const S3SettingDef *def, const char *value, S3Settings *settings,
					 S3Error *err);
static void *value_in(const S3SettingDef *def, S3Settings *settings);

static const struct config_enum_entry addressing_styles[] = {
	{"auto", S3_ADDRESSING_AUTO, false},
	{"path", S3_ADDRESSING_PATH, false},
	{"virtual", S3_ADDRESSING_VIRTUAL, false},
	{NULL, 0, false}
};

static const struct config_enum_entry signature_versions[] = {
	{"s3v4", S3_SIGNATURE_S3V4, false},
	{"s3", S3_SIGNATURE_S3, false},
	{"unsigned", S3_SIGNATURE_UNSIGNED, false},
	{NULL, 0, false}
};

/* One row of setting_list.h each. */
#define DEF(name_, type_, default_, context_, short_, long_, ...) \
	[S3_SET_##name_] = { \
		.name = #name_, .guc_name = S3_GUC_PREFIX #name_, .type = type_, \
		.initial = default_, .context = context_, \
		.short_desc = short_, .long_desc = long_, VARIABLE(name_), __VA_ARGS__},
#define BOOL(name_, default_, context_, short_, long_) \
	DEF(name_, S3_SETTING_BOOL, default_, context_, short_, long_, .flags = 0)
#define ENUM(name_, default_, context_, options_, short_, long_) \
	DEF(name_, S3_SETTING_ENUM, default_, context_, short_, long_, .options = options_)
#define INT(name_, default_, context_, min_, max_, unit_, short_, long_) \
	DEF(name_, S3_SETTING_INT, default_, context_, short_, long_, \
		.min = min_, .max = max_, .unit = unit_)
#define STRING(name_, default_, context_, flags_, check_, short_, long_) \
	DEF(name_, S3_SETTING_STRING, default_, context_, short_, long_, \
		.flags = flags_, .check = check_)

const S3SettingDef s3_setting_defs[S3_SETTINGS_COUNT] = {
#define VARIABLE(name_) .variable = &s3_guc.name_, .offset = offsetof(S3Settings, name_)
	S3_ENDPOINT_SETTINGS(BOOL, ENUM, INT, STRING)
#undef VARIABLE
#define VARIABLE(name_) .variable = &s3_guc_##name_
	S3_GLOBAL_SETTINGS(BOOL, ENUM, INT, STRING)
};

StaticAssertDecl(S3_ENDPOINT_SETTINGS_COUNT <= 64, "sets of settings are 64 bits");

const S3SettingDef *
s3_setting_find(S3Slice name)
{
	for (int i = 0; i < S3_ENDPOINT_SETTINGS_COUNT; i++)
		if (s3_slice_equal(s3_slice_cstring(s3_setting_defs[i].name), name))
			return &s3_setting_defs[i];
	return NULL;
}

bool
s3_setting_check_string(const S3SettingDef *def, const char *value, S3Error *err)
{
	/* What SHOW gives for a secret comes back through SET ... FROM CURRENT. */
	if ((def->flags & S3_SETTING_SECRET) != 0 && strcmp(value, S3_SECRET_MASK) == 0)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"\"%s\" is the mask that is shown for a secret", def->name);
	if ((def->flags & S3_SETTING_TEXT) != 0 ? s3_looks_like_access_key(value) :
		(def->flags & S3_SETTING_SECRET) == 0 && s3_looks_like_secret(value))
	{
		s3_error_set(err, S3_ERROR_ARGUMENT,
					 "\"%s\" holds what looks like an access key or a password", def->name);
		return s3_error_hint(err, "Put access keys into the file that s3store.credentials_file names.");
	}
	return def->check(def->name, value, err);
}

bool
s3_setting_put_string(const S3SettingDef *def, const char *value, S3Settings *settings, S3Error *err)
{
	switch (def->type)
	{
		case S3_SETTING_STRING:
			if (!s3_setting_check_string(def, value, err))
				return false;
			*(const char **) value_in(def, settings) = value;
			return true;
		case S3_SETTING_ENUM:
			return put_enum(def, value, settings, err);
		case S3_SETTING_INT:
			return s3_setting_put_number(def, s3_slice_cstring(value), settings, err);
		case S3_SETTING_BOOL:
			break;
	}
	return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" must be true or false", def->name);
}

/*
 * A bare number is in the setting's own unit, as everywhere in PostgreSQL:
 * milliseconds for the timeouts, where the Python library has seconds.  "5s"
 * says it without doubt.
 */
bool
s3_setting_put_number(const S3SettingDef *def, S3Slice text, S3Settings *settings, S3Error *err)
{
	char		buf[NUMBER_TEXT_MAX];
	const char *hint = NULL;
	int			value;

	if (def->type != S3_SETTING_INT)
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" cannot be a number", def->name);

	snprintf(buf, sizeof(buf), "%.*s", S3_SLICE_ARGS(text));
	if (text.len >= sizeof(buf) || !parse_int(buf, &value, def->unit, &hint))
	{
		s3_error_set(err, S3_ERROR_ARGUMENT,
					 "\"%s\" is not a valid number", def->name);
		return hint == NULL ? false : s3_error_hint(err, "%s", hint);
	}
	if (value < def->min || value > def->max)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"\"%s\" is outside the valid range (%d .. %d)",
							def->name, def->min, def->max);

	*(int *) value_in(def, settings) = value;
	return true;
}

bool
s3_setting_put_bool(const S3SettingDef *def, bool value, S3Settings *settings, S3Error *err)
{
	if ((def->flags & S3_SETTING_SWITCH) != 0)
		return s3_setting_put_string(def, value ? "on" : "off", settings, err);
	if (def->type != S3_SETTING_BOOL)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"\"%s\" cannot be true or false", def->name);
	*(bool *) value_in(def, settings) = value;
	return true;
}

static bool
put_enum(const S3SettingDef *def, const char *value, S3Settings *settings, S3Error *err)
{
	char		valid[S3_ERROR_HINT_MAX] = "";

	for (const struct config_enum_entry *option = def->options; option->name; option++)
	{
		if (pg_strcasecmp(value, option->name) == 0)
		{
			*(int *) value_in(def, settings) = option->val;
			return true;
		}
	}

	for (const struct config_enum_entry *option = def->options; option->name; option++)
	{
		if (option != def->options)
			strlcat(valid, ", ", sizeof(valid));
		strlcat(valid, option->name, sizeof(valid));
	}
	s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" has no such value", def->name);
	return s3_error_hint(err, "Available values: %s.", valid);
}

static void *
value_in(const S3SettingDef *def, S3Settings *settings)
{
	return (char *) settings + def->offset;
}
