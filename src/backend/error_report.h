/*-------------------------------------------------------------------------
 *
 * error_report.h
 *	  Reports an S3Error: its SQLSTATE and its messages.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ERROR_REPORT_H
#define S3STORE_ERROR_REPORT_H

#include "base/error.h"

/* The hint, or its end, of every request to a server that has failed. */
#define S3_CHECK_HINT	"SELECT * FROM s3_check('scheme://bucket/key') shows which step fails."

/* Reports "err" with ereport(ERROR).  Never returns. */
extern void s3_error_throw(const S3Error *err) pg_attribute_noreturn();

/*
 * As s3_error_throw, for a request about an object: the message becomes
 * "could not <verb> object "<key>" <preposition> bucket "<bucket>": ...".
 */
extern void s3_error_throw_for_object(const S3Error *err, const char *verb,
									  const char *preposition,
									  S3Slice bucket, S3Slice key) pg_attribute_noreturn();

/* The messages of these, and the SQLSTATE (valid until the next call). */
extern const char *s3_error_message(const S3Error *err);
extern char *s3_error_message_for_object(const S3Error *err, const char *verb,
										 const char *preposition,
										 S3Slice bucket, S3Slice key);
extern char *s3_error_message_for_bucket(const S3Error *err, S3Slice bucket);
extern const char *s3_error_sqlstate(const S3Error *err);

/* The same, for a list: "could not list bucket "<bucket>": ...". */
extern void s3_error_throw_for_bucket(const S3Error *err, S3Slice bucket) pg_attribute_noreturn();

/* The same as s3_error_throw_for_object, as a warning. */
extern void s3_error_warn_for_object(const S3Error *err, const char *verb,
									 const char *preposition,
									 S3Slice bucket, S3Slice key);

#endif							/* S3STORE_ERROR_REPORT_H */
