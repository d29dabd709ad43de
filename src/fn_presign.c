/*-------------------------------------------------------------------------
 *
 * fn_presign.c
 *	  SQL function that signs links: s3_presign.
 *
 * Never touches the network.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "access/xact.h"
#include "client.h"
#include "date.h"
#include "fmgr.h"
#include "param_rules.h"
#include "privileges.h"
#include "sigv4.h"
#include "uri.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* A link must not be older than this when it is handed out. */
#define SIGNED_AT_AGE_MAX	(60 * USECS_PER_SEC)

PG_FUNCTION_INFO_V1(s3store_presign);

static void check_copy_source(const S3Call *call);
static int	expires_seconds(const Interval *expires);
static int	check_expires(int64 seconds);
static int64 signing_time(void);
static int64 given_time(TimestampTz signed_at);

/*
 * s3_presign(url text, method text, expires interval, params jsonb,
 *			  signed_at timestamptz) returns text
 */
Datum
s3store_presign(PG_FUNCTION_ARGS)
{
	const S3Operation *operation;
	S3Call		call;
	int			expires;
	int64		signed_at;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	operation = s3_operation_find(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (operation->read_only)
		s3_privileges_require_read("s3_presign()");
	else
		s3_privileges_require_write("s3_presign()");
	if (!s3_call_open(&call, operation->id, "s3_presign()", S3_CALL_LINK, PG_GETARG_TEXT_PP(0)))
		PG_RETURN_NULL();
	s3_params_apply(operation, PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3), &call.request);
	if (operation->on_bucket)
		s3_call_add_prefix(&call);
	check_copy_source(&call);
	expires = PG_ARGISNULL(2) ? check_expires(call.storage->settings.max_age_seconds) :
		expires_seconds(PG_GETARG_INTERVAL_P(2));
	signed_at = PG_ARGISNULL(4) ? signing_time() : given_time(PG_GETARG_TIMESTAMPTZ(4));
	PG_RETURN_TEXT_P(cstring_to_text(s3_call_presign(&call, expires, signed_at)));
}

/*
 * With a key prefix nothing outside of it shall be read, so what is copied
 * must stand below it, too.
 */
static void
check_copy_source(const S3Call *call)
{
	const char *source = s3_fields_find(&call->request.headers, S3_PARAM_COPY_SOURCE_HEADER);
	const char *prefix = call->storage->settings.key_prefix;
	const char *key;
	StringInfoData wanted;

	if (source == NULL || prefix[0] == '\0')
		return;
	initStringInfo(&wanted);
	s3_uri_encode_path(&wanted, s3_slice_cstring(prefix));
	if (wanted.data[wanted.len - 1] != '/')
		appendStringInfoChar(&wanted, '/');
	key = strchr(source + (source[0] == '/'), '/');
	if (key == NULL || strncmp(key + 1, wanted.data, wanted.len) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value of \"CopySource\""),
				 errdetail("With s3store.key_prefix set, the key of the source must begin with the prefix.")));
}

/* Whole seconds; a fraction is cut off. */
static int
expires_seconds(const Interval *expires)
{
	/* A month is longer than any link lives, so its length does not matter. */
	int64		days = (int64) expires->day + (int64) expires->month * DAYS_PER_MONTH;

	return check_expires(days * SECS_PER_DAY + expires->time / USECS_PER_SEC);
}

static int
check_expires(int64 seconds)
{
	if (seconds < S3_PRESIGN_EXPIRES_MIN || seconds > S3_PRESIGN_EXPIRES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("link lifetime out of range"),
				 errdetail("A presigned link lives from 1 second to 7 days, not %lld seconds.",
						   (long long) seconds),
				 errhint("Set \"expires\", or s3store.max_age_seconds, to a lifetime in that range.")));
	return (int) seconds;
}

/*
 * The statement's start, so that all rows of a query agree; but a statement
 * that runs for hours must not hand out links that are dead already.
 */
static int64
signing_time(void)
{
	TimestampTz start = GetCurrentStatementStartTimestamp();
	TimestampTz now = GetCurrentTimestamp();

	return s3_date_to_unix(now - start > SIGNED_AT_AGE_MAX ? now : start);
}

static int64
given_time(TimestampTz signed_at)
{
	if (TIMESTAMP_NOT_FINITE(signed_at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("signing time out of range"),
				 errdetail("A signature's time is finite.")));
	return s3_date_to_unix(signed_at);
}
