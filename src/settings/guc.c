/*-------------------------------------------------------------------------
 *
 * guc.c
 *	  Defines the GUCs that setting_list.h lists, with their hooks.
 *
 * Guarantees: every change is counted (s3_settings_changed).  No hook throws;
 * no message shows a value, whether it is meant to be a secret or not; no
 * secret enters a catalog that everyone may read; SHOW masks secrets for
 * superusers too.
 *
 * What decides where requests go, who signs them or what is trusted is for
 * superusers to set, and so is read_only.  A session that was started with a
 * value for such a setting (PGOPTIONS, before the server knew the setting)
 * cannot load s3store: that value has replaced the one of the configuration,
 * the database or the role, and when the server drops it, read_only or
 * key_prefix would be back at the default.  SET does no such harm.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/parallel.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc_tables.h"
#include "utils/memutils.h"

#include "backend/compat.h"
#include "s3/credentials_syntax.h"
#include "settings/endpoints.h"
#include "settings/guc.h"
#include "settings/setting_defs.h"
#include "settings/settings.h"

/* The hooks of a string. */
typedef struct StringHooks
{
	GucStringCheckHook check;
	GucShowHook show;
} StringHooks;

/*
 * Whether the library is loaded by a session's query, and which settings came
 * with a secret from the configuration meanwhile.
 */
static bool loading_late;
static bool readable_secrets[S3_SETTINGS_COUNT];

static void refuse_client_settings(void);
static bool is_hidden_by_client(const struct config_generic *setting);
static bool may_everyone_set(const char *guc_name);
static void define_setting(const S3SettingDef *def);
static int	default_number(const S3SettingDef *def);
static int	guc_flags(const S3SettingDef *def);
static void warn_of_readable_secrets(void);
static bool check_string(S3SettingId id, const char *value, GucSource source);
static bool check_value(const S3SettingDef *def, const char *value, bool *has_secret, S3Error *err);
static void refuse(const S3SettingDef *def, const S3Error *err);
static bool check_secret_source(const S3SettingDef *def, GucSource source);
static bool is_catalog_source(GucSource source);
static const char *show_string(S3SettingId id);
static const char *mask_endpoints(void);
static void assign_bool(bool newval, void *extra);
static void assign_int(int newval, void *extra);
static void assign_string(const char *newval, void *extra);

