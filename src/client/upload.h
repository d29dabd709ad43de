/*-------------------------------------------------------------------------
 *
 * upload.h
 *	  An upload in parts: all of it, or nothing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_UPLOAD_H
#define S3STORE_UPLOAD_H

#include "client/upload_parts.h"

/* Sends all parts; may throw, and be cancelled. */
typedef void (*S3UploadSend) (S3Upload *upload, void *arg);

/*
 * Starts an upload, has its parts sent, and completes it.  However that fails
 * (an error, a cancel, the end of the session), the parts are removed from the
 * server; a failure to do so is a warning.
 *
 * "completed" gets the server's answer to the completion, with the object's
 * ETag among its headers.  It is not ok only when a condition does not hold; a
 * server that knows no conditions completes the upload without.
 */
extern void s3_upload_run(const S3UploadTarget *target, S3UploadSend send, void *arg,
						  S3Finished *completed);

#endif							/* S3STORE_UPLOAD_H */
