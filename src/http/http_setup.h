/*-------------------------------------------------------------------------
 *
 * http_setup.h
 *	  libcurl's handles, and what they are told of a transfer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_HTTP_SETUP_H
#define S3STORE_HTTP_SETUP_H

#include "http/http_transfer.h"

/* Throws when memory runs out. */
extern S3HttpHandle *s3_http_take_handle(void);

/* Keeps a clean one for later, frees another; NULL is fine.  Never throws. */
extern void s3_http_give_back_handle(S3HttpHandle *handle, bool clean);

/* Throws when libcurl refuses anything. */
extern void s3_http_set_options(S3HttpTransfer *transfer);

#endif							/* S3STORE_HTTP_SETUP_H */
