/*-------------------------------------------------------------------------
 *
 * sync_object.h
 *	  One object of a sync: the calls that it takes, one after the other.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SYNC_OBJECT_H
#define S3STORE_SYNC_OBJECT_H

#include "lib/ilist.h"

#include "bulk/sync_plan.h"
#include "client/pipeline.h"
#include "journal/intent.h"
#include "objects/put_headers.h"

typedef struct S3SyncOptions
{
	const char *command;		/* the SQL function, such as "s3_sync_meta()" */
	bool		dry_run;		/* only look */
	bool		keep_acl;		/* give the copy the grants of the object */
} S3SyncOptions;

typedef enum S3SyncStep
{
	S3_SYNC_LOOK_UP,
	S3_SYNC_GET_TAGS,
	S3_SYNC_GET_GRANTS,
	S3_SYNC_COPY,
	S3_SYNC_CHECK_TAGS,
	S3_SYNC_PUT_TAGS,
	S3_SYNC_END
} S3SyncStep;

typedef enum S3SyncOutcome
{
	S3_SYNC_CHANGED,			/* or would be, in a dry run */
	S3_SYNC_MATCHES,
	S3_SYNC_ARCHIVED,			/* its content cannot be read */
	S3_SYNC_KEY_MISSING,		/* likewise: a key of its client's encrypts it */
	S3_SYNC_GONE,				/* somebody has deleted it meanwhile, or its
								 * deletion is queued */
	S3_SYNC_FAILED
} S3SyncOutcome;

typedef struct S3SyncObject
{
	dlist_node	node;			/* the owner's */
	const S3SyncOptions *options;
	MemoryContext context;		/* of all that is below "outcome" */
	text	   *url;			/* the owner's, as is the struct */
	bool		has_url;		/* "url" is the object's, and not only shown */
	S3SyncStep	step;			/* whose call is under way */
	S3SyncOutcome outcome;		/* at the end */

	StringInfoData key;			/* as the server has listed it */
	S3PutAnswers answers;		/* of the settings' functions */
	S3Call		call;
	S3PutIntent intent;			/* while a copy is under way */
	S3HttpResponse head;
	S3ObjectInfo info;
	S3SyncPlan	plan;			/* where it has changed */
	StringInfoData tags;		/* as x-amz-tagging has them */
	S3Fields	grants;			/* headers */
	int			tries;			/* of copies */
	bool		unconfirmed;	/* nobody knows whether the copy was made */
	const char *refused_etag;	/* the server does not know it by this one */
	S3Error		err;			/* where it has failed */
} S3SyncObject;

/*
 * Calls the settings' functions for the object; comes before its first request.
 * Returns false when one fails: it is rolled back, and the run can go on.
 */
extern bool s3_sync_object_ask(S3SyncObject *object, S3Error *err);

/*
 * Opens the call of the step.  Returns false when there is none to send: the
 * object has come to its end.
 */
extern bool s3_sync_object_open(S3SyncObject *object);

/* Takes the answer of that call, and goes to the next step. */
extern void s3_sync_object_take(S3SyncObject *object, const S3Finished *finished);

/*
 * Gives the object the tags back that a copy may have taken from it, when the
 * run ends in the middle.  Blocks for a moment; throws when that fails.
 */
extern void s3_sync_object_restore(S3SyncObject *object);

/* Ends the object with a failure. */
extern void s3_sync_object_fail(S3SyncObject *object, const S3Error *err);

/* The same for one whose key does not fit the database's encoding. */
extern void s3_sync_object_fail_unnamed(S3SyncObject *object);

#endif							/* S3STORE_SYNC_OBJECT_H */
