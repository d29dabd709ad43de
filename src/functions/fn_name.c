/*-------------------------------------------------------------------------
 *
 * fn_name.c
 *	  SQL function that finds a free name: s3_available_name.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "fmgr.h"

#include "backend/error_report.h"
#include "objects/available_name.h"

PG_FUNCTION_INFO_V1(s3store_available_name);

#define COMMAND	"s3_available_name()"

static int	max_length_argument(FunctionCallInfo fcinfo, int number);

/* s3_available_name(url text, max_length int, params jsonb) returns text */
Datum
s3store_available_name(PG_FUNCTION_ARGS)
{
	int			max_length = max_length_argument(fcinfo, 1);
	Jsonb	   *params = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	text	   *url;
	text	   *candidate;
	S3Call		call;
	S3Error		err;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	url = PG_GETARG_TEXT_PP(0);
	if (!s3_call_open(&call, S3_HEAD_OBJECT, COMMAND, S3_CALL_REQUEST, url))
		PG_RETURN_NULL();
	candidate = url;
	for (int i = 0; i < S3_NAME_ATTEMPTS_MAX; i++)
	{
		if (s3_available_name_fits(candidate, max_length) &&
			!s3_available_name_is_taken(candidate, COMMAND, params))
			PG_RETURN_TEXT_P(candidate);
		candidate = s3_available_name_alternative(url, COMMAND, max_length);
	}
	(void) s3_available_name_all_taken(url, &err);
	s3_error_throw(&err);
}

/* Returns 0 for NULL: no limit. */
static int
max_length_argument(FunctionCallInfo fcinfo, int number)
{
	int			max_length = PG_ARGISNULL(number) ? 0 : PG_GETARG_INT32(number);

	if (!PG_ARGISNULL(number) && max_length < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"max_length\" must be at least 1")));
	return max_length;
}
