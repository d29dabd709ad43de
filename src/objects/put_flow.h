/*-------------------------------------------------------------------------
 *
 * put_flow.h
 *	  One put, a request at a time: the name that it gets, and the upload.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_PUT_FLOW_H
#define S3STORE_PUT_FLOW_H

#include "journal/intent.h"
#include "objects/put_headers.h"

typedef enum S3PutStep
{
	S3_PUT_FLOW_START,
	S3_PUT_FLOW_LOOK,			/* what stands under the name? */
	S3_PUT_FLOW_LIST,			/* the same, of what needs a key to look */
	S3_PUT_FLOW_NOTED,			/* can be uploaded when the caller has called
								 * s3_intent_sync() */
	S3_PUT_FLOW_UPLOAD,
	S3_PUT_FLOW_COMPARE,		/* is it our own object that took the name? */
	S3_PUT_FLOW_STORED,			/* the end, under "name" */
	S3_PUT_FLOW_NO_FILE,		/* the end: the URL names none */
	S3_PUT_FLOW_FAILED			/* the end, with "err" */
} S3PutStep;

/* Zero-initialize, and fill in the first four. */
typedef struct S3PutFlow
{
	const char *command;		/* the SQL function, such as "s3_put()" */
	text	   *url;
	S3PutArguments arguments;
	int			overwrite;		/* 0, 1; -1: as the settings say */

	S3PutStep	step;
	text	   *name;			/* the URL that is tried, or stored */
	bool		free_name;		/* a name that is taken stays as it is */
	bool		callers_condition;	/* the caller has given one */
	bool		has_condition;	/* the upload under way has one of ours */
	bool		condition_refused;	/* then the upload was tried without one */
	bool		unseen;			/* nobody may look what stands there: only the
								 * condition keeps it */
	int			names;			/* tried so far */
	int			races;			/* lost to others who wrote meanwhile */
	bool		in_parts;		/* the upload under way */
	bool		locked;			/* this session has the lock of the name, */
	int64		object;			/* whose object this is */
	S3Call		put;
	S3Call		look;
	S3Call		listing;
	S3PutIntent intent;			/* of the upload under way */
	S3Call	   *failed;			/* the call that "err" is about, or NULL */
	S3Error		err;
} S3PutFlow;

/*
 * Takes the next step: "finished" is how the call of the last one came out; NULL
 * at first, and after S3_PUT_FLOW_NOTED.  Returns the call to perform; NULL when
 * the step is now S3_PUT_FLOW_NOTED, or the end.  Everything is allocated in the
 * current memory context, which must be the same each time.  Calls the functions
 * that settings name, so needs an active snapshot.  Throws what they throw, what
 * is wrong with the arguments (it would be for every URL), and 25006.
 */
extern S3Call *s3_put_flow_next(S3PutFlow *flow, const S3Finished *finished);

/*
 * Takes all steps, one after the other; a large content goes in parts.  Throws
 * when the put fails, and when the query is cancelled.
 */
extern void s3_put_flow_run(S3PutFlow *flow);

#endif							/* S3STORE_PUT_FLOW_H */
