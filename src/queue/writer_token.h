/*-------------------------------------------------------------------------
 *
 * writer_token.h
 *	  Which database may carry out deletions: the original, not a copy of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_WRITER_TOKEN_H
#define S3STORE_WRITER_TOKEN_H

#include "base/base.h"

/* Stores a token for this database; NULL: removes it. */
extern void s3_writer_token_store(text *token);

/*
 * Throws 55000 unless the token that is stored for this database is the setting
 * s3store.writer_token; or there is none in either place.  SPI is connected,
 * and the current user is the owner of the extension's tables.
 */
extern void s3_writer_token_require(void);

#endif							/* S3STORE_WRITER_TOKEN_H */
