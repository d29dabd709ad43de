/*-------------------------------------------------------------------------
 *
 * copy_parts.c
 *	  Copies an object in parts on its server, or through this process.
 *
 * What CopyObject does by itself is done by hand: the headers, the metadata
 * and the tags of the source are given to the copy.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "client/pipeline.h"
#include "client/upload.h"
#include "objects/copy_parts.h"
#include "objects/copy_tags.h"
#include "utils/memutils.h"

typedef void (*CopyPart) (S3Upload *upload, S3CopyWork *copy, int64 first, int64 last);

static void refuse_checksum(const S3CopyWork *copy);
static int64 part_size(const S3CopyWork *copy);
static void copy_in_parts(S3CopyWork *copy, S3UploadSend send);
static void note_upload(const char *upload_id, void *arg);
static void note_etag(const char *etag, void *arg);
static void note_left(void *arg);
static void prepare_target_headers(S3CopyWork *copy);
static void send_parts_on_server(S3Upload *upload, void *arg);
static void send_parts_through_here(S3Upload *upload, void *arg);
static void send_parts(S3Upload *upload, S3CopyWork *copy, CopyPart copy_part);
static void copy_part_on_server(S3Upload *upload, S3CopyWork *copy, int64 first, int64 last);
static void copy_part_through_here(S3Upload *upload, S3CopyWork *copy, int64 first, int64 last);
static void copy_small_through_here(S3CopyWork *copy);
static S3Slice get_range(S3CopyWork *copy, int64 first, int64 last);

bool
s3_copy_needs_parts(const S3Endpoint *endpoint, int64 size)
{
	return size > (int64) endpoint->settings.multipart_copy_threshold * 1024;
}

void
s3_copy_parts_on_server(S3CopyWork *copy)
{
	refuse_checksum(copy);
	copy_in_parts(copy, send_parts_on_server);
}

void
s3_copy_through_here(S3CopyWork *copy)
{
	refuse_checksum(copy);
	if (copy->info->size <= part_size(copy))
		copy_small_through_here(copy);
	else
		copy_in_parts(copy, send_parts_through_here);
}

/* Only a server that makes the whole copy also computes its checksum. */
static void
refuse_checksum(const S3CopyWork *copy)
{
	S3Error		err;

	if (!copy->headers.wants_checksum)
		return;
	s3_error_set(&err, S3_ERROR_UNSUPPORTED,
				 "\"ChecksumAlgorithm\" is for copies that a server makes in one request");
	s3_error_detail(&err, "This copy goes in parts, or from one server to another.");
	s3_error_hint(&err, "Leave the parameter out, or on one server raise s3store.multipart_copy_threshold.");
	s3_call_throw(&copy->target, &err);
}

static int64
part_size(const S3CopyWork *copy)
{
	const S3Settings *settings = &copy->target.endpoint->settings;

	return s3_upload_part_size(copy->info->size, (int64) settings->multipart_part_size * 1024);
}

static void
copy_in_parts(S3CopyWork *copy, S3UploadSend send)
{
	S3UploadTarget target = {0};
	S3Finished	completed = {0};
	const char *tags;

	prepare_target_headers(copy);
	target.command = copy->arguments->command;
	target.url = copy->arguments->target;
	target.headers = &copy->headers.target;
	target.part_headers = &copy->headers.part;
	target.reported_as = &copy->target;
	target.connections = copy->target.endpoint->settings.max_pool_connections;
	target.started = note_upload;
	target.completing = note_etag;
	target.left = note_left;
	s3_upload_run(&target, send, copy, &completed);
	s3_intent_note_answer(&copy->intent, &completed);
	tags = s3_fields_find(target.headers, "x-amz-tagging");
	if (tags != NULL && *tags != '\0')
		s3_copy_ensure_tags(copy, tags);
}

static void
note_upload(const char *upload_id, void *arg)
{
	s3_intent_note_upload(&((S3CopyWork *) arg)->intent, upload_id);
}

static void
note_etag(const char *etag, void *arg)
{
	S3CopyWork *copy = arg;

	s3_intent_note_content(&copy->intent, etag, copy->info->size);
}

static void
note_left(void *arg)
{
	((S3CopyWork *) arg)->leaves_parts = true;
}

