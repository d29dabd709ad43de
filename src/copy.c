/*-------------------------------------------------------------------------
 *
 * copy.c
 *	  Copies an object, on its server or from one to another.
 *
 * The source is looked up first, and all that follows asks for that very
 * content (If-Match), so that a copy is never made of two objects.  Where
 * both URLs are of one endpoint and one access key, the server copies: in one
 * request, or in parts above multipart_copy_threshold.  Otherwise the content
 * goes through here, a part at a time.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "copy.h"
#include "copy_check.h"
#include "copy_headers.h"
#include "credentials.h"
#include "multipart.h"
#include "object.h"
#include "param_rules.h"
#include "put.h"
#include "tags.h"
#include "uri.h"
#include "utils/memutils.h"

typedef struct Copy
{
	const S3CopyArguments *arguments;
	const char *version_id;		/* of the source; NULL: the current one */
	S3Call		source;			/* HeadObject */
	S3Call		target;			/* CopyObject */
	S3CopyHeaders headers;
	S3HttpResponse head;
	S3ObjectInfo *info;			/* of the source */
	const char *etag;			/* with its quotes, or NULL */
	bool		pinned;			/* the server is told to copy this ETag only */
	int64		part_size;
} Copy;

typedef void (*CopyPart) (S3Upload *upload, Copy *copy, int64 first, int64 last);

static void sort_headers(Copy *copy);
static void look_up_source(Copy *copy);
static bool one_server_can(const Copy *copy);
static void copy_on_server(Copy *copy);
static bool try_copy_on_server(Copy *copy, S3Error *err);
static bool is_refused_pin(const Copy *copy, const S3Error *err);
static void unpin(Copy *copy);
static void check_unchanged(Copy *copy);
static char *copy_source(const Copy *copy);
static void copy_in_parts(Copy *copy, S3UploadSend send);
static void prepare_target_headers(Copy *copy);
static void keep_tags(Copy *copy);
static const char *get_source_tags(Copy *copy);
static void check_tags_of_server(Copy *copy);
static void ensure_tags(Copy *copy, const char *wanted);
static void send_parts_on_server(S3Upload *upload, void *arg);
static void send_parts_through_here(S3Upload *upload, void *arg);
static void send_parts(S3Upload *upload, Copy *copy, CopyPart copy_part);
static void copy_part_on_server(S3Upload *upload, Copy *copy, int64 first, int64 last);
static void copy_part_through_here(S3Upload *upload, Copy *copy, int64 first, int64 last);
static void copy_small_through_here(Copy *copy);
static S3Slice get_range(Copy *copy, int64 first, int64 last);
static void check_range(const S3Call *call, const S3HttpResponse *response,
						int64 first, int64 last, int64 size);
static void open_source(const Copy *copy, S3OperationId operation, S3Call *call);
static void open_target(const Copy *copy, S3OperationId operation, S3Call *call);
static void add_common_fields(S3Fields *fields, const S3Fields *more);
static void add_fields(S3Fields *fields, const S3Fields *more);
static void ignore_element(void *arg, int depth, const char *name, S3Slice text);

bool
s3_copy_object(const S3CopyArguments *arguments, S3ObjectInfo *source)
{
	Copy	   *copy = palloc0(sizeof(Copy));
	const S3Settings *settings;

	copy->arguments = arguments;
	copy->info = source;
	if (!s3_call_open(&copy->target, S3_COPY_OBJECT, arguments->command, S3_CALL_REQUEST,
					  arguments->target) ||
		!s3_call_open(&copy->source, S3_HEAD_OBJECT, arguments->command, S3_CALL_REQUEST,
					  arguments->source))
		return false;
	sort_headers(copy);
	look_up_source(copy);
	if (arguments->is_rename || !(copy->headers.changes || copy->version_id != NULL))
		s3_copy_check_difference(&copy->source, &copy->target, source, arguments);

	settings = &copy->target.storage->settings;
	copy->part_size = s3_upload_part_size(source->size,
										  (int64) settings->multipart_part_size * 1024);
	if (one_server_can(copy))
	{
		if (source->size <= (int64) settings->multipart_copy_threshold * 1024)
			copy_on_server(copy);
		else
			copy_in_parts(copy, send_parts_on_server);
	}
	else if (source->size <= copy->part_size)
		copy_small_through_here(copy);
	else
		copy_in_parts(copy, send_parts_through_here);
	return true;
}

