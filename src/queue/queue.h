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
#include "s3/location.h"

/* A deletion to queue; zero-initialize what is not given. */
typedef struct S3Deletion
{
	text	   *url;
	int64		object;			/* s3_queue_object() of the URL */
	TimestampTz next_at;		/* when it is due */
	Oid			relation;		/* the table to ask whether a row still names
								 * the object; InvalidOid: none */
	int16		attribute;		/* its column */
	Oid			owner;			/* the role whose privileges count */
	bool		exclusive;		/* the table need not be asked */
	text	   *version_id;		/* NULL: the object, not a version */
} S3Deletion;

/*
 * Returns the number that identifies an object in the queue: a hash of its
 * scheme, bucket and key, normalized when the endpoint's settings say so.
 */
extern int64 s3_queue_object(const S3Location *location);

/*
 * Queues a deletion, in the current transaction, and returns its ID.  Checks
 * no privileges.
 */
extern int64 s3_queue_insert(const S3Deletion *deletion);

/* The state of the queued deletions of an object. */
typedef struct S3Claim
{
	int64		number;			/* of the claim; 0: not claimed */
	TimestampTz unsure_until;	/* a DELETE without an answer may be executed
								 * until then; 0: there was none */
} S3Claim;

/*
 * Is a deletion of the object queued, by a transaction that has committed or by
 * this one?  Fills "claim".  Deletions of versions do not count: writing the
 * object makes another version.
 */
extern bool s3_queue_find(int64 object, S3Claim *claim);

/*
 * Deletes the queued deletions of an object, in this transaction; those of its
 * versions stay.
 */
extern void s3_queue_cancel(int64 object);

/* Returns the OID of the table; InvalidOid where the extension is not installed. */
extern Oid	s3_queue_table(void);

/* Returns the next ID of a deletion, or number of a claim. */
extern int64 s3_queue_number(void);

/*
 * Comes before SQL on the extension's tables: the current user is their owner
 * until s3_sql_run_as_end(), and names are looked up in pg_catalog only.
 */
extern void s3_queue_run_as_owner(S3RunAs *saved);

/* The name of one of the extension's tables, quoted and with its schema. */
extern const char *s3_queue_name(const char *table);

#endif							/* S3STORE_QUEUE_H */
