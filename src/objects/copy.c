/*-------------------------------------------------------------------------
 *
 * copy.c
 *	  Copies an object, on its server or from one to another.
 *
 * The source is looked up first, and all that follows asks for that very
 * content (If-Match), so that a copy is never made of two objects.  The target
 * is a put to the journal, and noted there before (intent.h).  Where
 * both URLs are of one endpoint and one access key, the server copies: in one
 * request, or in parts above multipart_copy_threshold.  Otherwise the content
 * goes through this process, a part at a time.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/error_report.h"
#include "client/object_requests.h"
#include "client/pipeline.h"
#include "client/upload_parts.h"
#include "credentials/credentials.h"
#include "objects/copy.h"
#include "objects/copy_check.h"
#include "objects/copy_parts.h"
#include "objects/copy_tags.h"
#include "objects/put_headers.h"
#include "queue/admission.h"
#include "queue/stored_objects.h"
#include "settings/same_server.h"

#define CLOCKS_DIFFER	5		/* s, of the machines of one server */

static bool open_calls(S3CopyWork *copy);
static void sort_headers(S3CopyWork *copy);
static void look_up_source(S3CopyWork *copy);
static void look_up_target(S3CopyWork *copy);
static bool one_server_can(const S3CopyWork *copy);
static void copy_on_server(S3CopyWork *copy);
static bool try_copy_on_server(S3CopyWork *copy, S3Error *err);
static bool look_copy_up(S3CopyWork *copy, const S3HttpResponse *answer, S3Error *err);
static bool is_copy(const S3CopyWork *copy, const S3ObjectInfo *there);
static bool is_same_version(const S3ObjectInfo *a, const S3ObjectInfo *b);
static void note_answer(S3CopyWork *copy, const S3HttpResponse *response, const char *etag);
static bool is_refused_pin(const S3CopyWork *copy, const S3Error *err);

bool
s3_copy_object(const S3CopyArguments *arguments, S3ObjectInfo *source)
{
	S3CopyWork *copy = palloc0(sizeof(S3CopyWork));

	copy->arguments = arguments;
	copy->info = source;
	if (!open_calls(copy))
		return false;
	s3_intent_begin(&copy->intent, &copy->target,
					copy->target.endpoint->settings.put_undo ? S3_INTENT_PUT : S3_INTENT_KEPT, 0, "");
	s3_admission_of_put(&copy->target.location);
	sort_headers(copy);
	look_up_source(copy);
	if (arguments->is_rename || !(copy->headers.changes || copy->version_id != NULL))
		s3_copy_check_difference(copy);
	look_up_target(copy);
	if (!one_server_can(copy))
		s3_copy_through_here(copy);
	else if (s3_copy_needs_parts(copy->target.endpoint, source->size))
		s3_copy_parts_on_server(copy);
	else
		copy_on_server(copy);
	s3_stored_objects_note(&copy->target.location);
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
	if (!s3_copy_add_source_key(copy, &err))
		s3_error_throw(&err);
	s3_put_add_keeping(copy->target.endpoint, headers);
	s3_put_add_keeping(copy->target.endpoint, &copy->headers.target);
	if (copy->arguments->headers != NULL)
		*copy->arguments->headers = copy->headers;
}

static void
look_up_source(S3CopyWork *copy)
{
	S3Call	   *call = &copy->source;
	S3Error		err;

	call->explains = S3_EXPLAINS_ALL;
	if (copy->version_id != NULL)
		s3_fields_add(&call->request.query, "versionId", copy->version_id);
	s3_fields_add_all(&call->request.headers, &copy->headers.source);
	if (!s3_call_perform(call, &copy->head, &err) ||
		!s3_response_sized_object(&copy->head, copy->info, &err))
	{
		if (err.kind == S3_ERROR_NOT_FOUND)
			s3_bucket_require(call, copy->arguments->source);
		s3_call_throw(call, &err);
	}
	copy->etag = s3_response_header(&copy->head, "etag");
	copy->pinned = copy->etag != NULL;
}

