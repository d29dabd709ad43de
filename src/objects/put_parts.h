/*-------------------------------------------------------------------------
 *
 * put_parts.h
 *	  A put whose content goes in parts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_PUT_PARTS_H
#define S3STORE_PUT_PARTS_H

#include "client/pipeline.h"
#include "journal/intent.h"
#include "objects/put_headers.h"

/* Should the put, which is open, be sent by s3_put_in_parts? */
extern bool s3_put_wants_parts(const S3Call *put, const S3PutArguments *arguments);

/*
 * Sends a put, which is open and has its headers, in parts.  How that came out
 * is in "finished", as if it had been one request: not ok where a condition of
 * the headers does not hold.  Throws for everything else that fails, and when
 * the query is cancelled.  The upload is noted with the intent, so that what a
 * crash leaves of it is removed.
 */
extern void s3_put_in_parts(S3Call *put, text *url, const S3PutArguments *arguments,
							S3PutIntent *intent, S3Finished *finished);

#endif							/* S3STORE_PUT_PARTS_H */
