/*-------------------------------------------------------------------------
 *
 * intent_record.h
 *	  The records of a journal: parsing and writing them.  Pure.
 *
 *	  A journal is a run of records, appended and never changed:
 *
 *		magic    uint32
 *		length   uint32, of the payload
 *		checksum uint32, CRC-32C of the payload
 *		payload  a byte for the type of the record, then its fields
 *
 *	  Numbers are in the machine's byte order, since a journal never leaves its
 *	  machine; strings have a uint16 length before them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_INTENT_RECORD_H
#define S3STORE_INTENT_RECORD_H

#include "base/base.h"

#define S3_HOME_ID_LEN		16
#define S3_HOME_RECORD_LEN	(12 + 1 + S3_HOME_ID_LEN + 8 + 8)	/* with its header */
#define S3_INTENT_NEVER_SEEN	INT64CONST(-1)
#define S3_INTENT_RECORD_MAX	(16 * 1024) /* bytes of a payload */
#define S3_INTENT_STRING_MAX	3500	/* bytes; URLs have at most 1350 */

/* What for is the object written? */
typedef enum S3IntentRole
{
	S3_INTENT_PUT = 1,			/* a put or a copy: undone when its
								 * transaction does not commit */
	S3_INTENT_KEPT = 2,			/* the same with put_undo off: never undone */
	S3_INTENT_SYNC = 3			/* a sync, which copies an object onto itself:
								 * never undone */
} S3IntentRole;

/* What was under the name before the put. */
typedef enum S3IntentFound
{
	S3_INTENT_NOT_LOOKED,		/* nobody has looked: nothing was sent yet */
	S3_INTENT_FOUND_NOTHING,
	S3_INTENT_FOUND_OBJECT,
	S3_INTENT_FOUND_UNKNOWN		/* the server does not say */
} S3IntentFound;

/* The intent of one put, of all records about it; strings are palloc'd. */
typedef struct S3Intent
{
	uint64		id;				/* random */
	S3IntentRole role;
	uint64		xid;			/* of the subtransaction, with its epoch */
	int64		created;		/* TimestampTz */
	int64		server;			/* as S3ObjectIdentity has these */
	int64		object;
	uint64		oldest_xid;		/* with its epoch: those before it had ended
								 * when this was noted */
	int64		size;			/* bytes of the content that is sent */
	const char *url;			/* in UTF-8 */
	const char *etag;			/* of the object once it is stored; "": not
								 * known */

	/* From later records. */
	S3IntentFound found;
	const char *found_etag;		/* of the object that was found */
	int64		found_size;
	const char *previous;		/* version that was there before: of an object
								 * or of a delete marker; "": none, or not
								 * known */
	bool		found_marker;	/* nothing was found, because of a delete
								 * marker */
	const char *upload_id;		/* of a multipart upload, or "" */
	const char *version;		/* that was written, or "" */
	bool		answered;		/* the server has said that it is stored, */
	int64		not_after;		/* and when: seconds since 1970 by its clock;
								 * 0: not known */
	int64		unsure_since;	/* a request without an answer may still be
								 * carried out: TimestampTz of the first
								 * look-up of its object when the put was
								 * undone, S3_INTENT_NEVER_SEEN before that;
								 * 0: all requests have answers */
	int64		unsure_noted;	/* TimestampTz: when the session noted that a
								 * request had no answer */
	int			unsure_count;	/* of requests that had no answer */
	bool		abandoned;		/* the put has failed: it is undone even when
								 * its transaction commits */
	bool		settled;		/* there is nothing left to do */

	int			before;			/* the intent before this one that is about
								 * the same object: 1 + index; 0: none */
} S3Intent;

/* The content of a journal. */
typedef struct S3JournalContent
{
	bool		has_home;
	uint8		home[S3_HOME_ID_LEN];	/* ID of the directory that it was
										 * written in */
	int64		first_size;		/* bytes of the file when it was rewritten
								 * last */
	uint64		generation;		/* random; another one whenever the file was
								 * changed other than by appending */
	S3Intent   *intents;		/* in the order they were written */
	int			count;
	int			capacity;
	int		   *slots;			/* hash table of the intents' IDs: 1 + index;
								 * 0: free */
	int		   *last;			/* the same of objects: 1 + index of the last
								 * intent about one */
	int			slot_count;		/* of each table; a power of two */
	size_t		damaged;		/* bytes that are of no record */
} S3JournalContent;

/*
 * Parses records; bytes that are none are skipped.  Never fails.
 */
extern void s3_intent_records_read(S3Slice bytes, S3JournalContent *content);

/* The same for records that follow those which were read, in the same memory context. */
extern void s3_intent_records_add(S3Slice bytes, S3JournalContent *content);

/* Returns the intent of that id, or NULL. */
extern S3Intent *s3_intent_find(const S3JournalContent *content, uint64 id);

/* Returns a copy, with its strings, in the current memory context. */
extern S3Intent *s3_intent_copy(const S3Intent *intent);

/*
 * Returns the last intent about an object, or NULL; and the one before an intent
 * that is about the same object.
 */
extern S3Intent *s3_intent_last_of(const S3JournalContent *content, int64 object);
extern S3Intent *s3_intent_before(const S3JournalContent *content, const S3Intent *intent);

/* Each of these appends one record. */
extern void s3_intent_record_home(StringInfo out, const uint8 home[S3_HOME_ID_LEN], int64 first_size,
								  uint64 generation);
extern void s3_intent_record_intent(StringInfo out, const S3Intent *intent);
extern void s3_intent_record_found(StringInfo out, const S3Intent *intent);
extern void s3_intent_record_upload(StringInfo out, uint64 id, const char *upload_id);
extern void s3_intent_record_content(StringInfo out, uint64 id, const char *etag, int64 size);
extern void s3_intent_record_answer(StringInfo out, uint64 id, const char *etag, const char *version,
									int64 not_after);
extern void s3_intent_record_unsure(StringInfo out, const S3Intent *intent);
extern void s3_intent_record_abandoned(StringInfo out, uint64 id);
extern void s3_intent_record_settled(StringInfo out, uint64 id);

/* Appends all records that are needed to restore an intent that is not settled. */
extern void s3_intent_record_all(StringInfo out, const S3Intent *intent);

#endif							/* S3STORE_INTENT_RECORD_H */
