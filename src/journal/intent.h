/*-------------------------------------------------------------------------
 *
 * intent.h
 *	  The intent of a put: what is needed to undo it when its transaction does
 *	  not commit, noted before anything is sent.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_INTENT_H
#define S3STORE_INTENT_H

#include "client/pipeline.h"
#include "journal/journal.h"
#include "s3/response.h"

/* What was under the name of a put before it. */
typedef struct S3Before
{
	enum
	{
		S3_BEFORE_UNKNOWN,		/* the server did not say */
		S3_BEFORE_NOTHING,
		S3_BEFORE_OBJECT,
		S3_BEFORE_LEFTOVER		/* the object of a put that was rolled back */
	}			state;
	S3ObjectInfo info;			/* of the object */
	int64		date;			/* of the answer, by the server's clock; 0:
								 * not known */
} S3Before;

/* A put that is being sent. */
typedef struct S3PutIntent
{
	uint64		id;				/* 0: nothing is noted */
	int			number;			/* of the journal */
	const char *etag;			/* of the content, or "" */
} S3PutIntent;

/* Takes the answer to the HEAD that comes before a put. */
extern void s3_intent_note_before(S3Before *before, const S3Finished *finished);

/*
 * Is the present object that of an aborted put, which is about to be removed?
 * Its name counts as free.
 */
extern bool s3_intent_is_leftover(const S3Call *put, const S3Before *before);

/*
 * Notes durably what "put" is about to write; assigns a transaction ID.  Returns
 * false, and notes nothing, when "before" is a leftover and that has been swept
 * or overwritten meanwhile: the caller has to send its HEAD again.  After an
 * error nothing may be sent.  Without put_undo, only calls s3_intent_disown().
 */
extern bool s3_intent_begin(S3PutIntent *intent, const S3Call *put, const S3Before *before);

/* Notes durably the ID of a multipart upload. */
extern void s3_intent_note_upload(const S3PutIntent *intent, const char *upload_id);

/* Notes the server's answer to the put, or that there was none. */
extern void s3_intent_note_answer(const S3PutIntent *intent, const S3Finished *finished);

/*
 * Notes that the call's object is being written by something that is never
 * undone: it must stay, though it may look like that of an aborted put.  Waits
 * while a sweep removes the object.
 */
extern void s3_intent_disown(const S3Call *call);

/* Returns where the object of a call is: http://host/bucket/key. */
extern char *s3_intent_target(const S3Call *call);

#endif							/* S3STORE_INTENT_H */
