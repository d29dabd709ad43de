/*-------------------------------------------------------------------------
 *
 * copy.c
 *	  Copies an object, on its server or from one to another.
 *
 * The source is looked up first, and all that follows asks for that very
 * content (If-Match), so that a copy is never made of two objects.  Where
 * both URLs are of one endpoint and one access key, the server copies: in one
 * request, or in parts above multipart_copy_threshold.  Otherwise the content
 * goes through this process, a part at a time.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/error_report.h"
#include "credentials/credentials.h"
#include "journal/intent.h"
#include "objects/copy.h"
#include "objects/copy_check.h"
#include "objects/copy_parts.h"
#include "objects/copy_tags.h"
#include "objects/put_headers.h"
#include "queue/admission.h"
#include "settings/same_server.h"

static bool open_calls(S3CopyWork *copy);
static void sort_headers(S3CopyWork *copy);
static void look_up_source(S3CopyWork *copy);
static bool one_server_can(const S3CopyWork *copy);
static void copy_on_server(S3CopyWork *copy);
static bool try_copy_on_server(S3CopyWork *copy, S3Error *err);
static bool is_refused_pin(const S3CopyWork *copy, const S3Error *err);
static void ignore_element(void *arg, int depth, const char *name, S3Slice text);

bool
s3_copy_object(const S3CopyArguments *arguments, S3ObjectInfo *source)
{
	S3CopyWork *copy = palloc0(sizeof(S3CopyWork));

	copy->arguments = arguments;
	copy->info = source;
	if (!open_calls(copy))
		return false;
	/* That may run SQL, which may change settings. */
	s3_admission_of_put(&copy->target.location);
	(void) open_calls(copy);
	sort_headers(copy);
	look_up_source(copy);
	if (arguments->is_rename || !(copy->headers.changes || copy->version_id != NULL))
		s3_copy_check_difference(&copy->source, &copy->target, source, arguments);

	/* What a put that was rolled back has left there must not be removed now. */
	s3_intent_disown(&copy->target);
	if (!one_server_can(copy))
		s3_copy_through_here(copy);
	else if (s3_copy_needs_parts(copy->target.endpoint, source->size))
		s3_copy_parts_on_server(copy);
	else
		copy_on_server(copy);
	return true;
}

/* Returns false where one of the URLs means "no file". */
static bool
open_calls(S3CopyWork *copy)
{
	const S3CopyArguments *arguments = copy->arguments;

	return s3_call_open(&copy->target, S3_COPY_OBJECT, arguments->command, S3_CALL_REQUEST,
						arguments->target) &&
		s3_call_open(&copy->source, S3_HEAD_OBJECT, arguments->command, S3_CALL_REQUEST,
					 arguments->source);
}

static void
sort_headers(S3CopyWork *copy)
{
	Jsonb	   *params = copy->arguments->params;
	S3Fields   *headers = &copy->target.request.headers;
	S3Error		err;

	copy->version_id = s3_params_take_string(&params, "CopySourceVersionId");
	s3_copy_add_source(headers, &copy->source, copy->version_id);
	s3_params_apply(copy->target.operation, params, &copy->target.request);
	if (!s3_copy_headers_sort(headers, &copy->headers, &err))
		s3_error_throw(&err);
	s3_put_add_keeping(copy->target.endpoint, headers);
	s3_put_add_keeping(copy->target.endpoint, &copy->headers.target);
}

static void
look_up_source(S3CopyWork *copy)
{
	S3Call	   *call = &copy->source;
	S3Error		err;

	if (copy->version_id != NULL)
		s3_fields_add(&call->request.query, "versionId", copy->version_id);
	s3_fields_add_all(&call->request.headers, &copy->headers.source);
	if (!s3_call_perform(call, &copy->head, &err) ||
		!s3_response_object(&copy->head, copy->info, &err))
		s3_call_throw(call, &err);
	copy->etag = s3_response_header(&copy->head, "etag");
	copy->pinned = copy->etag != NULL;
}

/*
 * Are both objects at one server, which takes one access key for both, or
 * unsigned requests?
 */
static bool
one_server_can(const S3CopyWork *copy)
{
	const S3Endpoint *source = copy->source.endpoint;
	const S3Endpoint *target = copy->target.endpoint;
	char	   *access_key_id;

	if (source == target)
		return true;
	if (!s3_endpoint_same_server(source, target) ||
		strcmp(source->settings.region, target->settings.region) != 0 ||
		source->settings.signature_version != target->settings.signature_version)
		return false;
	if (source->settings.signature_version == S3_SIGNATURE_UNSIGNED)
		return true;
	access_key_id = pstrdup(s3_credentials_find(source)->access_key_id);
	return strcmp(access_key_id, s3_credentials_find(target)->access_key_id) == 0;
}

static void
copy_on_server(S3CopyWork *copy)
{
	S3Error		err;

	if (!try_copy_on_server(copy, &err))
	{
		if (!is_refused_pin(copy, &err))
			s3_call_throw(&copy->target, &err);
		s3_copy_unpin(copy);
		if (!try_copy_on_server(copy, &err))
			s3_call_throw(&copy->target, &err);
	}
	if (!copy->pinned)
		s3_copy_check_unchanged(copy);
	s3_copy_check_tags(copy);
}

static bool
try_copy_on_server(S3CopyWork *copy, S3Error *err)
{
	const S3Fields *given = &copy->target.request.headers;
	S3Call		call;
	S3HttpResponse response;

	(void) s3_call_open(&call, S3_COPY_OBJECT, copy->arguments->command, S3_CALL_REQUEST,
						copy->arguments->target);
	s3_fields_add_all(&call.request.headers, given);
	if (copy->pinned && !copy->headers.conditional)
		s3_fields_add(&call.request.headers, "x-amz-copy-source-if-match", copy->etag);
	return s3_call_perform(&call, &response, err) &&
		s3_response_document(&response, "CopyObjectResult", ignore_element, NULL, err);
}

static bool
is_refused_pin(const S3CopyWork *copy, const S3Error *err)
{
	return copy->pinned && !copy->headers.conditional && s3_response_condition_failed(err);
}

static void
ignore_element(void *arg, int depth, const char *name, S3Slice text)
{
}
