/*-------------------------------------------------------------------------
 *
 * fn_copy.c
 *	  SQL functions that copy and rename objects: s3_copy, s3_rename.
 *
 * A rename queues the deletion of the source only after it has looked both
 * objects up: the target must be what was copied, and the source must not have
 * changed.  So the source goes after the commit, if it has still that ETag then.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "client/object_requests.h"
#include "client/pipeline.h"
#include "client/url_notice.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "objects/copy.h"
#include "queue/queue.h"
#include "settings/privileges.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(s3store_copy);
PG_FUNCTION_INFO_V1(s3store_rename);

#define COPY	"s3_copy()"
#define RENAME	"s3_rename()"

#define NO_OTHER_NAME	"the copy has that key, and not the name of its source below it"

static Datum no_file(FunctionCallInfo fcinfo);
static void check_copy(const S3CopyArguments *arguments, const S3ObjectInfo *source);
static bool verifies_etag(text *url);
static void check_source(const S3CopyArguments *arguments, const S3ObjectInfo *source);
static void look_up(text *url, const S3Fields *headers, S3Call *call, S3ObjectInfo *info);
static void refuse_version(Jsonb *params);
static void delete_source(text *url, const S3ObjectInfo *source);
static void throw_changed(const S3Call *call, const char *message,
						  const char *detail) pg_attribute_noreturn();

/* s3_copy(src text, dst text, params jsonb) returns text: dst */
Datum
s3store_copy(PG_FUNCTION_ARGS)
{
	S3CopyArguments arguments = {.command = COPY};
	S3ObjectInfo source;

	s3_privileges_require_copy(COPY);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	arguments.source = PG_GETARG_TEXT_PP(0);
	arguments.target = PG_GETARG_TEXT_PP(1);
	arguments.params = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	if (!s3_copy_object(&arguments, &source))
		return no_file(fcinfo);
	s3_url_notice_slash(arguments.target, NO_OTHER_NAME);
	PG_RETURN_TEXT_P(arguments.target);
}

/* s3_rename(src text, dst text, params jsonb) returns text: dst */
Datum
s3store_rename(PG_FUNCTION_ARGS)
{
	S3CopyHeaders headers;
	S3CopyArguments arguments = {.command = RENAME,.is_rename = true,.headers = &headers};
	S3ObjectInfo source;
	S3Call		call;

	s3_privileges_require_copy(RENAME);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	arguments.source = PG_GETARG_TEXT_PP(0);
	arguments.target = PG_GETARG_TEXT_PP(1);
	arguments.params = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	refuse_version(arguments.params);

	/* Checks the right to delete the source before anything is copied. */
	if (!s3_call_open(&call, S3_DELETE_OBJECT, RENAME, S3_CALL_REQUEST, arguments.source) ||
		!s3_copy_object(&arguments, &source))
		return no_file(fcinfo);
	check_copy(&arguments, &source);
	check_source(&arguments, &source);
	delete_source(arguments.source, &source);
	s3_url_notice_slash(arguments.target, NO_OTHER_NAME);
	PG_RETURN_TEXT_P(arguments.target);
}

static Datum
no_file(FunctionCallInfo fcinfo)
{
	s3_url_warn_no_file("copied");
	PG_RETURN_NULL();
}

static void
check_copy(const S3CopyArguments *arguments, const S3ObjectInfo *source)
{
	bool		verify = verifies_etag(arguments->source) && verifies_etag(arguments->target);
	S3Call		call;
	S3ObjectInfo copy;

	look_up(arguments->target, &arguments->headers->part, &call, &copy);
	if (!s3_object_may_be_copy(&copy, source, verify))
		throw_changed(&call, "the copy differs from its source",
					  "Somebody else may have written the object meanwhile. The source was not deleted.");
}

static bool
verifies_etag(text *url)
{
	S3Call		call;

	(void) s3_call_open(&call, S3_HEAD_OBJECT, RENAME, S3_CALL_REQUEST, url);
	return call.endpoint->settings.verify_etag;
}

static void
check_source(const S3CopyArguments *arguments, const S3ObjectInfo *source)
{
	S3Call		call;
	S3ObjectInfo now;

	look_up(arguments->source, &arguments->headers->source, &call, &now);
	if (!s3_object_is_same(&now, source))
		throw_changed(&call, "the source has changed since it was copied",
					  "The source was not deleted, and the copy is of what it was.");
}

/* Both objects must be there. */
static void
look_up(text *url, const S3Fields *headers, S3Call *call, S3ObjectInfo *info)
{
	S3Error		err;

	(void) s3_call_open(call, S3_HEAD_OBJECT, RENAME, S3_CALL_REQUEST, url);
	s3_fields_add_all(&call->request.headers, headers);
	call->explains = S3_EXPLAINS_ALL;
	if (!s3_object_look_up(call, info, &err))
		s3_call_throw(call, &err);
	if (info->size == S3_SIZE_UNKNOWN)
	{
		s3_error_set(&err, S3_ERROR_PROTOCOL, "the server does not tell the size of the object");
		s3_call_throw(call, &err);
	}
}

/* What would go is the current version. */
static void
refuse_version(Jsonb *params)
{
	if (s3_params_take_string(&params, "CopySourceVersionId") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"CopySourceVersionId\" is not for %s", RENAME),
				 errhint("s3_copy() takes it.")));
}

/* After the commit, if it is still what was copied. */
static void
delete_source(text *url, const S3ObjectInfo *source)
{
	S3Deletion	deletion = {.url = url};
	S3Call		call;

	(void) s3_call_open(&call, S3_DELETE_OBJECT, RENAME, S3_CALL_REQUEST, url);
	deletion.identity = s3_object_identity(&call.location);
	deletion.next_at = GetCurrentTimestamp();
	deletion.owner = GetUserId();
	if (source->etag != NULL)
		deletion.etag = cstring_to_text(source->etag);
	(void) s3_queue_insert(&deletion);
}

static void
throw_changed(const S3Call *call, const char *message, const char *detail)
{
	S3Error		err;

	s3_error_set(&err, S3_ERROR_CONFLICT, "%s", message);
	s3_error_detail(&err, "%s", detail);
	s3_call_throw(call, &err);
}
