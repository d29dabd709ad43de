/*-------------------------------------------------------------------------
 *
 * guards.c
 *	  What the settings forbid: buckets that are not named, and changes of
 *	  what is read-only.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"

#include "backend/error_report.h"
#include "s3/buckets.h"
#include "settings/guards.h"
#include "settings/setting_defs.h"

static void throw_read_only(const S3Endpoint *endpoint, const char *command,
							const char *detail) pg_attribute_noreturn();

void
s3_settings_require_bucket(const S3Endpoint *endpoint, S3Slice bucket)
{
	S3Error		err;

	if (!s3_settings_check_bucket(endpoint, bucket, &err))
		s3_error_throw(&err);
}

bool
s3_settings_check_bucket(const S3Endpoint *endpoint, S3Slice bucket, S3Error *err)
{
	if (s3_buckets_allow(endpoint->settings.buckets, bucket))
		return true;
	s3_error_set(err, S3_ERROR_DENIED, "endpoint \"%s\" is not allowed to use bucket \"%.*s\"",
				 endpoint->scheme, S3_SLICE_ARGS(bucket));
	s3_error_detail(err, (endpoint->given & S3_SETTING_BIT(S3_SET_buckets)) != 0 ?
					"The setting buckets in its entry in s3store.endpoints does not name the bucket." :
					"The setting s3store.buckets does not name the bucket.");
	return s3_error_hint(err, "Add the bucket, or a pattern that it matches, to that setting.");
}

void
s3_settings_prevent_if_protected(const S3Endpoint *endpoint, const char *command)
{
	if (s3_guc.read_only)
		throw_read_only(endpoint, command, "The setting s3store.read_only is on.");
	if (endpoint->settings.read_only)
		throw_read_only(endpoint, command,
						"The setting read_only is on in its entry in s3store.endpoints.");
	if (s3_guc_session_read_only)
		throw_read_only(endpoint, command, "The setting s3store.session_read_only is on.");
}

void
s3_settings_prevent_if_read_only(const S3Endpoint *endpoint, const char *command)
{
	s3_settings_prevent_if_protected(endpoint, command);
	PreventCommandIfReadOnly(command);
	PreventCommandDuringRecovery(command);
	PreventCommandIfParallelMode(command);
}

static void
throw_read_only(const S3Endpoint *endpoint, const char *command, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
			 errmsg("cannot execute %s: endpoint \"%s\" is read-only",
					command, endpoint->scheme),
			 errdetail("%s", detail)));
}
