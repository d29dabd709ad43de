/*-------------------------------------------------------------------------
 *
 * intent_record.h
 *	  The records of a journal: parsing and writing them.  Pure.
 *
 *	  A journal is a run of records, appended and never changed:
 *
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
#define S3_HOME_RECORD_LEN	(8 + 1 + S3_HOME_ID_LEN)	/* with its header */
#define S3_INTENT_NOT_LOOKED	INT64CONST(-1)
#define S3_INTENT_RECORD_MAX	(16 * 1024) /* bytes of a payload */
#define S3_INTENT_STRING_MAX	3500	/* bytes; URLs have at most 1350 */

/* What the put does, and so how it is undone. */
typedef enum S3IntentKind
{
	S3_INTENT_CREATE = 1,		/* there was no object: remove it */
	S3_INTENT_REPLACE = 2,		/* there was, or may have been, an object:
								 * remove only the version */
	S3_INTENT_PARTS = 3			/* abort the multipart upload; its object
								 * stays */
} S3IntentKind;

/* The intent of one put, of all records about it; strings are palloc'd. */
typedef struct S3Intent
{
	uint64		id;				/* random */
	S3IntentKind kind;
	uint64		xid;			/* of the subtransaction, with its epoch */
	int64		created;		/* TimestampTz */
	int64		not_before;		/* seconds since 1970 by the server's clock,
								 * before the upload; 0: not known */
	int64		size;			/* bytes of the content that is sent */
	const char *url;			/* in UTF-8 */
	const char *target;			/* s3_intent_target() at that time */
	uint32		target_hash;
	const char *etag;			/* of the content; "": not known */
	const char *previous;		/* version that was there before, or "" */

	/* From later records. */
	const char *upload_id;		/* of a multipart upload, or "" */
	const char *version;		/* that was written, or "" */
	bool		answered;		/* the server has said that it is stored */
	int64		not_after;		/* as not_before, at the time of that answer;
								 * 0: not known */
	int64		unsure_since;	/* a request without an answer may still be
								 * executed: TimestampTz of the first look-up
								 * of its object, S3_INTENT_NOT_LOOKED before
								 * that; 0: all requests have answers */
	int64		removing_until; /* a DELETE of the object may be executed
								 * until this TimestampTz; 0: none was sent */
	bool		settled;		/* there is nothing left to do */
} S3Intent;

/* The content of a journal. */
typedef struct S3JournalContent
{
	bool		has_home;
	uint8		home[S3_HOME_ID_LEN];	/* ID of the directory that it was
										 * written in */
	S3Intent   *intents;		/* in the order they were written */
	int			count;
	int			capacity;
	size_t		valid;			/* bytes of whole records */
} S3JournalContent;

/* Parses records up to the first that is incomplete or wrong.  Never fails. */
extern void s3_intent_records_read(S3Slice bytes, S3JournalContent *content);

/* Are they about the same object? */
extern bool s3_intent_same_object(const S3Intent *a, const S3Intent *b);

/* Returns the hash of a target, as intents have it. */
extern uint32 s3_intent_hash(const char *target);

/*
 * Was an object with this time of writing (seconds since 1970 by the server's
 * clock) written after the put was answered, and so by another client?
 */
extern bool s3_intent_is_older(const S3Intent *intent, int64 last_modified);

/* Returns the intent of that id, or NULL. */
extern S3Intent *s3_intent_find(const S3JournalContent *content, uint64 id);

/* Each of these appends one record. */
extern void s3_intent_record_home(StringInfo out, const uint8 home[S3_HOME_ID_LEN]);
extern void s3_intent_record_intent(StringInfo out, const S3Intent *intent);
extern void s3_intent_record_upload(StringInfo out, uint64 id, const char *upload_id);
extern void s3_intent_record_answer(StringInfo out, uint64 id, const char *etag,
									const char *version, int64 not_after);
extern void s3_intent_record_unsure(StringInfo out, uint64 id, int64 since);
extern void s3_intent_record_removing(StringInfo out, uint64 id, int64 until);
extern void s3_intent_record_settled(StringInfo out, uint64 id);

/* Appends all records that are needed to restore the intent. */
extern void s3_intent_record_all(StringInfo out, const S3Intent *intent);

#endif							/* S3STORE_INTENT_RECORD_H */
