/*-------------------------------------------------------------------------
 *
 * queue.h
 *	  The table of queued deletions: a row goes in, rows of an object go out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_QUEUE_H
#define S3STORE_QUEUE_H

#include "utils/timestamp.h"

#include "backend/sql.h"
#include "settings/object_identity.h"

/* The columns of s3_deletion, in order. */
enum S3QueueColumn
{
	S3_QUEUE_ID = 1,
	S3_QUEUE_OBJECT,
	S3_QUEUE_SERVER,
	S3_QUEUE_NEXT_AT,
	S3_QUEUE_QUEUED_AT,
	S3_QUEUE_NOT_BEFORE,
	S3_QUEUE_MET_AT,
	S3_QUEUE_UNSURE_UNTIL,
	S3_QUEUE_GONE_AT,
	S3_QUEUE_RELATION,
	S3_QUEUE_OWNER,
	S3_QUEUE_ATTEMPTS,
	S3_QUEUE_ATTRIBUTE,
	S3_QUEUE_STATE,
	S3_QUEUE_KIND,
	S3_QUEUE_VOID,
	S3_QUEUE_DEAD,
	S3_QUEUE_URL,
	S3_QUEUE_VERSION_ID,
	S3_QUEUE_ETAG,
	S3_QUEUE_LAST_ERROR,
	S3_QUEUE_COLUMNS = S3_QUEUE_LAST_ERROR
};

/* The states of a row. */
#define S3_QUEUE_PENDING	'p'
#define S3_QUEUE_DELETING	'd'
#define S3_QUEUE_GONE		'g'

/* Why objects are to go: the kinds of rows. */
#define S3_QUEUE_DELETION	'd' /* somebody wants it to */
#define S3_QUEUE_UNDO		'u' /* puts of it may have to be undone */
#define S3_QUEUE_UNDECIDED	'k' /* that could not be decided: the object was
								 * kept, and the row is dead */

/* A deletion to queue; zero-initialize what is not given. */
typedef struct S3Deletion
{
	text	   *url;
	S3ObjectIdentity identity;
	TimestampTz next_at;		/* when it is due */
	Oid			relation;		/* whose row named the object; InvalidOid:
								 * none */
	int16		attribute;		/* the column of it */
	Oid			owner;			/* on whose behalf the object goes */
	text	   *version_id;		/* NULL: the object, not a version */
	text	   *etag;			/* of the content that is meant; NULL: what is
								 * there when this is committed */
	char		kind;			/* 0: S3_QUEUE_DELETION */
} S3Deletion;

/*
 * Queues a deletion, in the current transaction, and returns its number.
 * Checks no privileges: the table is the extension's, whoever queues.
 */
extern int64 s3_queue_insert(const S3Deletion *deletion);

/*
 * Is a deletion of the object queued, as far as is committed by now or done
 * by this transaction?  Those of versions do not count.
 */
extern bool s3_queue_has(int64 object);

/* Has it no rows at all, not even dead ones?  May be false although it has none. */
extern bool s3_queue_is_empty(void);

/* Is there a row of that kind for the object that waits, or is being worked on? */
extern bool s3_queue_has_kind(int64 object, char kind);

/* Returns the OID of the table; InvalidOid where the extension is not installed. */
extern Oid	s3_queue_table(void);

/* Returns the number of the next deletion. */
extern int64 s3_queue_number(void);

/*
 * Comes before SQL on the extension's tables: the current user is their owner
 * until s3_sql_run_as_end(), and names are looked up in pg_catalog only.
 */
extern void s3_queue_run_as_owner(S3RunAs *saved);

/* The name of one of the extension's tables, quoted and with its schema. */
extern const char *s3_queue_name(const char *table);

#endif							/* S3STORE_QUEUE_H */
