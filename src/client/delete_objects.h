/*-------------------------------------------------------------------------
 *
 * delete_objects.h
 *	  Deletes many objects, by the thousand in a request (DeleteObjects).
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_DELETE_OBJECTS_H
#define S3STORE_DELETE_OBJECTS_H

#include "client/call.h"

typedef enum S3DeleteOutcome
{
	S3_DELETE_NO_FILE,			/* the URL names none */
	S3_DELETED,					/* it is gone, whether or not it was there */
	S3_DELETE_FAILED,
	S3_DELETE_THROTTLED			/* failed: the server asks for fewer requests */
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
 * Fills in the outcomes; the failure of one item does not affect the others.
 * A server that does not know DeleteObjects is asked for one object at a time.
 * Throws 25006, and when the query is cancelled.
 */
extern void s3_delete_objects(S3DeleteItem *items, int count, const char *command);

#endif							/* S3STORE_DELETE_OBJECTS_H */
