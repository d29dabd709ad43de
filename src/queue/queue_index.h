/*-------------------------------------------------------------------------
 *
 * queue_index.h
 *	  The indexes of the table of queued deletions: inserting a new row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_QUEUE_INDEX_H
#define S3STORE_QUEUE_INDEX_H

#include "base/base.h"

#include "datatype/timestamp.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

/*
 * Adds a new row, at "tid", to the indexes that it belongs to.  Throws when the
 * table has an index that is not the extension's.
 */
extern void s3_queue_index_insert(Relation table, ItemPointer tid, int64 object,
								  TimestampTz next_at, int64 id);

/* Returns the index that finds the deletions of an object. */
extern Oid	s3_queue_index_object(Relation table);

/* Forgets what is cached: the table may have other indexes now. */
extern void s3_queue_index_forget(void);

#endif							/* S3STORE_QUEUE_INDEX_H */
