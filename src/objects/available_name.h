/*-------------------------------------------------------------------------
 *
 * available_name.h
 *	  Looks for a name that no object has.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_AVAILABLE_NAME_H
#define S3STORE_AVAILABLE_NAME_H

#include "client/call.h"

#define S3_NAME_ATTEMPTS_MAX	100

/*
 * Asks the server whether the URL's object exists, with head_object's "params"
 * or NULL.  Throws for every answer that is neither yes nor no.
 */
extern bool s3_available_name_is_taken(text *url, const char *command, Jsonb *params);

/*
 * Gives a request that looks an object up those of a put's headers without
 * which S3 may refuse it, such as the keys of SSE-C.
 */
extern void s3_available_name_add_headers(S3Call *look, const S3Fields *put);

/* Has the URL at most so many characters?  0: any number will do. */
extern bool s3_available_name_fits(text *url, int max_length);

/*
 * Returns another name for the URL's object, at random, with a key that the
 * server can have and with at most "max_length" characters (0: any number).
 * Throws 22023 or 54000 when there is none.
 */
extern text *s3_available_name_alternative(text *url, const char *command, int max_length);

/* The same, but returns NULL and fills "err" instead of throwing. */
extern text *s3_available_name_try_alternative(text *url, const char *command, int max_length,
											   S3Error *err);

/* Fills "err" when S3_NAME_ATTEMPTS_MAX names were taken; returns false. */
extern bool s3_available_name_all_taken(text *url, S3Error *err);

#endif							/* S3STORE_AVAILABLE_NAME_H */
