/*-------------------------------------------------------------------------
 *
 * key_document.h
 *	  Reads the documents in which services hand out temporary keys.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_KEY_DOCUMENT_H
#define S3STORE_KEY_DOCUMENT_H

#include "s3/keys.h"

/*
 * Both fill "keys"; a false return says in "err" what is wrong
 * (S3_ERROR_PROTOCOL, or S3_ERROR_NO_CREDENTIALS where the service says that
 * it has none), and never shows any of the document.
 */

/*
 * The JSON of the container endpoint and of the instance metadata service.
 * text[len] is rewritten.
 */
extern bool s3_key_document_json(char *text, size_t len, S3KeySet *keys, S3Error *err);

/* The XML of STS's AssumeRoleWithWebIdentity. */
extern bool s3_key_document_xml(S3Slice document, S3KeySet *keys, S3Error *err);

/* Returns in "err" the error code that STS gives in its XML, "" without one. */
extern void s3_key_document_xml_error(S3Slice document, S3Error *err);

#endif							/* S3STORE_KEY_DOCUMENT_H */
