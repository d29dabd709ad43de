/*-------------------------------------------------------------------------
 *
 * undo.h
 *	  The requests that undo puts, by versions and uploads.  Those by the name,
 *	  HEAD and DELETE, are sent as for other deletions (remove_objects.h).
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_UNDO_H
#define S3STORE_UNDO_H

#include "removal/turn.h"
#include "removal/undo_plan.h"

/*
 * Removes what is known by its ID to be of the open items' puts: versions, and
 * uploads in parts that were never completed.  Decides items for which the server
 * fails, or has no time left.
 */
extern void s3_undo_known(S3GateBatch *batch, const char *command, S3Turn *turn);

/*
 * Looks through the versions of the object for those that requests without an
 * answer have written, and removes them.  Returns false when it cannot tell
 * which these are for one of the puts, of which it removes none then.  Throws
 * when the server fails.
 */
extern bool s3_undo_unknown(const S3GateItem *item, const char *command);

#endif							/* S3STORE_UNDO_H */
