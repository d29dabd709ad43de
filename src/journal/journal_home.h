/*-------------------------------------------------------------------------
 *
 * journal_home.h
 *	  The directory of the journals, and whether it is a copy.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_JOURNAL_HOME_H
#define S3STORE_JOURNAL_HOME_H

#include "journal/intent_record.h"

#define S3_JOURNAL_DIR	"pg_s3store"

/*
 * Returns the ID of the directory, S3_HOME_ID_LEN bytes; NULL when it does not
 * exist, unless "create" is set.  A copy of a directory gets another ID than its
 * original.  Throws when a file cannot be read or written.
 */
extern const uint8 *s3_journal_home(bool create);

/* Makes a directory below the data directory, durably, unless it exists. */
extern void s3_journal_make_directory(const char *path, const char *parent);

/* Throws for a system call on a journal that has failed. */
extern void s3_journal_throw(const char *verb, const char *path) pg_attribute_noreturn();

#endif							/* S3STORE_JOURNAL_HOME_H */
