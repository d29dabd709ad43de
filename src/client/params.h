/*-------------------------------------------------------------------------
 *
 * params.h
 *	  The parameters that boto3 takes, made fields of a request.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_PARAMS_H
#define S3STORE_PARAMS_H

#include "s3/operations.h"
#include "s3/request.h"
#include "utils/jsonb.h"

/*
 * Returns the operation that an SQL function's argument names.  Throws 22023,
 * with the valid names, when there is none.
 */
extern const S3Operation *s3_params_operation(const text *name);

/*
 * Adds "params" (a JSON object with boto3's names, or NULL) to the request's
 * query and headers, and what the operation always has there.  Throws 22023 for
 * a name that the operation does not have (with the valid ones), for one that
 * it needs and that is not there, for a value of another type, and for text
 * that no header can hold.
 */
extern void s3_params_apply(const S3Operation *operation, Jsonb *params,
							S3Request *request);

/*
 * Take a parameter that only s3store has, and S3 has not, out of "*params".
 * They return NULL and false when it is not there, or null; throw 22023 for a
 * value of another type.
 */
extern char *s3_params_take_string(Jsonb **params, const char *name);
extern bool s3_params_take_bool(Jsonb **params, const char *name);

/* Adds user metadata (a JSON object of strings) as x-amz-meta-* headers. */
extern void s3_params_apply_metadata(Jsonb *metadata, S3Request *request);

#endif							/* S3STORE_PARAMS_H */
