/*-------------------------------------------------------------------------
 *
 * http_callbacks.h
 *	  What libcurl calls for the bytes of a transfer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_HTTP_CALLBACKS_H
#define S3STORE_HTTP_CALLBACKS_H

#include "http/http_transfer.h"

/* Sets the callbacks, which stay with the transfer's handle. */
extern void s3_http_set_callbacks(S3HttpTransfer *transfer);

/* Sets what they are given: the transfer. */
extern void s3_http_set_callback_data(S3HttpTransfer *transfer);

#endif							/* S3STORE_HTTP_CALLBACKS_H */
