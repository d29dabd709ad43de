/*-------------------------------------------------------------------------
 *
 * fn_put.c
 *	  SQL function that stores objects: s3_put.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "fmgr.h"

#include "backend/encoding.h"
#include "objects/put_flow.h"

#define COMMAND	"s3_put()"

PG_FUNCTION_INFO_V1(s3store_put);
PG_FUNCTION_INFO_V1(s3store_put_text);

static Datum put(FunctionCallInfo fcinfo, S3Slice content);

/*
 * s3_put(url text, content bytea, content_type text, metadata jsonb,
 *		  overwrite boolean, params jsonb) returns text
 */
Datum
s3store_put(PG_FUNCTION_ARGS)
{
	bytea	   *content;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	content = PG_GETARG_BYTEA_PP(1);
	return put(fcinfo, s3_slice(VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content)));
}

/* The same for text, which is stored in UTF-8. */
Datum
s3store_put_text(PG_FUNCTION_ARGS)
{
	text	   *content;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	content = PG_GETARG_TEXT_PP(1);
	return put(fcinfo, s3_utf8_slice(VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content)));
}

static Datum
put(FunctionCallInfo fcinfo, S3Slice content)
{
	S3PutFlow	flow = {
		.command = COMMAND,
		.url = PG_GETARG_TEXT_PP(0),
		.arguments.content = content,
		.overwrite = PG_ARGISNULL(4) ? -1 : PG_GETARG_BOOL(4)
	};

	s3_put_take_arguments(fcinfo, &flow.arguments);
	s3_put_flow_run(&flow);
	if (flow.step == S3_PUT_FLOW_NO_FILE)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(flow.name);
}