/* Notes what stands there: only what was not there before can be undone. */
static void
look_up_target(S3CopyWork *copy)
{
	S3Finished	finished = {0};
	S3Call		call;

	if (copy->intent.role == S3_INTENT_KEPT)
		return;
	s3_intent_note_content(&copy->intent, copy->info->etag == NULL ? "" : copy->info->etag,
						   copy->info->size);
	s3_copy_open_target(copy, S3_HEAD_OBJECT, &call);
	finished.ok = s3_call_perform(&call, &finished.response, &finished.err);
	if (!s3_intent_may_go_on(&finished))
		s3_call_throw(&call, &finished.err);
	s3_intent_note_found(&copy->intent, &finished);
	s3_intent_sync();
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
	char	   *etag;

	(void) s3_call_open(&call, S3_COPY_OBJECT, copy->arguments->command, S3_CALL_REQUEST,
						copy->arguments->target);
	s3_fields_add_all(&call.request.headers, given);
	if (copy->pinned && !copy->headers.conditional)
		s3_fields_add(&call.request.headers, "x-amz-copy-source-if-match", copy->etag);
	if (!s3_call_perform(&call, &response, err))
		return false;
	if (s3_response_is_empty(&response))
		return look_copy_up(copy, &response, err);
	if (!s3_upload_read_text(&response, "CopyObjectResult", "ETag", &etag, err))
		return false;
	note_answer(copy, &response, etag);
	return true;
}

/*
 * Some servers say nothing more when the copy is made, and S3 says nothing when
 * it has given up the copy.
 */
static bool
look_copy_up(S3CopyWork *copy, const S3HttpResponse *answer, S3Error *err)
{
	S3HttpResponse response;
	S3ObjectInfo there;
	S3Call		call;

	s3_copy_open_target(copy, S3_HEAD_OBJECT, &call);
	if (s3_call_perform(&call, &response, err) && s3_response_object(&response, &there, err))
	{
		if (is_copy(copy, &there))
		{
			note_answer(copy, answer, there.etag);
			return true;
		}
	}
	else if (err->kind != S3_ERROR_NOT_FOUND)
		return false;
	s3_error_set(err, S3_ERROR_PROTOCOL, "the server has not made the copy");
	return s3_error_detail(err, "Its answer was empty, and what is there is not the copy.");
}

/*
 * It is no older than our look at the source, by the clocks of the server.  What
 * a copy onto itself would have left as it was is no copy.
 */
static bool
is_copy(const S3CopyWork *copy, const S3ObjectInfo *there)
{
	bool		verify = copy->source.endpoint->settings.verify_etag &&
		copy->target.endpoint->settings.verify_etag;
	int64		looked;

	if (s3_response_date(&copy->head, &looked) && there->has_last_modified &&
		there->last_modified < looked - CLOCKS_DIFFER)
		return false;
	if (s3_copy_is_onto_itself(copy) && s3_object_is_same(there, copy->info) &&
		is_same_version(there, copy->info))
		return false;
	return s3_object_may_be_copy(there, copy->info, verify);
}

static bool
is_same_version(const S3ObjectInfo *a, const S3ObjectInfo *b)
{
	return a->version_id == NULL || b->version_id == NULL ||
		strcmp(a->version_id, b->version_id) == 0;
}

static void
note_answer(S3CopyWork *copy, const S3HttpResponse *response, const char *etag)
{
	char	   *version = s3_response_header(response, "x-amz-version-id");

	s3_intent_note_stored(&copy->intent,
						  etag == NULL ? copy->intent.etag : s3_slice_dup(s3_etag_unquote(s3_slice_cstring(etag))),
						  version == NULL ? "" : version, response->resent);
}

static bool
is_refused_pin(const S3CopyWork *copy, const S3Error *err)
{
	return copy->pinned && !copy->headers.conditional && s3_response_condition_failed(err);
}
