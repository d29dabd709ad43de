/*-------------------------------------------------------------------------
 *
 * undo.h
 *	  Undoes one put: removes what it has written from its server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_UNDO_H
#define S3STORE_UNDO_H

#include "client/call.h"
#include "journal/intent_record.h"
#include "nodes/pg_list.h"

typedef enum S3Undone
{
	S3_UNDONE_REMOVED,
	S3_UNDONE_NOTHING,			/* the put has left nothing there */
	S3_UNDONE_UNDECIDED			/* the object may be of that put, or not */
} S3Undone;

/*
 * Opens a call about the object of an intent.  Throws when its URL leads to
 * another object than at the time of the put.
 */
extern void s3_undo_open(S3Call *call, S3OperationId operation, const char *command,
						 const S3Intent *intent);

/*
 * Removes what the put has written, and nothing else; "others" are the versions
 * (strings) that other puts have written.  The caller makes sure that no session
 * of this database writes the object meanwhile.  Sets "may_come" when a DELETE
 * may still be executed afterwards.  Throws when a server fails.
 */
extern S3Undone s3_undo_intent(const char *command, const S3Intent *intent,
							   const List *others, bool *may_come);

/* Does undoing it remove an object by its name, rather than a version? */
extern bool s3_undo_removes_name(const S3Intent *intent);

#endif							/* S3STORE_UNDO_H */
