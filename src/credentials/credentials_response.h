/*-------------------------------------------------------------------------
 *
 * credentials_response.h
 *	  Parses the documents in which services hand out temporary access keys.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_RESPONSE_H
#define S3STORE_CREDENTIALS_RESPONSE_H

#include "s3/credentials_syntax.h"

/*
 * Both fill "keys".  A false return says in "err" what is wrong:
 * S3_ERROR_PROTOCOL, or S3_ERROR_NO_CREDENTIALS when the service says that it
 * has none.  Errors show nothing of the document.
 */

/*
 * The JSON of the container endpoint and of the instance metadata service.
 * Rewrites text[len].
 */
extern bool s3_credentials_response_json(char *text, size_t len, S3AccessKeys *keys, S3Error *err);

/* The XML of STS's AssumeRoleWithWebIdentity. */
extern bool s3_credentials_response_xml(S3Slice document, S3AccessKeys *keys, S3Error *err);

/* Returns in "err" the error code that STS gives in its XML, "" without one. */
extern void s3_credentials_response_xml_error(S3Slice document, S3Error *err);

#endif							/* S3STORE_CREDENTIALS_RESPONSE_H */
