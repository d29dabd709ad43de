/*-------------------------------------------------------------------------
 *
 * fn_content_disposition.c
 *	  SQL function that makes a header's value: s3_content_disposition.
 *
 * It depends on nothing but its arguments.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "fmgr.h"
#include "s3/content_disposition.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(s3store_content_disposition);

/* s3_content_disposition(filename text, disposition text) returns text */
Datum
s3store_content_disposition(PG_FUNCTION_ARGS)
{
	StringInfoData value;
	S3Error		err;

	initStringInfo(&value);
	if (!s3_content_disposition(s3_slice_cstring(s3_utf8_argument(fcinfo, 0)),
								s3_utf8_argument(fcinfo, 1), &value, &err))
		s3_error_throw(&err);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(value.data, value.len));
}
