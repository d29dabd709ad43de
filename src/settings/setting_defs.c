/*-------------------------------------------------------------------------
 *
 * setting_defs.c
 *	  What each per-endpoint setting may hold: one rule, for the GUC and for
 *	  the key of an endpoint's entry alike.
 *
 * Guarantees: nothing here throws, for it runs in check hooks, in the
 * postmaster too; and no error shows a value, for people put secrets into
 * the wrong setting.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "s3/credentials_syntax.h"
#include "settings/setting_checks.h"
#include "settings/setting_defs.h"

#define NUMBER_TEXT_MAX			64

static bool put_enum(const S3SettingDef *rule, const char *value, S3Settings *settings,
					 S3Error *err);
static void *place(const S3SettingDef *rule, S3Settings *settings);

const struct config_enum_entry s3_addressing_style_options[] = {
	{"auto", S3_ADDRESSING_AUTO, false},
	{"path", S3_ADDRESSING_PATH, false},
	{"virtual", S3_ADDRESSING_VIRTUAL, false},
	{NULL, 0, false}
};

const struct config_enum_entry s3_signature_version_options[] = {
	{"s3v4", S3_SIGNATURE_S3V4, false},
	{"s3", S3_SIGNATURE_S3, false},
	{"unsigned", S3_SIGNATURE_UNSIGNED, false},
	{NULL, 0, false}
};

/* What is left out is zero. */
#define BOOL_RULE(name) \
	{#name, S3_SETTING_BOOL, offsetof(S3Settings, name)}
#define ENUM_RULE(name) \
	{#name, S3_SETTING_ENUM, offsetof(S3Settings, name), \
		.options = s3_##name##_options}
#define INT_RULE(name, min_value, max_value, unit_flag) \
	{#name, S3_SETTING_INT, offsetof(S3Settings, name), \
		.min = min_value, .max = max_value, .unit = unit_flag}
#define STRING_RULE(name, check_value) \
	{#name, S3_SETTING_STRING, offsetof(S3Settings, name), .check = check_value}
#define FORM_RULE(name, check_value, form_value) \
	{#name, S3_SETTING_STRING, offsetof(S3Settings, name), .check = check_value, \
		.form = form_value}
#define TEXT_RULE(name, check_value, form_value) \
	{#name, S3_SETTING_STRING, offsetof(S3Settings, name), .check = check_value, \
		.form = form_value, .text = true}
#define SECRET_RULE(name) \
	{#name, S3_SETTING_STRING, offsetof(S3Settings, name), .secret = true, \
		.check = s3_check_##name}

const S3SettingDef s3_setting_defs[] = {
	SECRET_RULE(access_key_id),
	ENUM_RULE(addressing_style),
	BOOL_RULE(bucket_auth),
	FORM_RULE(buckets, s3_setting_check_buckets, S3_FORM_LIST),
	STRING_RULE(ca_file, s3_setting_check_path),
	INT_RULE(connect_timeout, S3_TIMEOUT_MIN, S3_TIMEOUT_MAX, GUC_UNIT_MS),
	TEXT_RULE(content_disposition, s3_setting_check_header, S3_FORM_STRING),
	TEXT_RULE(content_disposition_function, s3_setting_check_function, S3_FORM_STRING),
	TEXT_RULE(content_language, s3_setting_check_header, S3_FORM_STRING),
	TEXT_RULE(content_language_function, s3_setting_check_function, S3_FORM_STRING),
	STRING_RULE(credentials_file, s3_setting_check_path),
	FORM_RULE(encrypt_key, s3_setting_check_encrypt_key, S3_FORM_SWITCH),
	STRING_RULE(endpoint_url, s3_setting_check_endpoint_url),
	STRING_RULE(endpoint_url_presigning, s3_setting_check_endpoint_url),
	BOOL_RULE(file_overwrite),
	BOOL_RULE(gzip),
	STRING_RULE(key_prefix, s3_setting_check_key_prefix),
	STRING_RULE(kms_encryption_key_id, s3_setting_check_kms_encryption_key_id),
	INT_RULE(max_age_seconds, S3_MAX_AGE_SECONDS_MIN, S3_MAX_AGE_SECONDS_MAX, GUC_UNIT_S),
	INT_RULE(max_attempts, 1, S3_ATTEMPTS_MAX, 0),
	INT_RULE(max_object_size, S3_OBJECT_SIZE_MIN, S3_OBJECT_SIZE_MAX, GUC_UNIT_KB),
	INT_RULE(max_pool_connections, 1, S3_POOL_CONNECTIONS_MAX, 0),
	TEXT_RULE(metadata, s3_setting_check_metadata, S3_FORM_OBJECT),
	TEXT_RULE(metadata_function, s3_setting_check_function, S3_FORM_STRING),
	INT_RULE(multipart_copy_threshold, S3_PART_SIZE_MIN, S3_COPY_SIZE_MAX, GUC_UNIT_KB),
	INT_RULE(multipart_part_size, S3_PART_SIZE_MIN, S3_PART_SIZE_MAX, GUC_UNIT_KB),
	INT_RULE(multipart_threshold, S3_PART_SIZE_MIN, S3_COPY_SIZE_MAX, GUC_UNIT_KB),
	BOOL_RULE(normalize_keys),
	INT_RULE(presign_expires, -1, S3_PRESIGN_SECONDS_MAX, GUC_UNIT_S),
	INT_RULE(presign_window, 0, S3_PRESIGN_SECONDS_MAX, GUC_UNIT_S),
	STRING_RULE(profile, s3_setting_check_profile),
	STRING_RULE(proxy, s3_setting_check_proxy),
	STRING_RULE(public_url, s3_setting_check_endpoint_url),
	BOOL_RULE(put_undo),
	BOOL_RULE(read_only),
	BOOL_RULE(reduced_redundancy),
	STRING_RULE(region, s3_setting_check_region),
	INT_RULE(request_timeout, S3_TIMEOUT_MIN, S3_TIMEOUT_MAX, GUC_UNIT_MS),
	SECRET_RULE(secret_access_key),
	SECRET_RULE(session_token),
	ENUM_RULE(signature_version),
	STRING_RULE(storage_class, s3_setting_check_storage_class),
	BOOL_RULE(use_accelerate),
	BOOL_RULE(use_dualstack),
	BOOL_RULE(use_fips),
	BOOL_RULE(verify_tls),
};

const int	s3_setting_defs_count = lengthof(s3_setting_defs);

const S3SettingDef *
s3_setting_find(S3Slice name)
{
	for (int i = 0; i < s3_setting_defs_count; i++)
		if (s3_slice_equal(s3_slice_cstring(s3_setting_defs[i].name), name))
			return &s3_setting_defs[i];
	return NULL;
}

bool
s3_setting_check_string(const S3SettingDef *rule, const char *value, S3Error *err)
{
	/* What SHOW gives for a secret comes back through SET ... FROM CURRENT. */
	if (rule->secret && strcmp(value, S3_SECRET_MASK) == 0)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"\"%s\" is the mask that is shown for a secret", rule->name);
	if (rule->text ? s3_looks_like_access_key(value) :
		!rule->secret && s3_looks_like_secret(value))
	{
		s3_error_set(err, S3_ERROR_ARGUMENT,
					 "\"%s\" holds what looks like a key or a password", rule->name);
		return s3_error_hint(err, "Put keys into the file that s3store.credentials_file names.");
	}
	return rule->check(rule->name, value, err);
}

bool
s3_setting_put_string(const S3SettingDef *rule, const char *value, S3Settings *settings, S3Error *err)
{
	switch (rule->type)
	{
		case S3_SETTING_STRING:
			if (!s3_setting_check_string(rule, value, err))
				return false;
			*(const char **) place(rule, settings) = value;
			return true;
		case S3_SETTING_ENUM:
			return put_enum(rule, value, settings, err);
		case S3_SETTING_INT:
			return s3_setting_put_number(rule, s3_slice_cstring(value), settings, err);
		case S3_SETTING_BOOL:
			break;
	}
	return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" must be true or false", rule->name);
}

/*
 * A bare number is in the setting's own unit, as everywhere in PostgreSQL:
 * milliseconds for the timeouts, where the Python library has seconds.  "5s"
 * says it without doubt.
 */
bool
s3_setting_put_number(const S3SettingDef *rule, S3Slice text, S3Settings *settings, S3Error *err)
{
	char		buf[NUMBER_TEXT_MAX];
	const char *hint = NULL;
	int			value;

	if (rule->type != S3_SETTING_INT)
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" cannot be a number", rule->name);

	snprintf(buf, sizeof(buf), "%.*s", S3_SLICE_ARGS(text));
	if (text.len >= sizeof(buf) || !parse_int(buf, &value, rule->unit, &hint))
	{
		s3_error_set(err, S3_ERROR_ARGUMENT,
					 "\"%s\" is not a valid number", rule->name);
		return hint == NULL ? false : s3_error_hint(err, "%s", hint);
	}
	if (value < rule->min || value > rule->max)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"\"%s\" is outside the valid range (%d .. %d)",
							rule->name, rule->min, rule->max);

	*(int *) place(rule, settings) = value;
	return true;
}

