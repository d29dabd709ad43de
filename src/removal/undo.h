/*-------------------------------------------------------------------------
 *
 * undo.h
 *	  Removes from its server what one put has written.
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
	S3_UNDONE_NOTHING,			/* nothing of that put stands there */
	S3_UNDONE_UNDECIDED			/* what stands there may be of that put */
} S3Undone;

/*
 * Opens a call about the object of an intent.  Throws when its URL does not
 * lead any more to where it did.
 */
extern void s3_undo_open(S3Call *call, S3OperationId operation, const char *command,
						 const S3Intent *intent);

/*
 * Removes what the intent has written, and nothing else; not the versions in
 * "others" (strings), which other puts have written.  Nobody of this database
 * may write the object meanwhile, nor afterwards, where "may_come" is set: a
 * request that removes it may yet be carried out.  Throws when a server fails.
 */
extern S3Undone s3_undo_intent(const char *command, const S3Intent *intent,
							   const List *others, bool *may_come);

/* May that have to remove an object under a name that others could use? */
extern bool s3_undo_removes_name(const S3Intent *intent);

#endif							/* S3STORE_UNDO_H */
