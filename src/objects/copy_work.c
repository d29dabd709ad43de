/*-------------------------------------------------------------------------
 *
 * copy_work.c
 *	  One copy under way, and what the files that take part in it share.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/uri.h"
#include "client/object_requests.h"
#include "credentials/customer_key.h"
#include "objects/copy_work.h"
#include "s3/param_rules.h"

void
s3_copy_open_source(const S3CopyWork *copy, S3OperationId operation, S3Call *call)
{
	(void) s3_call_open(call, operation, copy->arguments->command, S3_CALL_REQUEST,
						copy->arguments->source);
	if (copy->version_id != NULL)
		s3_fields_add(&call->request.query, "versionId", copy->version_id);
}

void
s3_copy_open_target(const S3CopyWork *copy, S3OperationId operation, S3Call *call)
{
	(void) s3_call_open(call, operation, copy->arguments->command, S3_CALL_REQUEST,
						copy->arguments->target);
	if (s3_param_is_of(S3_PARAM_SSE_KEY_NAME, operation))
		s3_fields_add_all(&call->request.headers, &copy->headers.part);
	else
		s3_copy_headers_add_common(&call->request.headers, &copy->headers.part);
}

/* That of the object's own endpoint goes with every attempt. */
bool
s3_copy_add_source_key(S3CopyWork *copy, S3Error *err)
{
	return s3_customer_key_add(copy->source.endpoint, S3_CUSTOMER_KEY_OF_SOURCE,
							   &copy->target.request.headers, err) &&
		s3_customer_key_add(copy->source.endpoint, S3_CUSTOMER_KEY_OF_SOURCE,
							&copy->headers.from_source, err);
}

/* All of the source's name is encoded but its slashes. */
void
s3_copy_add_source(S3Fields *headers, const S3Call *source, const char *version_id)
{
	StringInfoData name;

	initStringInfo(&name);
	s3_uri_encode_path(&name, source->location.bucket);
	appendStringInfoChar(&name, '/');
	s3_uri_encode_path(&name, s3_slice(source->key.data, source->key.len));
	if (version_id != NULL)
	{
		appendStringInfoString(&name, "?versionId=");
		s3_uri_encode(&name, s3_slice_cstring(version_id));
	}
	s3_fields_add(headers, S3_PARAM_COPY_SOURCE_HEADER, name.data);
}

void
s3_copy_check_unchanged(S3CopyWork *copy)
{
	S3ObjectInfo now;
	S3Call		call;
	S3Error		err;

	s3_copy_open_source(copy, S3_HEAD_OBJECT, &call);
	s3_fields_add_all(&call.request.headers, &copy->headers.source);
	if (s3_object_look_up(&call, &now, &err) && s3_object_is_same(copy->info, &now))
		return;
	s3_error_set(&err, S3_ERROR_CONFLICT, "the source has changed while it was copied");
	s3_call_throw(&copy->target, &err);
}

void
s3_copy_unpin(S3CopyWork *copy)
{
	s3_copy_check_unchanged(copy);
	copy->pinned = false;
}