bool
s3_setting_put_bool(const S3SettingDef *rule, bool value, S3Settings *settings, S3Error *err)
{
	if (rule->form == S3_FORM_SWITCH)
		return s3_setting_put_string(rule, value ? "on" : "off", settings, err);
	if (rule->type != S3_SETTING_BOOL)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"\"%s\" cannot be true or false", rule->name);
	*(bool *) place(rule, settings) = value;
	return true;
}

static bool
put_enum(const S3SettingDef *rule, const char *value, S3Settings *settings, S3Error *err)
{
	char		valid[S3_ERROR_HINT_MAX] = "";

	for (const struct config_enum_entry *option = rule->options; option->name; option++)
	{
		if (pg_strcasecmp(value, option->name) == 0)
		{
			*(int *) place(rule, settings) = option->val;
			return true;
		}
	}

	for (const struct config_enum_entry *option = rule->options; option->name; option++)
	{
		if (option != rule->options)
			strlcat(valid, ", ", sizeof(valid));
		strlcat(valid, option->name, sizeof(valid));
	}
	s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" has no such value", rule->name);
	return s3_error_hint(err, "Available values: %s.", valid);
}

static void *
place(const S3SettingDef *rule, S3Settings *settings)
{
	return (char *) settings + rule->offset;
}
