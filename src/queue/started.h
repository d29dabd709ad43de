/*-------------------------------------------------------------------------
 *
 * started.h
 *	  The deletions that have been started, looked at once for all rows of a
 *	  statement.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_STARTED_H
#define S3STORE_STARTED_H

/* Which objects are being deleted, or are gone and may be known from before. */
typedef struct S3Started
{
	int			count;
	int64	   *objects;		/* sorted */
} S3Started;

/*
 * For a statement that has locked its table, and is about to write rows that name
 * objects there.  Returns NULL where only a look at each object can tell
 * (s3_admission_of_row): while a worker has decided which transactions it waits for,
 * and has not marked what it will delete; or when there are too many.  palloc'd.
 */
extern S3Started *s3_started_look(void);

/* Must s3_admission_of_row be asked about the object? */
extern bool s3_started_has(const S3Started *started, int64 object);

#endif							/* S3STORE_STARTED_H */
