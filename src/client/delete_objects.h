/*-------------------------------------------------------------------------
 *
 * delete_objects.h
 *	  Deletes objects: one by its own request (DeleteObject), many by the
 *	  thousand in a request (DeleteObjects).
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_DELETE_OBJECTS_H
#define S3STORE_DELETE_OBJECTS_H

#include "client/batch.h"

/* What is deleted of one object. */
typedef struct S3DeleteArguments
{
	const char *command;		/* the SQL function, such as "s3_delete()" */
	Jsonb	   *params;			/* delete_object's of boto3, and AllVersions,
								 * or NULL */
	const char *version_id;		/* NULL: what params say */
} S3DeleteArguments;

typedef enum S3DeleteOutcome
{
	S3_DELETE_NO_FILE,			/* the URL names none */
	S3_DELETED,					/* it is gone, whether or not it was there */
	S3_DELETE_FAILED,
	S3_DELETE_THROTTLED,		/* failed: the server asks for fewer requests */
	S3_DELETE_NOT_SENT			/* there was no time left for it */
} S3DeleteOutcome;

typedef struct S3DeleteItem
{
	text	   *url;			/* NULL for NULL */
	const char *version_id;		/* NULL: the object, not a version */

	S3DeleteOutcome outcome;
	char	   *error;			/* why it failed, palloc'd; NULL: it did not */
	char		sqlstate[6];
	bool		unsure;			/* a request for it got no answer, and may yet
								 * be carried out */
} S3DeleteItem;

/*
 * Deletes one object; it is gone afterwards, whether or not it was there.
 * Returns false when the URL names none, or is NULL; throws every failure.
 */
extern bool s3_delete_object(text *url, S3DeleteArguments *arguments);

/*
 * Fills in the outcomes; the failure of one item does not affect the others.
 * A server that does not know DeleteObjects is asked for one object at a time.
 * No request is started after "until" (s3_http_now(); -1: whenever).  Throws
 * 25006, and when the query is cancelled.
 */
extern void s3_delete_objects(S3DeleteItem *items, int count, const char *command, int64 until);

#endif							/* S3STORE_DELETE_OBJECTS_H */
