/*-------------------------------------------------------------------------
 *
 * error_text.h
 *	  Words for people to read, in the database's encoding.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ERROR_TEXT_H
#define S3STORE_ERROR_TEXT_H

/*
 * Returns UTF-8, which must be valid, in the database's encoding, palloc'd.
 * Characters that this lacks become '?': what a server says shall not turn
 * into another error.  So does all but ASCII where the database has no
 * encoding, or no catalog can be read (outside of a transaction).
 */
extern char *s3_error_text(const char *utf8);

#endif							/* S3STORE_ERROR_TEXT_H */
