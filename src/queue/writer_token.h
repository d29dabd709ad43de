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

/* Why a database carries out no deletions. */
typedef enum S3WriterRefusal
{
	S3_WRITER_ALLOWED = 0,		/* it does */
	S3_WRITER_NO_TOKEN,
	S3_WRITER_OTHER_TOKEN,
	S3_WRITER_OTHER_DATABASE,
	S3_WRITER_READ_ONLY			/* not for want of a token */
} S3WriterRefusal;

/* May the database carry out deletions, by its token?  Returns why not. */
extern S3WriterRefusal s3_writer_token_refusal(void);

/* Logs the reason, or that there is none any more.  Needs a transaction. */
extern void s3_writer_token_log(S3WriterRefusal refusal);

/*
 * Throws 55000 unless the token that is stored for this database is the setting
 * s3store.writer_token; or there is none in either place.  SPI is connected,
 * and the current user is the owner of the extension's tables.
 */
extern void s3_writer_token_require(void);

#endif							/* S3STORE_WRITER_TOKEN_H */