static void
sort_headers(Copy *copy)
{
	Jsonb	   *params = copy->arguments->params;
	S3Fields   *headers = &copy->target.request.headers;
	S3Error		err;

	copy->version_id = s3_params_take_string(&params, "CopySourceVersionId");
	s3_fields_add(headers, S3_PARAM_COPY_SOURCE_HEADER, copy_source(copy));
	s3_params_apply(copy->target.operation, params, &copy->target.request);
	if (!s3_copy_headers_sort(headers, &copy->headers, &err))
		s3_error_throw(&err);
	s3_put_add_keeping(copy->target.storage, headers);
	s3_put_add_keeping(copy->target.storage, &copy->headers.target);
}

static void
look_up_source(Copy *copy)
{
	S3Call	   *call = &copy->source;
	S3Error		err;

	if (copy->version_id != NULL)
		s3_fields_add(&call->request.query, "versionId", copy->version_id);
	add_fields(&call->request.headers, &copy->headers.source);
	if (!s3_call_perform(call, &copy->head, &err) ||
		!s3_response_object(&copy->head, copy->info, &err))
		s3_call_throw(call, &err);
	copy->etag = s3_response_header(&copy->head, "etag");
	copy->pinned = copy->etag != NULL;
}

/*
 * Is there one server, and one key that may read here and write there?  Or
 * none that is needed.
 */
static bool
one_server_can(const Copy *copy)
{
	const S3Storage *source = copy->source.storage;
	const S3Storage *target = copy->target.storage;
	char	   *access_key_id;

	if (source == target)
		return true;
	if (!s3_copy_endpoints_equal(&source->endpoint, &target->endpoint) ||
		strcmp(source->settings.region, target->settings.region) != 0 ||
		source->settings.signature_version != target->settings.signature_version)
		return false;
	if (source->settings.signature_version == S3_SIGNATURE_UNSIGNED)
		return true;
	access_key_id = pstrdup(s3_credentials_find(source)->access_key_id);
	return strcmp(access_key_id, s3_credentials_find(target)->access_key_id) == 0;
}

static void
copy_on_server(Copy *copy)
{
	S3Error		err;

	if (!try_copy_on_server(copy, &err))
	{
		if (!is_refused_pin(copy, &err))
			s3_call_throw(&copy->target, &err);
		unpin(copy);
		if (!try_copy_on_server(copy, &err))
			s3_call_throw(&copy->target, &err);
	}
	if (!copy->pinned)
		check_unchanged(copy);
	check_tags_of_server(copy);
}

static bool
try_copy_on_server(Copy *copy, S3Error *err)
{
	const S3Fields *given = &copy->target.request.headers;
	S3Call		call;
	S3HttpResponse response;

	(void) s3_call_open(&call, S3_COPY_OBJECT, copy->arguments->command, S3_CALL_REQUEST,
						copy->arguments->target);
	add_fields(&call.request.headers, given);
	if (copy->pinned && !copy->headers.conditional)
		s3_fields_add(&call.request.headers, "x-amz-copy-source-if-match", copy->etag);
	return s3_call_perform(&call, &response, err) &&
		s3_response_document(&response, "CopyObjectResult", ignore_element, NULL, err);
}

/*
 * Swift knows an object that was uploaded in parts by another ETag than it
 * tells, and refuses the one that it has told.
 */
static bool
is_refused_pin(const Copy *copy, const S3Error *err)
{
	return copy->pinned && !copy->headers.conditional && err->http_status == 412;
}

/* Goes on without the ETag, if it was not the object that has changed. */
static void
unpin(Copy *copy)
{
	check_unchanged(copy);
	copy->pinned = false;
}

/* Looks whether the source is still what was looked up first. */
static void
check_unchanged(Copy *copy)
{
	S3ObjectInfo now;
	S3Call		call;
	S3Error		err;

	open_source(copy, S3_HEAD_OBJECT, &call);
	add_fields(&call.request.headers, &copy->headers.source);
	if (s3_object_look_up(&call, &now, &err) && s3_object_is_same(copy->info, &now))
		return;
	s3_error_set(&err, S3_ERROR_CONFLICT, "the source has changed while it was copied");
	s3_call_throw(&copy->target, &err);
}

