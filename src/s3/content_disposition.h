/*-------------------------------------------------------------------------
 *
 * content_disposition.h
 *	  Content-Disposition: what a browser does with a file, and its name.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CONTENT_DISPOSITION_H
#define S3STORE_CONTENT_DISPOSITION_H

#include "base/error.h"

/*
 * Appends the header's value (RFC 6266) for a file of that name, in UTF-8; an
 * empty name is none.  What an old browser would misread is in a fallback only
 * as '_'; then filename* has the name.  Control characters are '_' in both.
 * Refuses a disposition that is no token: S3_ERROR_ARGUMENT.
 */
extern bool s3_content_disposition(S3Slice filename, const char *disposition,
								   StringInfo value, S3Error *err);

#endif							/* S3STORE_CONTENT_DISPOSITION_H */
