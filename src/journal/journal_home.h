/*-------------------------------------------------------------------------
 *
 * journal_home.h
 *	  The directory of the journals, and whether it is the one that they were
 *	  written in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_JOURNAL_HOME_H
#define S3STORE_JOURNAL_HOME_H

#include "journal/intent_record.h"

#define S3_JOURNAL_DIR	"pg_s3store"

/*
 * Returns the id of the directory, S3_HOME_ID_LEN bytes.  A directory that is
 * not there is made, with "create", else it is NULL.  A copy of a directory
 * gets another id than the one it is a copy of.  Throws when that cannot be
 * found out, or made durable.
 */
extern const uint8 *s3_journal_home(bool create);

/* Makes a directory below the data directory, durably, if there is none. */
extern void s3_journal_make_directory(const char *path, const char *parent);

/* Reports the failure of a system call on a file of ours; nothing was sent. */
extern void s3_journal_throw(const char *verb, const char *path) pg_attribute_noreturn();

#endif							/* S3STORE_JOURNAL_HOME_H */
