/*-------------------------------------------------------------------------
 *
 * delete_result.h
 *	  What a server says of each key of a DeleteObjects request.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_DELETE_RESULT_H
#define S3STORE_DELETE_RESULT_H

#include "s3/response.h"

#define S3_DELETE_RESULT_MAX	(8 * 1024 * 1024)	/* bytes of an answer */

typedef struct S3DeleteKey
{
	int			number;			/* in the request, from 0 */
	S3Slice		key;			/* as the server has it */
	const char *version_id;		/* "": none */
	bool		deleted;
	S3Error    *err;			/* palloc'd; NULL unless the server says why
								 * not */
} S3DeleteKey;

/*
 * Reads the answer, and fills in what it says of each key; what it does not
 * mention is not deleted.  Sorts the keys.  Returns false, with "err" filled, when
 * it is not the answer to such a request.
 */
extern bool s3_delete_result_read(const S3HttpResponse *response, S3DeleteKey *keys,
								  int count, S3Error *err);

#endif							/* S3STORE_DELETE_RESULT_H */
