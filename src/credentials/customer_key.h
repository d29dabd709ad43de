/*-------------------------------------------------------------------------
 *
 * customer_key.h
 *	  The key of our own that an endpoint encrypts its objects with (SSE-C).
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CUSTOMER_KEY_H
#define S3STORE_CUSTOMER_KEY_H

#include "s3/request.h"
#include "settings/endpoint_type.h"

/* Whose key the headers are: of the request's object, or of a copy's source. */
typedef enum S3CustomerKeyOf
{
	S3_CUSTOMER_KEY_OF_OBJECT,
	S3_CUSTOMER_KEY_OF_SOURCE
} S3CustomerKeyOf;

/*
 * Adds the headers with the key that the endpoint's entry names
 * (sse_customer_key_file); none where it names none, and where the caller has
 * given a key.  The file is read each time.  Returns false, with
 * S3_ERROR_NO_CREDENTIALS, when it holds no key, and with S3_ERROR_ARGUMENT where
 * it would leave this machine without TLS.
 */
extern bool s3_customer_key_add(const S3Endpoint *endpoint, S3CustomerKeyOf of,
								S3Fields *headers, S3Error *err);

#endif							/* S3STORE_CUSTOMER_KEY_H */
