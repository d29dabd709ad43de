/*-------------------------------------------------------------------------
 *
 * intent.h
 *	  The intent of a put: what is needed to undo it when its transaction does
 *	  not commit, noted before anything is sent.
 *
 *	  Whoever writes an object does this, in this order: s3_intent_begin;
 *	  s3_admission_of_put (queue/admission.h), which holds up its queued
 *	  deletions; a HEAD; s3_intent_note_found; s3_intent_sync; only then the
 *	  request that writes; and when that is stored, s3_stored_objects_note.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_INTENT_H
#define S3STORE_INTENT_H

#include "client/call.h"
#include "journal/journal.h"
#include "s3/response.h"

/* A put that is being sent; zero-initialize. */
typedef struct S3PutIntent
{
	uint64		id;				/* 0: nothing is noted */
	S3IntentRole role;
	int64		object;			/* as S3ObjectIdentity has it */
	const char *etag;			/* of the content; "": not known */
	S3IntentFound found;		/* what stood under the name, once the HEAD is
								 * noted */
} S3PutIntent;

/*
 * Notes that the object of "call" is about to be written by this transaction,
 * to which it assigns an ID.  "etag" is what the object will have; "": not
 * known.  What is never undone (S3_INTENT_KEPT, S3_INTENT_SYNC) need not wait
 * for s3_intent_sync.
 */
extern void s3_intent_begin(S3PutIntent *intent, const S3Call *call, S3IntentRole role,
							int64 size, const char *etag);

/* Notes the answer to the HEAD that asks what stands under the name. */
extern void s3_intent_note_found(S3PutIntent *intent, const S3Finished *finished);

/*
 * Can the put go on after this answer to its HEAD?  A role that may not look can
 * still put, though nobody knows then what was there.  A server that does not
 * answer, or fails, is not sent the put either.
 */
extern bool s3_intent_may_go_on(const S3Finished *finished);

/* What stands under the name, by the answer to a HEAD?  Notes nothing. */
extern S3IntentFound s3_intent_found(const S3Finished *finished);

/* Brings all that was noted to disk, for any number of puts at once. */
extern void s3_intent_sync(void);

/* Notes the ID of a multipart upload, on disk. */
extern void s3_intent_note_upload(const S3PutIntent *intent, const char *upload_id);

/* Notes ETag and size of the object, where s3_intent_begin could not know them. */
extern void s3_intent_note_content(S3PutIntent *intent, const char *etag, int64 size);

/* Notes the server's answer to the put, or that there was none. */
extern void s3_intent_note_answer(const S3PutIntent *intent, const S3Finished *finished);

/*
 * Notes that the object is stored, where no answer to a PUT says so.  The ETag is
 * without its quotes; "resent" requests before the last one had no answer.
 */
extern void s3_intent_note_stored(const S3PutIntent *intent, const char *etag, const char *version,
								  int resent);

/* Notes that a request had no answer, and may yet be carried out. */
extern void s3_intent_note_unsure(const S3PutIntent *intent);

/* Notes that the put has failed: it is undone even if its transaction commits. */
extern void s3_intent_abandon(const S3PutIntent *intent);

/* Notes that there is nothing to undo: nothing was sent, or a sync has ended. */
extern void s3_intent_settle(const S3PutIntent *intent);

/*
 * Is there a put of the object whose transaction runs, or that is to be undone?
 * Reads the journal: a put that is noted later is not seen.
 */
extern bool s3_intent_has_open_put(int64 object);

/*
 * Returns the ETag that an object of this content will have, unless its server
 * encrypts it, or it goes in parts; "" when it cannot be known.
 */
extern const char *s3_intent_digest(const S3Call *put);

#endif							/* S3STORE_INTENT_H */
