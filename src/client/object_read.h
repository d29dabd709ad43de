/*-------------------------------------------------------------------------
 *
 * object_read.h
 *	  Reads from objects, one or a batch of them: whether they exist, what
 *	  their servers know of them, their content.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_OBJECT_READ_H
#define S3STORE_OBJECT_READ_H

#include "client/batch.h"
#include "client/listing.h"
#include "s3/response.h"

typedef enum S3ReadKind
{
	S3_READ_EXISTS,				/* for a URL that ends in '/': whether there
								 * is any object below it */
	S3_READ_INFO,
	S3_READ_SIZE,				/* the same; fails where the size is unknown */
	S3_READ_CONTENT				/* uncompressed, where its encoding is gzip;
								 * fails when there is no object */
} S3ReadKind;

/* What is read of each object. */
typedef struct S3ReadArguments
{
	S3ReadKind	kind;
	const char *command;		/* the SQL function, such as "s3_head()" */
	Jsonb	   *params;			/* boto3's, or NULL */
} S3ReadArguments;

/* The state of an item. */
typedef struct S3ObjectRead
{
	bool		no_file;		/* the URL means that, or is NULL */
	bool		found;
	bool		asks_bucket;	/* the call under way asks whether the bucket
								 * exists */
	S3ObjectInfo info;			/* S3_READ_INFO, _SIZE: of what was found */
	bytea	   *content;		/* S3_READ_CONTENT: likewise; lies in the body */
	S3HttpResponse response;	/* of the last call */
	S3Call		call;
	S3Listing  *listing;		/* of what is below the URL, or NULL */
	S3Fields	list_headers;	/* of the params, what is for lists, too */
} S3ObjectRead;

/* A step, but for the type of its last argument: see S3BatchStep. */
extern S3Call *s3_object_read_step(S3BatchItem *item, const S3Finished *finished,
								   const S3ReadArguments *arguments);

#endif							/* S3STORE_OBJECT_READ_H */
