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
#include "s3/tags.h"

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