/* A hook is not told which setting it is for, so each string has its own. */
#define NOTHING(...)
#define DEFINE_HOOKS(name, ...) \
static bool \
check_##name(char **newval, void **extra, GucSource source) \
{ \
	return check_string(S3_SET_##name, *newval, source); \
} \
\
static const char * \
show_##name(void) \
{ \
	return show_string(S3_SET_##name); \
}
#define HOOKS(name, ...) [S3_SET_##name] = {check_##name, show_##name},

S3_ENDPOINT_SETTINGS(NOTHING, NOTHING, NOTHING, DEFINE_HOOKS)
S3_GLOBAL_SETTINGS(NOTHING, NOTHING, NOTHING, DEFINE_HOOKS)

static const StringHooks string_hooks[S3_SETTINGS_COUNT] = {
	S3_ENDPOINT_SETTINGS(NOTHING, NOTHING, NOTHING, HOOKS)
	S3_GLOBAL_SETTINGS(NOTHING, NOTHING, NOTHING, HOOKS)
};

/*
 * Before the first query nobody could read anything: the library is being
 * preloaded.  A parallel worker only repeats its leader's load.
 */
void
s3_guc_init(void)
{
	refuse_client_settings();
	loading_late = debug_query_string != NULL && !IsParallelWorker();
	memset(readable_secrets, 0, sizeof(readable_secrets));
	for (int i = 0; i < S3_SETTINGS_COUNT; i++)
		if ((s3_setting_defs[i].flags & S3_SETTING_ENTRY_ONLY) == 0)
			define_setting(&s3_setting_defs[i]);
	MarkGUCPrefixReserved("s3store");
	loading_late = false;
	warn_of_readable_secrets();
}

bool
s3_guc_is_set(const S3SettingDef *def)
{
	int			count;
	struct config_generic **settings = GetAllSettings(&count);

	for (int i = 0; i < count; i++)
		if (strcmp(settings[i]->name, def->guc_name) == 0)
			return settings[i]->source != PGC_S_DEFAULT;
	return false;
}

static void
refuse_client_settings(void)
{
	int			count;
	struct config_generic **settings = GetAllSettings(&count);

	for (int i = 0; i < count; i++)
		if (is_hidden_by_client(settings[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("permission denied to set parameter \"%s\"", settings[i]->name),
					 errdetail("The session was started with a value for it, which hides the one that is configured."),
					 errhint("Start the session without it.")));
}

static bool
is_hidden_by_client(const struct config_generic *setting)
{
	return pg_strncasecmp(setting->name, S3_GUC_PREFIX, strlen(S3_GUC_PREFIX)) == 0 &&
		(setting->flags & GUC_CUSTOM_PLACEHOLDER) != 0 &&
		setting->reset_source == PGC_S_CLIENT &&
		setting->reset_scontext != PGC_SU_BACKEND &&
		!may_everyone_set(setting->name) &&
		!MaySetParameter(setting->name, GetSessionUserId());
}

static bool
may_everyone_set(const char *guc_name)
{
	for (int i = 0; i < S3_SETTINGS_COUNT; i++)
		if (pg_strcasecmp(guc_name, s3_setting_defs[i].guc_name) == 0)
			return s3_setting_defs[i].context == PGC_USERSET;
	return false;
}

static void
define_setting(const S3SettingDef *def)
{
	const StringHooks *hooks = &string_hooks[def - s3_setting_defs];
	bool		is_shown = (def->flags & (S3_SETTING_SECRET | S3_SETTING_MASKED)) == 0;

	switch (def->type)
	{
		case S3_SETTING_BOOL:
			DefineCustomBoolVariable(def->guc_name, def->short_desc, def->long_desc,
									 def->variable, default_number(def) != 0,
									 def->context, 0, NULL, assign_bool, NULL);
			break;
		case S3_SETTING_ENUM:
			DefineCustomEnumVariable(def->guc_name, def->short_desc, def->long_desc,
									 def->variable, default_number(def), def->options,
									 def->context, 0, NULL, assign_int, NULL);
			break;
		case S3_SETTING_INT:
			DefineCustomIntVariable(def->guc_name, def->short_desc, def->long_desc,
									def->variable, default_number(def), def->min, def->max,
									def->context, def->unit, NULL, assign_int, NULL);
			break;
		case S3_SETTING_STRING:
			DefineCustomStringVariable(def->guc_name, def->short_desc, def->long_desc,
									   def->variable, def->initial,
									   def->context, guc_flags(def),
									   hooks->check, assign_string,
									   is_shown ? NULL : hooks->show);
			break;
	}
}

/* The default of a setting that is not a string. */
static int
default_number(const S3SettingDef *def)
{
	bool		on;
	int			number;

	if (def->type == S3_SETTING_BOOL && parse_bool(def->initial, &on))
		return on;
	if (def->type == S3_SETTING_INT && parse_int(def->initial, &number, def->unit, NULL))
		return number;
	for (const struct config_enum_entry *option = def->options; option && option->name; option++)
		if (strcmp(option->name, def->initial) == 0)
			return option->val;
	elog(ERROR, "setting \"%s\" has no default", def->name);
}

/*
 * Neither SHOW ALL nor pg_settings lists what is or holds a secret: reset_val
 * there goes through no show hook.  SHOW tells superusers whether there is a
 * value.  RESET ALL leaves keys alone, but not the endpoints.
 */
static int
guc_flags(const S3SettingDef *def)
{
	if ((def->flags & S3_SETTING_SECRET) != 0)
		return GUC_SUPERUSER_ONLY | GUC_NO_SHOW_ALL | GUC_NO_RESET_ALL | GUC_NOT_IN_SAMPLE;
	if ((def->flags & S3_SETTING_MASKED) != 0)
		return GUC_SUPERUSER_ONLY | GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE;
	return (def->flags & S3_SETTING_HIDDEN) != 0 ? GUC_SUPERUSER_ONLY : 0;
}

static void
warn_of_readable_secrets(void)
{
	for (int i = 0; i < S3_SETTINGS_COUNT; i++)
		if (readable_secrets[i])
			ereport(WARNING,
					(errmsg("every user could read parameter \"%s\" until s3store was loaded",
							s3_setting_defs[i].guc_name),
					 errdetail("A session that has not loaded s3store does not know that the parameter holds a secret."),
					 errhint("Put the access keys into the file that s3store.credentials_file names, or add s3store to session_preload_libraries.")));
}

static bool
check_string(S3SettingId id, const char *value, GucSource source)
{
	const S3SettingDef *def = &s3_setting_defs[id];
	bool		has_secret;
	S3Error		err;
	bool		ok = check_value(def, value, &has_secret, &err);

	if (has_secret && !check_secret_source(def, source))
		return false;
	if (!ok)
		refuse(def, &err);
	return ok;
}

static bool
check_value(const S3SettingDef *def, const char *value, bool *has_secret, S3Error *err)
{
	if (def->variable == &s3_guc_endpoints)
		return s3_settings_check_endpoints(value, has_secret, err);

	*has_secret = (def->flags & S3_SETTING_SECRET) != 0 && *value != '\0';
	return def->check == NULL || s3_setting_check_string(def, value, err);
}

/* The server's own message would show the value. */
static void
refuse(const S3SettingDef *def, const S3Error *err)
{
	char		message[S3_ERROR_MESSAGE_MAX];

	strlcpy(message, err->message, sizeof(message));
	message[0] = (char) pg_ascii_toupper((unsigned char) message[0]);

	GUC_check_errcode(ERRCODE_INVALID_PARAMETER_VALUE);
	GUC_check_errmsg("invalid value for parameter \"%s\"", def->guc_name);
	GUC_check_errdetail("%s.%s%s", message, err->detail[0] == '\0' ? "" : " ", err->detail);
	if (err->hint[0] != '\0')
		GUC_check_errhint("%s", err->hint);
}

/*
 * ALTER ROLE, ALTER DATABASE and the SET clause of a function put settings
 * into catalogs that everyone reads, and into dumps.  They are tested as
 * PGC_S_TEST when they are made.  One made in a session that did not know the
 * setting comes here when it takes effect; the server makes a warning of it.
 *
 * What the configuration holds was readable only in sessions that did not know
 * the setting; s3_guc_init warns of it.
 */
static bool
check_secret_source(const S3SettingDef *def, GucSource source)
{
	if (!is_catalog_source(source))
	{
		if (loading_late && source >= PGC_S_ENV_VAR && source <= PGC_S_ARGV)
			readable_secrets[def - s3_setting_defs] = true;
		return true;
	}

	GUC_check_errcode(ERRCODE_INVALID_PARAMETER_VALUE);
	GUC_check_errmsg("parameter \"%s\" cannot hold a secret for a role, a database or a function",
					 def->guc_name);
	GUC_check_errdetail("Every user can read such settings in the system catalogs.");
	GUC_check_errhint("Put the access keys into the file that s3store.credentials_file names.");
	return false;
}

static bool
is_catalog_source(GucSource source)
{
	return source == PGC_S_GLOBAL || source == PGC_S_DATABASE ||
		source == PGC_S_USER || source == PGC_S_DATABASE_USER ||
		source == PGC_S_TEST;
}

static const char *
show_string(S3SettingId id)
{
	const S3SettingDef *def = &s3_setting_defs[id];
	const char *value = *(char **) def->variable;

	if (def->variable == &s3_guc_endpoints)
		return mask_endpoints();
	return *value != '\0' && (def->flags & S3_SETTING_SECRET) != 0 ? S3_SECRET_MASK : value;
}

/* The text lives until the next call. */
static const char *
mask_endpoints(void)
{
	static StringInfo masked;

	if (masked == NULL)
	{
		MemoryContext old_context = MemoryContextSwitchTo(TopMemoryContext);

		masked = makeStringInfo();
		MemoryContextSwitchTo(old_context);
	}
	resetStringInfo(masked);
	s3_endpoints_mask(s3_guc_endpoints, masked);
	return masked->data;
}

/*
 * Whatever is derived from the settings is built anew when it is needed next.
 * These also run when a rollback puts an old value back.
 */
static void
assign_bool(bool newval, void *extra)
{
	s3_settings_changed();
}

static void
assign_int(int newval, void *extra)
{
	s3_settings_changed();
}

static void
assign_string(const char *newval, void *extra)
{
	s3_settings_changed();
}