/* The header that names the source: encoded, but for its slashes. */
static char *
copy_source(const Copy *copy)
{
	StringInfoData header;

	initStringInfo(&header);
	s3_uri_encode_path(&header, copy->source.location.bucket);
	appendStringInfoChar(&header, '/');
	s3_uri_encode_path(&header, s3_slice(copy->source.key.data, copy->source.key.len));
	if (copy->version_id != NULL)
	{
		appendStringInfoString(&header, "?versionId=");
		s3_uri_encode(&header, s3_slice_cstring(copy->version_id));
	}
	return header.data;
}

static void
copy_in_parts(Copy *copy, S3UploadSend send)
{
	S3UploadTarget target = {0};
	const char *tags;

	prepare_target_headers(copy);
	target.command = copy->arguments->command;
	target.url = copy->arguments->target;
	target.headers = &copy->headers.target;
	target.part_headers = &copy->headers.part;
	s3_upload_run(&target, send, copy);
	tags = s3_fields_find(target.headers, "x-amz-tagging");
	if (tags != NULL && *tags != '\0')
		ensure_tags(copy, tags);
}

/* Adds what CopyObject would take over by itself. */
static void
prepare_target_headers(Copy *copy)
{
	S3CopyHeaders *headers = &copy->headers;
	S3Error		err;

	if (!headers->replaces_metadata &&
		!s3_copy_headers_keep(&copy->head, copy->info, &headers->target, &err))
		s3_call_throw(&copy->source, &err);
	if (!headers->replaces_tags)
		keep_tags(copy);
}

static void
keep_tags(Copy *copy)
{
	const char *tags = get_source_tags(copy);

	if (*tags != '\0')
		s3_fields_add(&copy->headers.target, "x-amz-tagging", tags);
}

