/*-------------------------------------------------------------------------
 *
 * http_error.h
 *	  Why a transfer failed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_HTTP_ERROR_H
#define S3STORE_HTTP_ERROR_H

#include "base/error.h"
#include "http/http_transfer.h"

/* Fills "err"; returns false. */
extern bool s3_http_explain(const S3HttpTransfer *transfer, S3Error *err);

#endif							/* S3STORE_HTTP_ERROR_H */
