/*-------------------------------------------------------------------------
 *
 * error_report.c
 *	  Reports an S3Error: its SQLSTATE and its messages.
 *
 * The only place where a failed request becomes a PostgreSQL error.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "backend/error_report.h"

#define S3_REPORT_KEY_MAX	200 /* bytes of a key that a message shows */

static void throw(const S3Error *err, const char *message) pg_attribute_noreturn();
static char *shown_start(S3Slice name);
static int	errcode_for_s3_error(S3ErrorKind kind);
static int	report_detail(const S3Error *err);
static int	report_hint(const S3Error *err);

void
s3_error_throw(const S3Error *err)
{
	throw(err, s3_error_message(err));
}

void
s3_error_throw_for_object(const S3Error *err, const char *verb,
						  const char *preposition, S3Slice bucket, S3Slice key)
{
	throw(err, s3_error_message_for_object(err, verb, preposition, bucket, key));
}

void
s3_error_throw_for_bucket(const S3Error *err, S3Slice bucket)
{
	throw(err, s3_error_message_for_bucket(err, bucket));
}

static void
throw(const S3Error *err, const char *message)
{
	ereport(ERROR,
			(errcode(errcode_for_s3_error(err->kind)),
			 errmsg_internal("%s", message),
			 report_detail(err),
			 report_hint(err)));
	pg_unreachable();
}

void
s3_error_warn_for_object(const S3Error *err, const char *verb,
						 const char *preposition, S3Slice bucket, S3Slice key)
{
	ereport(WARNING,
			(errcode(errcode_for_s3_error(err->kind)),
			 errmsg_internal("%s", s3_error_message_for_object(err, verb, preposition, bucket, key)),
			 report_detail(err),
			 report_hint(err)));
}

const char *
s3_error_message(const S3Error *err)
{
	return s3_error_text(err->message);
}

char *
s3_error_message_for_object(const S3Error *err, const char *verb,
							const char *preposition, S3Slice bucket, S3Slice key)
{
	return psprintf(_("could not %s object \"%s\" %s bucket \"%s\": %s"), verb,
					shown_start(key), preposition, shown_start(bucket), s3_error_text(err->message));
}

char *
s3_error_message_for_bucket(const S3Error *err, S3Slice bucket)
{
	return psprintf(_("could not list bucket \"%s\": %s"), shown_start(bucket),
					s3_error_text(err->message));
}

/* Cut, since the message goes on behind it. */
static char *
shown_start(S3Slice name)
{
	char		clean[S3_REPORT_KEY_MAX];

	s3_error_copy_text(clean, sizeof(clean), name);
	return s3_error_text(clean);
}

const char *
s3_error_sqlstate(const S3Error *err)
{
	return unpack_sql_state(errcode_for_s3_error(err->kind));
}

/* The SQLSTATE of each kind, after errcode_for_file_access(). */
static int
errcode_for_s3_error(S3ErrorKind kind)
{
	switch (kind)
	{
		case S3_ERROR_SYNTAX:
			return ERRCODE_INVALID_TEXT_REPRESENTATION;
		case S3_ERROR_EMPTY:
			return ERRCODE_ZERO_LENGTH_CHARACTER_STRING;
		case S3_ERROR_ARGUMENT:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case S3_ERROR_UNDEFINED:
			return ERRCODE_UNDEFINED_OBJECT;
		case S3_ERROR_UNSUPPORTED:
			return ERRCODE_FEATURE_NOT_SUPPORTED;
		case S3_ERROR_READ_ONLY:
			return ERRCODE_READ_ONLY_SQL_TRANSACTION;
		case S3_ERROR_NO_CREDENTIALS:
			return ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION;
		case S3_ERROR_DENIED:
			return ERRCODE_INSUFFICIENT_PRIVILEGE;
		case S3_ERROR_TOO_LARGE:
			return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
		case S3_ERROR_NOT_FOUND:
			return ERRCODE_UNDEFINED_FILE;
		case S3_ERROR_CONFLICT:
			return ERRCODE_DUPLICATE_FILE;
		case S3_ERROR_SERVER:
			return ERRCODE_IO_ERROR;
		case S3_ERROR_CONNECTION:
			return ERRCODE_CONNECTION_FAILURE;
		case S3_ERROR_PROTOCOL:
			return ERRCODE_PROTOCOL_VIOLATION;
		case S3_ERROR_NONE:
			break;
	}
	return ERRCODE_INTERNAL_ERROR;
}

/* Our detail, and what the server said with its answer. */
static int
report_detail(const S3Error *err)
{
	StringInfoData detail;

	initStringInfo(&detail);
	appendStringInfoString(&detail, err->detail);
	if (err->http_status != 0)
	{
		if (detail.len > 0)
			appendStringInfoChar(&detail, ' ');
		appendStringInfo(&detail, _("Server returned HTTP status %d"), err->http_status);
		if (err->code[0] != '\0')
			appendStringInfo(&detail, _(", error code \"%s\""), err->code);
		if (err->request_id[0] != '\0')
			appendStringInfo(&detail, _(", request ID \"%s\""), err->request_id);
		if (err->server_message[0] != '\0')
			appendStringInfo(&detail, _(", message \"%s\""), err->server_message);
		appendStringInfoChar(&detail, '.');
	}
	return detail.len > 0 ? errdetail_internal("%s", s3_error_text(detail.data)) : 0;
}

/* The hint of the error; if a request to a server has failed, also that at s3_check(). */
static int
report_hint(const S3Error *err)
{
	bool		on_the_way = err->step != S3_STEP_NONE && err->kind != S3_ERROR_TOO_LARGE;
	const char *hint = s3_error_text(err->hint);

	if (!on_the_way)
		return *hint == '\0' ? 0 : errhint("%s", hint);
	return errhint("%s%s%s", hint, *hint == '\0' ? "" : " ", S3_CHECK_HINT);
}
