/*-------------------------------------------------------------------------
 *
 * params.h
 *	  S3's operations, and the parameters that boto3 takes for them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_PARAMS_H
#define S3STORE_PARAMS_H

#include "request.h"
#include "utils/jsonb.h"

/* One operation of S3's API; the constants are bits, for the parameter table. */
typedef enum S3OperationId
{
	S3_GET_OBJECT = 1,
	S3_HEAD_OBJECT = 2,
	S3_PUT_OBJECT = 4,
	S3_DELETE_OBJECT = 8,
	S3_LIST_OBJECTS_V2 = 1024,
	S3_LIST_OBJECT_VERSIONS = 4096
} S3OperationId;

typedef struct S3Operation
{
	S3OperationId id;
	const char *name;			/* as boto3's method */
	const char *method;			/* HTTP verb */
	bool		read_only;		/* changes nothing */
	const char *verb;			/* "could not <verb> object ... */
	const char *preposition;	/* ... <preposition> bucket ..." */
} S3Operation;

/* Never fails. */
extern const S3Operation *s3_operation(S3OperationId id);

/*
 * Finds an operation by its name ("get_object") or HTTP verb ("GET"), without
 * regard to case.  Throws 22023, with the valid names.
 */
extern const S3Operation *s3_operation_find(const char *name);

/*
 * Adds "params" (a JSON object with boto3's names) to the request's query and
 * headers.  Throws 22023 for a name that the operation does not have (with
 * the valid ones), for a value of another type, and for text that no header
 * can hold.
 */
extern void s3_params_apply(const S3Operation *operation, Jsonb *params,
							S3Request *request);

/* Adds user metadata (a JSON object of strings) as x-amz-meta-* headers. */
extern void s3_params_apply_metadata(Jsonb *metadata, S3Request *request);

#endif							/* S3STORE_PARAMS_H */
