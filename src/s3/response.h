/*-------------------------------------------------------------------------
 *
 * response.h
 *	  What an S3 server's answer means.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_RESPONSE_H
#define S3STORE_RESPONSE_H

#include "base/error.h"
#include "base/http_message.h"
#include "base/xml.h"

#define S3_SIZE_UNKNOWN		(-1)

/* What the headers of a GetObject or HeadObject answer say. */
typedef struct S3ObjectInfo
{
	int64		size;			/* of what is stored, or S3_SIZE_UNKNOWN */
	bool		has_last_modified;
	int64		last_modified;	/* seconds since 1970, UTC */
	char	   *etag;			/* without its quotes; strings are palloc'd, */
	char	   *content_type;	/* and NULL when the header is missing */
	char	   *content_encoding;
	char	   *content_disposition;
	char	   *content_language;
	char	   *cache_control;
	char	   *storage_class;	/* "STANDARD" when missing, as S3 means it */
	char	   *version_id;
	char	   *server_side_encryption;
	bool		customer_key;	/* encrypted with a key of its client's */
	S3Fields	metadata;		/* names without "x-amz-meta-" */
} S3ObjectInfo;

/* Returns a palloc'd copy of a header's value, trimmed; NULL when missing. */
extern char *s3_response_header(const S3HttpResponse *response, const char *name);

/*
 * The same of several headers, in one pass: fills values[i] with that of
 * names[i], which is in lower case.
 */
extern void s3_response_headers(const S3HttpResponse *response, const S3Slice *names, int count,
								char **values);

/* Reads the Date header, the time of the server; seconds since 1970. */
extern bool s3_response_date(const S3HttpResponse *response, int64 *seconds);

/*
 * Returns true for a status of 2xx; else fills "err" from the status, the
 * headers and the XML body, which may be missing (HEAD) or nonsense.
 */
extern bool s3_response_check(const S3HttpResponse *response, S3Error *err);

/*
 * Reads the XML document of an answer with a status of 2xx, as s3_xml_parse
 * does.  An operation that takes its time can send the status first and fail
 * then: a document that is an error fills "err" as s3_response_check does.
 */
extern bool s3_response_document(const S3HttpResponse *response, const char *root,
								 S3XmlElementEnd element_end, void *arg, S3Error *err);

/*
 * Returns false, as s3_response_check does, for an answer of status 2xx whose
 * document is an error.
 */
extern bool s3_response_check_late(const S3HttpResponse *response, S3Error *err);

/* Is there nothing in the body of an answer, but perhaps blanks? */
extern bool s3_response_is_empty(const S3HttpResponse *response);

/* Fills "err" from an error code alone, as it stands in a list of results. */
extern void s3_response_code_error(const char *code, const char *message, int status,
								   S3Error *err);

/*
 * Did the bytes from "first" to "last" come, of an object of "size" bytes?
 * S3_ERROR_PROTOCOL when not.
 */
extern bool s3_response_check_range(const S3HttpResponse *response, int64 first, int64 last,
									int64 size, S3Error *err);

/* Has a condition of the request failed, such as If-Match? */
extern bool s3_response_condition_failed(const S3Error *err);

/* That, or did another request with a condition come in between? */
extern bool s3_response_is_conflict(const S3Error *err);

/* Does the failure of a request whose answer has no body (HEAD) lack its reason? */
extern bool s3_response_hides_reason(const S3Error *err);

/*
 * Does the failure to look an object up say that it is encrypted with a key that
 * its client has (SSE-C), and that was not sent?
 */
extern bool s3_response_wants_customer_key(const S3Error *err);

/* Give an error without a reason one: clocks that differ, or the error of another request. */
extern void s3_response_tell_skew(S3Error *err);
extern void s3_response_tell_reason(S3Error *err, const S3Error *told);

/* Is the bucket in another region?  Then err->region is that one. */
extern bool s3_response_is_other_region(const S3Error *err);

/*
 * Reads the headers; S3_ERROR_PROTOCOL when the length is not valid, for the
 * second one also when there is none.  Stores that change objects on their way,
 * such as those that decompress them, do not always know it.
 */
extern bool s3_response_object(const S3HttpResponse *response, S3ObjectInfo *info,
							   S3Error *err);
extern bool s3_response_sized_object(const S3HttpResponse *response, S3ObjectInfo *info,
									 S3Error *err);

/* Returns what stands between the quotes of an ETag, or all of it. */
extern S3Slice s3_etag_unquote(S3Slice etag);

/* Reads a length: 1 to 18 decimal digits, no sign.  Else returns false. */
extern bool s3_parse_length(S3Slice text, int64 *length);

#endif							/* S3STORE_RESPONSE_H */
