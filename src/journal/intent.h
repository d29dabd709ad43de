/*-------------------------------------------------------------------------
 *
 * intent.h
 *	  The intent of a put: what undoes it when its transaction does not
 *	  commit, written down before anything is sent.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_INTENT_H
#define S3STORE_INTENT_H

#include "client/pipeline.h"
#include "journal/journal.h"
#include "s3/response.h"

/* What stood under the name of a put before it. */
typedef struct S3Before
{
	enum
	{
		S3_BEFORE_UNKNOWN,		/* the server does not tell */
		S3_BEFORE_NOTHING,
		S3_BEFORE_OBJECT,
		S3_BEFORE_LEFTOVER		/* of a put that was rolled back */
	}			state;
	S3ObjectInfo info;			/* of the object */
	int64		date;			/* of the answer, by the server's clock; 0: it
								 * had none */
} S3Before;

/* One put under way. */
typedef struct S3PutIntent
{
	uint64		id;				/* 0: nothing is noted */
	int			number;			/* of the journal */
	const char *etag;			/* of the content, or "" */
} S3PutIntent;

/* Notes what a request that looks up the object of a put says of it. */
extern void s3_intent_note_before(S3Before *before, const S3Finished *finished);

/*
 * Is this object what a transaction has left behind that did not commit?  It
 * is about to be removed: its name is as good as free.
 */
extern bool s3_intent_is_leftover(const S3Call *put, const S3Before *before);

/*
 * Notes, durably, what "put" is about to write; gives the transaction an ID.
 * Returns false where a leftover has been swept meanwhile, or another put has
 * its name: then nothing is noted, and it is to be looked at again.  Throws when that fails: then nothing may be sent.  Without put_undo nothing
 * is noted, but that the object is nobody's leftover any more.
 */
extern bool s3_intent_begin(S3PutIntent *intent, const S3Call *put, const S3Before *before);

/* Notes, durably, the ID of the upload in parts that the put has become. */
extern void s3_intent_note_upload(const S3PutIntent *intent, const char *upload_id);

/* Notes the server's answer to the put, or that it has none. */
extern void s3_intent_note_answer(const S3PutIntent *intent, const S3Finished *finished);

/*
 * Notes that the call's object is being written by what cannot be undone, and
 * must stay, though it may look like something that was to be removed.  Waits
 * while it is being removed.
 */
extern void s3_intent_disown(const S3Call *call);

/* Returns where a request goes, as intents have it. */
extern char *s3_intent_target(const S3Call *call);

#endif							/* S3STORE_INTENT_H */
