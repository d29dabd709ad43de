/*-------------------------------------------------------------------------
 *
 * param_rules.h
 *	  The parameters of S3's operations: where each one goes, and as what.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_PARAM_RULES_H
#define S3STORE_PARAM_RULES_H

#include "s3/operations.h"

#define S3_PARAM_SSE_KEY_NAME	"SSECustomerKey"

/* Parameters whose wire names the code asks for. */
#define S3_PARAM_SSE_KEY		"x-amz-server-side-encryption-customer-key"
#define S3_PARAM_SOURCE_SSE_KEY	"x-amz-copy-source-server-side-encryption-customer-key"
#define S3_PARAM_COPY_SOURCE_HEADER	"x-amz-copy-source"
#define S3_PARAM_ENCODING_TYPE	"encoding-type"
#define S3_PARAM_PREFIX			"prefix"

typedef enum S3ParamPlace
{
	S3_PARAM_IN_QUERY,
	S3_PARAM_IN_HEADER
} S3ParamPlace;

typedef enum S3ParamType
{
	S3_PARAM_STRING,
	S3_PARAM_ANSWER_HEADER,		/* a string that becomes a header of the
								 * answer */
	S3_PARAM_INTEGER,
	S3_PARAM_BOOLEAN,
	S3_PARAM_HTTP_DATE,			/* RFC 9110 */
	S3_PARAM_ISO_DATE,			/* ISO 8601 */
	S3_PARAM_SSE_CUSTOMER_KEY,	/* 32 bytes, or their base64 form */
	S3_PARAM_COPY_SOURCE,		/* "bucket/key", or an object of the parts */
	S3_PARAM_METADATA			/* an object of strings */
} S3ParamType;

typedef struct S3ParamRule
{
	const char *name;			/* as boto3 spells it */
	int			operations;		/* that have it: bits of S3OperationId */
	S3ParamPlace place;
	S3ParamType type;
	const char *wire_name;
	int			required;		/* operations that must have it */
} S3ParamRule;

/* In alphabetical order; of those with one name, each operation has one. */
extern const S3ParamRule s3_param_rules[];
extern const int s3_param_rules_count;

/* Has the operation a parameter of that name? */
extern bool s3_param_is_of(const char *name, S3OperationId operation);

#endif							/* S3STORE_PARAM_RULES_H */