/* Returns "" where there are none. */
static const char *
get_source_tags(Copy *copy)
{
	StringInfoData tags;
	S3Call		call;
	S3Error		err;

	open_source(copy, S3_GET_OBJECT_TAGGING, &call);
	add_common_fields(&call.request.headers, &copy->headers.source);
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

/*
 * Ceph forgets the tags of an upload in parts, and takes tags for metadata: it
 * replaces both, or none.
 */
static void
check_tags_of_server(Copy *copy)
{
	const S3CopyHeaders *headers = &copy->headers;
	char	   *count = s3_response_header(&copy->head, "x-amz-tagging-count");
	const char *given = s3_fields_find(&headers->target, "x-amz-tagging");

	if (headers->replaces_tags)
		ensure_tags(copy, given == NULL ? "" : given);
	else if (headers->replaces_metadata && count != NULL && strcmp(count, "0") != 0)
		ensure_tags(copy, get_source_tags(copy));
}

static void
ensure_tags(Copy *copy, const char *wanted)
{
	StringInfoData tags;
	S3Call		call;
	S3Error		err;

	open_target(copy, S3_GET_OBJECT_TAGGING, &call);
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
	open_target(copy, S3_PUT_OBJECT_TAGGING, &call);
	s3_object_tags_put(&call, wanted);
}

static void
send_parts_on_server(S3Upload *upload, void *arg)
{
	Copy	   *copy = arg;

	s3_fields_add(&copy->headers.from_source, S3_PARAM_COPY_SOURCE_HEADER, copy_source(copy));
	send_parts(upload, copy, copy_part_on_server);
	if (!copy->pinned)
		check_unchanged(copy);
}

static void
send_parts_through_here(S3Upload *upload, void *arg)
{
	send_parts(upload, arg, copy_part_through_here);
}

/* Sends all parts; what one of them needs is freed before the next one. */
static void
send_parts(S3Upload *upload, Copy *copy, CopyPart copy_part)
{
	MemoryContext part_context = AllocSetContextCreate(CurrentMemoryContext, "s3store part",
													   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(part_context);

	for (int64 first = 0; first < copy->info->size; first += copy->part_size)
	{
		copy_part(upload, copy, first, Min(first + copy->part_size, copy->info->size) - 1);
		MemoryContextReset(part_context);
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(part_context);
}

static void
copy_part_on_server(S3Upload *upload, Copy *copy, int64 first, int64 last)
{
	S3Fields	pinned = {0};
	S3Error		err;

	add_fields(&pinned, &copy->headers.from_source);
	if (copy->pinned)
		s3_fields_add(&pinned, "x-amz-copy-source-if-match", copy->etag);
	if (s3_upload_part_copy(upload, &pinned, first, last, &err))
		return;
	if (!copy->pinned || err.http_status != 412)
		s3_call_throw(&copy->target, &err);
	unpin(copy);
	copy_part_on_server(upload, copy, first, last);
}

static void
copy_part_through_here(S3Upload *upload, Copy *copy, int64 first, int64 last)
{
	s3_upload_part(upload, get_range(copy, first, last));
}

/* One GET and one PUT. */
static void
copy_small_through_here(Copy *copy)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	prepare_target_headers(copy);
	(void) s3_call_open(&call, S3_PUT_OBJECT, copy->arguments->command, S3_CALL_REQUEST,
						copy->arguments->target);
	add_fields(&call.request.headers, &copy->headers.target);
	call.request.body = get_range(copy, 0, copy->info->size - 1);
	if (!s3_call_perform(&call, &response, &err))
		s3_call_throw(&call, &err);
}

/* Gets bytes of the source; all of them without a Range, which may be none. */
static S3Slice
get_range(Copy *copy, int64 first, int64 last)
{
	int64		size = copy->info->size;
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	open_source(copy, S3_GET_OBJECT, &call);
	add_fields(&call.request.headers, &copy->headers.source);
	if (last - first + 1 < size)
		s3_fields_add(&call.request.headers, "range",
					  psprintf("bytes=%lld-%lld", (long long) first, (long long) last));
	if (copy->etag != NULL && s3_fields_find(&call.request.headers, "if-match") == NULL)
		s3_fields_add(&call.request.headers, "if-match", copy->etag);
	call.max_body = Max(last - first + 1, 1);
	if (!s3_call_perform(&call, &response, &err))
		s3_call_throw(&call, &err);
	check_range(&call, &response, first, last, size);
	return s3_slice(response.body, response.body_len);
}

/* Did the bytes come that were asked for? */
static void
check_range(const S3Call *call, const S3HttpResponse *response,
			int64 first, int64 last, int64 size)
{
	int64		len = last - first + 1;
	char	   *range = s3_response_header(response, "content-range");
	char	   *wanted = psprintf("bytes %lld-%lld/%lld", (long long) first,
								  (long long) last, (long long) size);
	bool		right = len == size ? response->status == 200 :
	response->status == 206 && range != NULL && strcmp(range, wanted) == 0;
	S3Error		err;

	if (right && response->body_len == (size_t) len)
		return;
	s3_error_set(&err, S3_ERROR_PROTOCOL, "server sent another part of the object");
	s3_error_detail(&err, "Asked for %s, it sent %zu bytes of \"%s\".", wanted,
					response->body_len, range == NULL ? "all" : range);
	s3_call_throw(call, &err);
}

/* Opens another request for the source. */
static void
open_source(const Copy *copy, S3OperationId operation, S3Call *call)
{
	(void) s3_call_open(call, operation, copy->arguments->command, S3_CALL_REQUEST,
						copy->arguments->source);
	if (copy->version_id != NULL)
		s3_fields_add(&call->request.query, "versionId", copy->version_id);
}

static void
open_target(const Copy *copy, S3OperationId operation, S3Call *call)
{
	(void) s3_call_open(call, operation, copy->arguments->command, S3_CALL_REQUEST,
						copy->arguments->target);
	add_common_fields(&call->request.headers, &copy->headers.part);
}

static void
add_common_fields(S3Fields *fields, const S3Fields *more)
{
	for (int i = 0; i < more->count; i++)
	{
		if (s3_copy_header_is_for_every_request(more->items[i].name))
			s3_fields_add(fields, more->items[i].name, more->items[i].value);
	}
}

static void
add_fields(S3Fields *fields, const S3Fields *more)
{
	for (int i = 0; i < more->count; i++)
		s3_fields_add(fields, more->items[i].name, more->items[i].value);
}

static void
ignore_element(void *arg, int depth, const char *name, S3Slice text)
{
}
