/*-------------------------------------------------------------------------
 *
 * object_requests.h
 *	  Requests about an object, other than for its content.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_OBJECT_REQUESTS_H
#define S3STORE_OBJECT_REQUESTS_H

#include "client/call.h"
#include "s3/response.h"

/*
 * Looks the call's object (S3_HEAD_OBJECT) up; "info" may be NULL.  Returns
 * false, with the reason in "err", when it does not exist; throws for every
 * other failure.
 */
extern bool s3_object_look_up(S3Call *call, S3ObjectInfo *info, S3Error *err);

/*
 * A HEAD has no body, so a missing bucket looks like a missing object.  Where the
 * bucket of a HEAD that was answered 404 is not known in this session, a GET of
 * that object (S3_GET_OBJECT, prepared here) is told which of them it is; or is
 * not, and then it is not asked again either.
 */
extern bool s3_bucket_is_known(const S3Call *call);
extern void s3_bucket_prepare_question(S3Call *call);
extern bool s3_bucket_is_missing(const S3Call *call, bool ok, const S3Error *err);

/* All of that for one URL: throws when the bucket is missing. */
extern void s3_bucket_require(const S3Call *head, text *url);

/*
 * Does the failure of a deletion say that there is no such object?  Some
 * servers answer 404 where S3 answers 204.  A 404 without S3's error code does
 * not count: it is no S3 server, and the address is wrong.
 */
extern bool s3_object_is_gone(const S3Error *err);

/* Do the two describe the same content, as far as the server tells? */
extern bool s3_object_is_same(const S3ObjectInfo *a, const S3ObjectInfo *b);

/*
 * Can they have the same content?  By their sizes, and with "verify_etag" by
 * their ETags, where both are MD5s of the content.
 */
extern bool s3_object_may_be_copy(const S3ObjectInfo *a, const S3ObjectInfo *b, bool verify_etag);

/*
 * Appends the tags of the call's object (S3_GET_OBJECT_TAGGING), as the header
 * x-amz-tagging has them.  Returns false when the server does not tell.
 */
extern bool s3_object_tags_get(S3Call *call, StringInfo tags, S3Error *err);

/*
 * Gives the call's object (S3_PUT_OBJECT_TAGGING) these tags, or does all for
 * that but the sending.  May throw.
 */
extern void s3_object_tags_prepare(S3Call *call, const char *tags);
extern void s3_object_tags_put(S3Call *call, const char *tags);

/*
 * Gives a request whose body is a document the digest that S3 wants of it: MD5,
 * or where that is forbidden SHA-256.
 */
extern void s3_object_add_digest(S3Request *request);

#endif							/* S3STORE_OBJECT_REQUESTS_H */
