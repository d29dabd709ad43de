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
	Oid			relation;		/* asked whether a row still names the object;
								 * InvalidOid: none */
	int16		attribute;		/* the column of it */
	Oid			owner;			/* on whose behalf the object goes */
	bool		exclusive;		/* the relation need not be asked */
	text	   *version_id;		/* NULL: the object, not a version */
} S3Deletion;

/*
 * Returns the number by which an object is known: a hash of all of its URL,
 * as the settings of its endpoint read it.
 */
extern int64 s3_queue_object(const S3Location *location);

/*
 * Queues a deletion, in the current transaction, and returns its number.
 * Checks no privileges: the table is the extension's, whoever queues.
 */
extern int64 s3_queue_insert(const S3Deletion *deletion);

/* Who is at the deletions of an object, or was. */
typedef struct S3Claim
{
	int64		number;			/* 0: nobody */
	TimestampTz unsure_until;	/* a request without an answer may be under
								 * way until then; 0: there was none */
} S3Claim;

/*
 * Is a deletion of the object queued, as far as is committed by now or done
 * by this transaction?  Sets the claim of one that is claimed.  Those of
 * versions do not count: what is written is another one.
 */
extern bool s3_queue_find(int64 object, S3Claim *claim);

/*
 * Takes the deletions of an object off the queue, in this transaction; those
 * of its versions stay.
 */
extern void s3_queue_cancel(int64 object);

/* Returns the OID of the queue's table; InvalidOid where there is none. */
extern Oid	s3_queue_table(void);

/* Returns the next number of a deletion or a claim. */
extern int64 s3_queue_number(void);

/*
 * Comes before SQL on the extension's tables: the current user is their owner
 * until s3_sql_run_as_end(), and names are looked up in pg_catalog only.
 */
extern void s3_queue_run_as_owner(S3RunAs *saved);

/* The name of one of the extension's tables, quoted and with its schema. */
extern const char *s3_queue_name(const char *table);

#endif							/* S3STORE_QUEUE_H */