/* Adds what CopyObject would take over by itself. */
static void
prepare_target_headers(S3CopyWork *copy)
{
	S3CopyHeaders *headers = &copy->headers;
	S3Error		err;

	if (!headers->replaces_metadata &&
		!s3_copy_headers_keep(&copy->head, copy->info, &headers->target, &err))
		s3_call_throw(&copy->source, &err);
	if (!headers->replaces_tags)
		s3_copy_keep_tags(copy);
}

static void
send_parts_on_server(S3Upload *upload, void *arg)
{
	S3CopyWork *copy = arg;

	s3_copy_add_source(&copy->headers.from_source, &copy->source, copy->version_id);
	send_parts(upload, copy, copy_part_on_server);
	if (copy->pinned)
		return;
	s3_upload_wait(upload);
	s3_copy_check_unchanged(copy);
}

static void
send_parts_through_here(S3Upload *upload, void *arg)
{
	send_parts(upload, arg, copy_part_through_here);
}

static void
send_parts(S3Upload *upload, S3CopyWork *copy, CopyPart copy_part)
{
	int64		size = copy->info->size;
	int64		step = part_size(copy);

	for (int64 first = 0; first < size; first += step)
		copy_part(upload, copy, first, Min(first + step, size) - 1);
}

/* The first part shows whether the server takes the pin; then all go at once. */
static void
copy_part_on_server(S3Upload *upload, S3CopyWork *copy, int64 first, int64 last)
{
	S3Fields	headers = {0};
	S3Error		err;

	s3_fields_add_all(&headers, &copy->headers.from_source);
	if (copy->pinned)
		s3_fields_add(&headers, "x-amz-copy-source-if-match", copy->etag);
	if (first > 0)
	{
		s3_upload_start_part_copy(upload, &headers, first, last);
		return;
	}
	if (s3_upload_part_copy(upload, &headers, first, last, &err))
		return;
	if (!copy->pinned || !s3_response_condition_failed(&err))
		s3_call_throw(&copy->target, &err);
	s3_copy_unpin(copy);
	copy_part_on_server(upload, copy, first, last);
}

static void
copy_part_through_here(S3Upload *upload, S3CopyWork *copy, int64 first, int64 last)
{
	MemoryContext old_context = MemoryContextSwitchTo(s3_upload_next(upload, last - first + 1));
	S3Slice		content = get_range(copy, first, last);

	MemoryContextSwitchTo(old_context);
	s3_upload_part(upload, content);
}

/* One GET and one PUT. */
static void
copy_small_through_here(S3CopyWork *copy)
{
	S3Call		call;
	S3Finished	finished = {.call = &call};

	prepare_target_headers(copy);
	(void) s3_call_open(&call, S3_PUT_OBJECT, copy->arguments->command, S3_CALL_REQUEST,
						copy->arguments->target);
	s3_fields_add_all(&call.request.headers, &copy->headers.target);
	call.request.body = get_range(copy, 0, copy->info->size - 1);
	finished.ok = s3_call_perform(&call, &finished.response, &finished.err);
	s3_intent_note_answer(&copy->intent, &finished);
	if (!finished.ok)
		s3_call_throw(&call, &finished.err);
}

/* Gets bytes of the source; all of them without a Range, which may be none. */
static S3Slice
get_range(S3CopyWork *copy, int64 first, int64 last)
{
	int64		size = copy->info->size;
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	s3_copy_open_source(copy, S3_GET_OBJECT, &call);
	s3_fields_add_all(&call.request.headers, &copy->headers.source);
	if (last - first + 1 < size)
		s3_fields_add(&call.request.headers, "range",
					  psprintf("bytes=%lld-%lld", (long long) first, (long long) last));
	if (copy->etag != NULL && s3_fields_find(&call.request.headers, "if-match") == NULL)
		s3_fields_add(&call.request.headers, "if-match", copy->etag);
	call.max_body = Max(last - first + 1, 1);
	if (!s3_call_perform(&call, &response, &err) ||
		!s3_response_check_range(&response, first, last, size, &err))
		s3_call_throw(&call, &err);
	return s3_slice(response.body, response.body_len);
}
