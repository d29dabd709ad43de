/*-------------------------------------------------------------------------
 *
 * journal.h
 *	  The journal: the file in which a database keeps the intents of its puts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_JOURNAL_H
#define S3STORE_JOURNAL_H

#include "journal/intent_record.h"

/*
 * Appends records, all of them or none.  They survive a crash of PostgreSQL at
 * once, and one of the machine after s3_journal_sync.  Removes intents that are
 * done when the file has doubled.
 */
extern void s3_journal_append(const StringInfoData *records);

/* Brings all that was appended to disk, by whomever. */
extern void s3_journal_sync(void);

/*
 * Returns what the journal says: all that was appended before.  It is valid until
 * the next call in this process, which has to read only what was appended
 * meanwhile.  "foreign" tells whether it is the journal of the data directory of
 * which this one is a copy; where "foreign" is NULL, such a journal counts as
 * empty.
 */
extern const S3JournalContent *s3_journal_look(bool *foreign);

/* Frees what was read. */
extern void s3_journal_forget(void);

/* Is there no intent in it?  Does not read it. */
extern bool s3_journal_is_empty(void);

/* Removes the intents that are done. */
extern void s3_journal_compact(void);

/* Removes the journals of dropped databases, with a warning where intents are left. */
extern void s3_journal_remove_dropped(void);

#endif							/* S3STORE_JOURNAL_H */
