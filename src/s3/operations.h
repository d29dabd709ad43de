/*-------------------------------------------------------------------------
 *
 * operations.h
 *	  S3's operations, as boto3 names them.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_OPERATIONS_H
#define S3STORE_OPERATIONS_H

#include "base/error.h"

/* One operation of S3's API; the constants are bits, for the parameter table. */
typedef enum S3OperationId
{
	S3_GET_OBJECT = 1 << 0,
	S3_HEAD_OBJECT = 1 << 1,
	S3_PUT_OBJECT = 1 << 2,
	S3_DELETE_OBJECT = 1 << 3,
	S3_COPY_OBJECT = 1 << 4,
	S3_UPLOAD_PART = 1 << 5,
	S3_CREATE_MULTIPART_UPLOAD = 1 << 6,
	S3_COMPLETE_MULTIPART_UPLOAD = 1 << 7,
	S3_ABORT_MULTIPART_UPLOAD = 1 << 8,
	S3_LIST_PARTS = 1 << 9,
	S3_LIST_OBJECTS_V2 = 1 << 10,
	S3_LIST_OBJECT_VERSIONS = 1 << 12,
	S3_GET_OBJECT_TAGGING = 1 << 13,
	S3_PUT_OBJECT_TAGGING = 1 << 14,
	S3_DELETE_OBJECTS = 1 << 15,
	S3_GET_OBJECT_ACL = 1 << 16
} S3OperationId;

typedef struct S3Operation
{
	S3OperationId id;
	const char *name;			/* as boto3's method */
	const char *method;			/* HTTP verb */
	bool		read_only;		/* changes nothing */
	const char *verb;			/* "could not <verb> object ... */
	const char *preposition;	/* ... <preposition> bucket ..." */
	const char *query_name;		/* what stands in the query of every request
								 * of it, or NULL */
	const char *query_value;	/* NULL: the name alone */
	bool		on_bucket;		/* the key of the URL is a prefix */
	bool		once;			/* not to be sent again when the server may
								 * have served it */
	bool		fails_late;		/* its answer may be an error though its
								 * status is 200 */
} S3Operation;

/* Never fails. */
extern const S3Operation *s3_operation(S3OperationId id);

/*
 * Finds an operation by its name ("get_object"), or one of the first four by
 * its HTTP verb ("GET"), without regard to case.  Returns NULL, with the valid
 * names in "err", when there is none (S3_ERROR_ARGUMENT).
 */
extern const S3Operation *s3_operation_find(const char *name, S3Error *err);

#endif							/* S3STORE_OPERATIONS_H */
