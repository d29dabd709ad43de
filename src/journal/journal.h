/*-------------------------------------------------------------------------
 *
 * journal.h
 *	  The journals: files in which a database keeps the intents of its puts.
 *
 *	  The intents of one object are all in one file, in the order in which
 *	  they were written; a hash of the object's URL selects the file.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_JOURNAL_H
#define S3STORE_JOURNAL_H

#include "journal/intent_record.h"

#define S3_JOURNAL_FILES	16	/* of a database */

typedef enum S3JournalMode
{
	S3_JOURNAL_READ,			/* changes nothing */
	S3_JOURNAL_WRITE,			/* if the file exists */
	S3_JOURNAL_CREATE
} S3JournalMode;

/* An open and locked file. */
typedef struct S3Journal
{
	int			number;			/* 0 .. S3_JOURNAL_FILES - 1 */
	int			fd;
	bool		foreign;		/* written in the data directory that this one
								 * is a copy of */
	S3JournalContent content;
	size_t		size;			/* bytes */
	char		path[MAXPGPATH];
} S3Journal;

/* Returns the number of the file for an object. */
extern int	s3_journal_number(const char *target);

/*
 * Opens and locks a file of this database, and reads it.  Returns NULL when it
 * does not exist.  When opened for writing, an incomplete record at its end is
 * cut off, and intents of another data directory are dropped, which is logged.
 * Must be closed; after an error, the end of the (sub)transaction does that.
 */
extern S3Journal *s3_journal_open(int number, S3JournalMode mode);

/*
 * Appends records: all of them, or none.  They survive a crash of PostgreSQL
 * at once, and a crash of the machine after s3_journal_sync.
 */
extern void s3_journal_append(S3Journal *journal, const StringInfoData *records);

/* Releases the lock; s3_journal_sync needs none. */
extern void s3_journal_unlock(S3Journal *journal);

/* Makes all that was appended durable. */
extern void s3_journal_sync(S3Journal *journal);

/*
 * Replaces the whole content by these records, durably, and closes the file.
 */
extern void s3_journal_rewrite(S3Journal *journal, const StringInfoData *records);

/* Forgets all intents, and closes the file. */
extern void s3_journal_clear(S3Journal *journal);

extern void s3_journal_close(S3Journal *journal);

/* Removes the files of dropped databases, with a warning where intents are left. */
extern void s3_journal_remove_dropped(void);

#endif							/* S3STORE_JOURNAL_H */
