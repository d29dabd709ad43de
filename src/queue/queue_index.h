/*-------------------------------------------------------------------------
 *
 * queue_index.h
 *	  The indexes of the table of queued deletions: inserting a new row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_QUEUE_INDEX_H
#define S3STORE_QUEUE_INDEX_H

#include "settings/object_identity.h"
#include "storage/itemptr.h"
#include "datatype/timestamp.h"
#include "utils/relcache.h"

/*
 * Adds a new row, at "tid", to the indexes that it belongs to.  Throws when the
 * table has an index that is not the extension's.
 */
extern void s3_queue_index_insert(Relation table, ItemPointer tid,
								  const S3ObjectIdentity *identity,
								  TimestampTz next_at, int64 id);

/* Return the indexes of the deletions by object, and of those that were started. */
extern Oid	s3_queue_index_object(Relation table);
extern Oid	s3_queue_index_started(Relation table);

/*
 * Could an object have a row?  Sees every row that was inserted before, whoever can
 * see it, and may be true when there is none.  Far faster than a look at the rows.
 */
extern bool s3_queue_index_may_have(Relation table, int64 object);

/* Forgets what is cached: the table may have other indexes now. */
extern void s3_queue_index_forget(void);

#endif							/* S3STORE_QUEUE_INDEX_H */
