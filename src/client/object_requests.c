/*-------------------------------------------------------------------------
 *
 * object_requests.c
 *	  Requests about an object, other than for its content.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/error_report.h"
#include "base/digest.h"
#include "client/object_requests.h"
#include "client/pipeline.h"
#include "client/server_facts.h"
#include "s3/retry.h"
#include "s3/tags.h"

static bool is_md5_of_content(const S3ObjectInfo *info);

bool
s3_object_look_up(S3Call *call, S3ObjectInfo *info, S3Error *err)
{
	S3HttpResponse response;

	if (s3_call_perform(call, &response, err) &&
		(info == NULL || s3_response_object(&response, info, err)))
		return true;
	if (err->kind != S3_ERROR_NOT_FOUND)
		s3_call_throw(call, err);
	return false;
}

bool
s3_bucket_is_known(const S3Call *call)
{
	return s3_server_facts_bucket_asked(call->endpoint_host, call->location.bucket);
}

/* An object that has come meanwhile is not fetched for that. */
void
s3_bucket_prepare_question(S3Call *call)
{
	s3_fields_add(&call->request.headers, "range", "bytes=0-0");
	call->max_body = S3_DOCUMENT_MAX;
}

/*
 * Where the server does not tell, it is not asked again: nothing would be learnt.
 * An attempt that failed by the network or a moment's trouble says nothing of that.
 */
bool
s3_bucket_is_missing(const S3Call *call, bool ok, const S3Error *err)
{
	if (!ok && strcmp(err->code, "NoSuchBucket") == 0 && err->kind == S3_ERROR_NOT_FOUND)
		return true;
	if (ok || (err->http_status != 0 && s3_retry_reason(err, true) == S3_RETRY_NEVER))
		s3_server_facts_learn_bucket_asked(call->endpoint_host, call->location.bucket);
	return false;
}

void
s3_bucket_require(const S3Call *head, text *url)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;
	bool		ok;

	if (s3_bucket_is_known(head))
		return;
	(void) s3_call_open(&call, S3_GET_OBJECT, head->command, S3_CALL_REQUEST, url);
	s3_bucket_prepare_question(&call);
	ok = s3_call_perform(&call, &response, &err);
	if (s3_bucket_is_missing(&call, ok, &err))
		s3_call_throw(head, &err);
}

bool
s3_object_is_gone(const S3Error *err)
{
	return err->kind == S3_ERROR_NOT_FOUND && err->code[0] != '\0' &&
		strcmp(err->code, "NoSuchBucket") != 0;
}

bool
s3_object_is_same(const S3ObjectInfo *a, const S3ObjectInfo *b)
{
	return a->size == b->size &&
		a->has_last_modified == b->has_last_modified && a->last_modified == b->last_modified &&
		(a->etag == NULL || b->etag == NULL || strcmp(a->etag, b->etag) == 0);
}

bool
s3_object_may_be_copy(const S3ObjectInfo *a, const S3ObjectInfo *b, bool verify_etag)
{
	return a->size == b->size &&
		(!verify_etag || !is_md5_of_content(a) || !is_md5_of_content(b) ||
		 strcmp(a->etag, b->etag) == 0);
}

/* An upload in parts has a hyphen in its ETag; encryption makes it no MD5. */
static bool
is_md5_of_content(const S3ObjectInfo *info)
{
	const char *encryption = info->server_side_encryption;

	return info->etag != NULL && !info->customer_key && strlen(info->etag) == 32 &&
		strspn(info->etag, "0123456789abcdef") == 32 &&
		(encryption == NULL || strcmp(encryption, "AES256") == 0);
}

bool
s3_object_tags_get(S3Call *call, StringInfo tags, S3Error *err)
{
	S3HttpResponse response;

	s3_fields_add(&call->request.query, "tagging", NULL);
	return s3_call_perform(call, &response, err) && s3_tags_read(&response, tags, err);
}

void
s3_object_tags_prepare(S3Call *call, const char *tags)
{
	StringInfoData document;

	initStringInfo(&document);
	s3_tags_write(&document, tags);
	s3_fields_add(&call->request.query, "tagging", NULL);
	s3_fields_add(&call->request.headers, "content-type", "application/xml");
	call->request.body = s3_slice(document.data, document.len);
	s3_object_add_digest(&call->request);
}

void
s3_object_tags_put(S3Call *call, const char *tags)
{
	S3HttpResponse response;
	S3Error		err;

	s3_object_tags_prepare(call, tags);
	if (!s3_call_perform(call, &response, &err))
		s3_call_throw(call, &err);
}

void
s3_object_add_digest(S3Request *request)
{
	S3Slice		body = request->body;
	uint8		digest[S3_SHA256_LEN];
	S3Error		err;

	if (s3_md5(body, digest, &err))
		s3_fields_add(&request->headers, "content-md5", s3_base64(digest, S3_MD5_LEN));
	else if (s3_sha256(body, digest, &err))
		s3_fields_add(&request->headers, "x-amz-checksum-sha256",
					  s3_base64(digest, S3_SHA256_LEN));
	else
		s3_error_throw(&err);
}
