/*-------------------------------------------------------------------------
 *
 * guc_check.c
 *	  The check and show hooks of the settings that are strings.
 *
 * Guarantees: no hook throws; no message shows a value, whether it is meant
 * to be a secret or not; no secret enters a catalog that everyone may read;
 * SHOW masks secrets for superusers too.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/parallel.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

#include "settings/endpoints.h"
#include "settings/guc_check.h"
#include "settings/setting_defs.h"

#define SECRETS_MAX	8			/* settings that may hold one */

/* Settings that came with a secret from the configuration while we load. */
static bool loading_late;
static const char *readable_secrets[SECRETS_MAX];
static int	readable_secrets_count;

static bool check_setting(const char *name, const char *value, GucSource source);
static bool check_secret_source(const char *name, GucSource source);
static void note_readable_secret(const char *name, GucSource source);
static bool is_catalog_source(GucSource source);
static void refuse(const char *name, const S3Error *err);
static const char *mask(const char *value);

/*
 * Before the first query there was nobody to read anything: the library is
 * being preloaded.  A parallel worker only repeats its leader's load.
 */
void
s3_guc_check_begin(void)
{
	loading_late = debug_query_string != NULL && !IsParallelWorker();
	readable_secrets_count = 0;
}

void
s3_guc_check_end(void)
{
	loading_late = false;
	for (int i = 0; i < readable_secrets_count; i++)
		ereport(WARNING,
				(errmsg("every user could read parameter \"s3store.%s\" until s3store was loaded",
						readable_secrets[i]),
				 errdetail("A session that has not loaded s3store does not know that the parameter holds a secret."),
				 errhint("Put the keys into the file that s3store.credentials_file names, or add s3store to session_preload_libraries.")));
}

#define CHECK_HOOK(name) \
bool \
s3_guc_check_##name(char **newval, void **extra, GucSource source) \
{ \
	return check_setting(#name, *newval, source); \
}

CHECK_HOOK(access_key_id)
CHECK_HOOK(buckets)
CHECK_HOOK(ca_file)
CHECK_HOOK(content_disposition)
CHECK_HOOK(content_disposition_function)
CHECK_HOOK(content_language)
CHECK_HOOK(content_language_function)
CHECK_HOOK(credentials_file)
CHECK_HOOK(encrypt_key)
CHECK_HOOK(key_prefix)
CHECK_HOOK(kms_encryption_key_id)
CHECK_HOOK(metadata)
CHECK_HOOK(metadata_function)
CHECK_HOOK(profile)
CHECK_HOOK(proxy)
CHECK_HOOK(public_url)
CHECK_HOOK(region)
CHECK_HOOK(secret_access_key)
CHECK_HOOK(session_token)
CHECK_HOOK(storage_class)

bool
s3_guc_check_endpoints(char **newval, void **extra, GucSource source)
{
	bool		has_secret;
	S3Error		err;

	if (!s3_settings_check_endpoints(*newval, &has_secret, &err))
	{
		refuse("endpoints", &err);
		return false;
	}
	return !has_secret || check_secret_source("endpoints", source);
}

static bool
check_setting(const char *name, const char *value, GucSource source)
{
	const S3SettingDef *rule = s3_setting_find(s3_slice_cstring(name));
	S3Error		err;

	if (rule->secret && *value != '\0' && !check_secret_source(name, source))
		return false;
	if (!s3_setting_check_string(rule, value, &err))
	{
		refuse(name, &err);
		return false;
	}
	return true;
}

/*
 * ALTER ROLE, ALTER DATABASE and the SET clause of a function put settings
 * into catalogs that everyone reads, and into dumps.  They are tested as
 * PGC_S_TEST when they are made.  One made in a session that did not know the
 * setting comes here when it takes effect; the server makes a warning of it.
 */
static bool
check_secret_source(const char *name, GucSource source)
{
	if (!is_catalog_source(source))
	{
		note_readable_secret(name, source);
		return true;
	}

	GUC_check_errcode(ERRCODE_INVALID_PARAMETER_VALUE);
	GUC_check_errmsg("parameter \"s3store.%s\" cannot hold a secret for a role, a database or a function", name);
	GUC_check_errdetail("Every user can read such settings in the system catalogs.");
	GUC_check_errhint("Put the keys into the file that s3store.credentials_file names.");
	return false;
}

static bool
is_catalog_source(GucSource source)
{
	return source == PGC_S_GLOBAL || source == PGC_S_DATABASE ||
		source == PGC_S_USER || source == PGC_S_DATABASE_USER ||
		source == PGC_S_TEST;
}

static void
note_readable_secret(const char *name, GucSource source)
{
	if (!loading_late || source < PGC_S_ENV_VAR || source > PGC_S_ARGV)
		return;

	/* A value comes here twice, as the one to reset to and as the current. */
	for (int i = 0; i < readable_secrets_count; i++)
		if (strcmp(readable_secrets[i], name) == 0)
			return;
	if (readable_secrets_count < SECRETS_MAX)
		readable_secrets[readable_secrets_count++] = name;
}

/* The server's own message would show the value. */
static void
refuse(const char *name, const S3Error *err)
{
	char		message[S3_ERROR_MESSAGE_MAX];

	strlcpy(message, err->message, sizeof(message));
	message[0] = (char) pg_ascii_toupper((unsigned char) message[0]);

	GUC_check_errcode(ERRCODE_INVALID_PARAMETER_VALUE);
	GUC_check_errmsg("invalid value for parameter \"s3store.%s\"", name);
	GUC_check_errdetail("%s.%s%s", message, err->detail[0] == '\0' ? "" : " ", err->detail);
	if (err->hint[0] != '\0')
		GUC_check_errhint("%s", err->hint);
}

const char *
s3_guc_show_access_key_id(void)
{
	return mask(s3_guc.access_key_id);
}

const char *
s3_guc_show_secret_access_key(void)
{
	return mask(s3_guc.secret_access_key);
}

const char *
s3_guc_show_session_token(void)
{
	return mask(s3_guc.session_token);
}

/* The text lives until the next call. */
const char *
s3_guc_show_endpoints(void)
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

static const char *
mask(const char *value)
{
	return *value == '\0' ? "" : S3_SECRET_MASK;
}
