/*-------------------------------------------------------------------------
 *
 * copy_tags.c
 *	  The tags of a copy: those of its source, or those that were given.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "client/object_requests.h"
#include "objects/copy_tags.h"
#include "s3/tags.h"

static const char *get_source_tags(S3CopyWork *copy);

void
s3_copy_keep_tags(S3CopyWork *copy)
{
	const char *tags = get_source_tags(copy);

	if (*tags != '\0')
		s3_fields_add(&copy->headers.target, "x-amz-tagging", tags);
}

void
s3_copy_check_tags(S3CopyWork *copy)
{
	const S3CopyHeaders *headers = &copy->headers;
	char	   *count = s3_response_header(&copy->head, "x-amz-tagging-count");
	const char *given = s3_fields_find(&headers->target, "x-amz-tagging");

	if (headers->replaces_tags)
		s3_copy_ensure_tags(copy, given == NULL ? "" : given);
	else if (headers->replaces_metadata && count != NULL && strcmp(count, "0") != 0)
		s3_copy_ensure_tags(copy, get_source_tags(copy));
}

void
s3_copy_ensure_tags(S3CopyWork *copy, const char *wanted)
{
	StringInfoData tags;
	S3Call		call;
	S3Error		err;

	s3_copy_open_target(copy, S3_GET_OBJECT_TAGGING, &call);
	initStringInfo(&tags);
	if (!s3_object_tags_get(&call, &tags, &err))
	{
		/* Who may not look must believe what the server has promised. */
		if (err.kind == S3_ERROR_DENIED || err.kind == S3_ERROR_UNSUPPORTED)
			return;
		s3_call_throw(&call, &err);
	}
	if (s3_tags_equal(tags.data, wanted))
		return;
	s3_copy_open_target(copy, S3_PUT_OBJECT_TAGGING, &call);
	s3_object_tags_put(&call, wanted);
}

/* Returns "" where there are none. */
static const char *
get_source_tags(S3CopyWork *copy)
{
	StringInfoData tags;
	S3Call		call;
	S3Error		err;

	s3_copy_open_source(copy, S3_GET_OBJECT_TAGGING, &call);
	s3_copy_headers_add_common(&call.request.headers, &copy->headers.source);
	initStringInfo(&tags);
	if (s3_object_tags_get(&call, &tags, &err))
		return tags.data;
	/* A store that knows no tags has none to keep. */
	if (err.kind == S3_ERROR_UNSUPPORTED)
		return "";
	if (err.kind == S3_ERROR_DENIED)
	{
		err.hint[0] = '\0';
		s3_error_hint(&err, "Pass TaggingDirective REPLACE to copy the object without its tags.");
	}
	s3_call_throw(&call, &err);
}
