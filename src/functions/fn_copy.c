/*-------------------------------------------------------------------------
 *
 * fn_copy.c
 *	  SQL functions that copy and rename objects: s3_copy, s3_rename.
 *
 * A rename deletes the source only after it has looked both objects up: the
 * target must be what was copied, and the source must not have changed.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "client/object_requests.h"
#include "client/pipeline.h"
#include "fmgr.h"
#include "objects/copy.h"
#include "settings/privileges.h"

PG_FUNCTION_INFO_V1(s3store_copy);
PG_FUNCTION_INFO_V1(s3store_rename);

#define COPY	"s3_copy()"
#define RENAME	"s3_rename()"

static void check_copy(text *url, const S3ObjectInfo *source);
static bool etags_agree(const S3ObjectInfo *a, const S3ObjectInfo *b);
static bool is_md5_of_content(const S3ObjectInfo *info);
static void check_source(text *url, const S3ObjectInfo *source);
static void look_up(text *url, S3Call *call, S3ObjectInfo *info);
static void delete_source(text *url);
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
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(arguments.target);
}

/* s3_rename(src text, dst text) returns text: dst */
Datum
s3store_rename(PG_FUNCTION_ARGS)
{
	S3CopyArguments arguments = {.command = RENAME,.is_rename = true};
	S3ObjectInfo source;
	S3Call		call;

	s3_privileges_require_copy(RENAME);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	arguments.source = PG_GETARG_TEXT_PP(0);
	arguments.target = PG_GETARG_TEXT_PP(1);

	/* Checks the right to delete the source before anything is copied. */
	if (!s3_call_open(&call, S3_DELETE_OBJECT, RENAME, S3_CALL_REQUEST, arguments.source) ||
		!s3_copy_object(&arguments, &source))
		PG_RETURN_NULL();
	check_copy(arguments.target, &source);
	check_source(arguments.source, &source);
	delete_source(arguments.source);
	PG_RETURN_TEXT_P(arguments.target);
}

static void
check_copy(text *url, const S3ObjectInfo *source)
{
	S3Call		call;
	S3ObjectInfo copy;

	look_up(url, &call, &copy);
	if (copy.size != source->size || !etags_agree(&copy, source))
		throw_changed(&call, "the copy differs from its source",
					  "Somebody else may have written the object meanwhile. The source was not deleted.");
}

/* Returns true where one ETag is not the MD5 of the content. */
static bool
etags_agree(const S3ObjectInfo *a, const S3ObjectInfo *b)
{
	return !is_md5_of_content(a) || !is_md5_of_content(b) || strcmp(a->etag, b->etag) == 0;
}

/* An upload in parts has a hyphen in its ETag; encryption makes it no MD5. */
static bool
is_md5_of_content(const S3ObjectInfo *info)
{
	const char *encryption = info->server_side_encryption;

	return info->etag != NULL && strlen(info->etag) == 32 &&
		strspn(info->etag, "0123456789abcdef") == 32 &&
		(encryption == NULL || strcmp(encryption, "AES256") == 0);
}

static void
check_source(text *url, const S3ObjectInfo *source)
{
	S3Call		call;
	S3ObjectInfo now;

	look_up(url, &call, &now);
	if (!s3_object_is_same(&now, source))
		throw_changed(&call, "the source has changed since it was copied",
					  "The source was not deleted, and the copy is of what it was.");
}

/* Both objects must be there. */
static void
look_up(text *url, S3Call *call, S3ObjectInfo *info)
{
	S3Error		err;

	(void) s3_call_open(call, S3_HEAD_OBJECT, RENAME, S3_CALL_REQUEST, url);
	if (!s3_object_look_up(call, info, &err))
		s3_call_throw(call, &err);
}

static void
delete_source(text *url)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	(void) s3_call_open(&call, S3_DELETE_OBJECT, RENAME, S3_CALL_REQUEST, url);
	if (!s3_call_perform(&call, &response, &err) && !s3_object_is_gone(&err))
		s3_call_throw(&call, &err);
}

static void
throw_changed(const S3Call *call, const char *message, const char *detail)
{
	S3Error		err;

	s3_error_set(&err, S3_ERROR_CONFLICT, "%s", message);
	s3_error_detail(&err, "%s", detail);
	s3_call_throw(call, &err);
}
