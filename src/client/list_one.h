/*-------------------------------------------------------------------------
 *
 * list_one.h
 *	  What a list says of one object: that tells more than a HEAD, for an object
 *	  that is encrypted with a key of its client's, too.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_LIST_ONE_H
#define S3STORE_LIST_ONE_H

#include "client/call.h"
#include "s3/list_page.h"

/*
 * Opens the list of the first key that begins with "key", which is not copied:
 * that of the URL's object, if there is one.
 */
extern void s3_list_one_open(S3Call *call, const char *command, text *url, const char *key);

/*
 * Finds the object of that key in the answer.  Returns false when it is not
 * there, and where "err" is set when there is no such answer.
 */
extern bool s3_list_one_find(const S3Finished *finished, const char *key, S3ListItem *item,
							 S3Error *err);

/*
 * Is the URL's object there?  False also where the server does not tell.  Of the
 * headers "given" for the object, those that are for every request go with it.
 */
extern bool s3_list_one_is_there(text *url, const char *command, const S3Fields *given);

#endif							/* S3STORE_LIST_ONE_H */
