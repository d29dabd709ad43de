/*-------------------------------------------------------------------------
 *
 * guc_client.c
 *	  Refuses to load into a session that hides settings.
 *
 * A value that a client gives in its startup packet (PGOPTIONS) before our
 * settings are known replaces what the configuration, the database or the
 * role says, whoever the client is.  The server drops it when we define the
 * setting, but what it has replaced is lost: read_only or key_prefix would be
 * back at their defaults.  So we do not load.  (SET does no such harm.)
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc_tables.h"

#include "backend/compat.h"
#include "settings/guc_client.h"

#define PREFIX	"s3store."

/* Those that are PGC_USERSET. */
static const char *const everyones_settings[] = {
	"s3store.connect_timeout",
	"s3store.content_disposition",
	"s3store.content_language",
	"s3store.file_overwrite",
	"s3store.gzip",
	"s3store.max_age_seconds",
	"s3store.max_attempts",
	"s3store.max_object_size",
	"s3store.max_pool_connections",
	"s3store.metadata",
	"s3store.multipart_copy_threshold",
	"s3store.multipart_part_size",
	"s3store.multipart_threshold",
	"s3store.presign_expires",
	"s3store.presign_window",
	"s3store.put_undo",
	"s3store.reduced_redundancy",
	"s3store.request_timeout",
	"s3store.session_read_only",
	"s3store.storage_class",
};

static bool is_hidden_by_client(const struct config_generic *setting);

void
s3_guc_refuse_client_settings(void)
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
	const char *name = setting->name;

	if (pg_strncasecmp(name, PREFIX, strlen(PREFIX)) != 0 ||
		(setting->flags & GUC_CUSTOM_PLACEHOLDER) == 0 ||
		setting->reset_source != PGC_S_CLIENT ||
		setting->reset_scontext == PGC_SU_BACKEND)
		return false;

	for (int i = 0; i < lengthof(everyones_settings); i++)
		if (pg_strcasecmp(name, everyones_settings[i]) == 0)
			return false;
	return !MaySetParameter(name, GetSessionUserId());
}
