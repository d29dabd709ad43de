/*-------------------------------------------------------------------------
 *
 * sync_large.c
 *	  Copies a large object onto itself, in parts.
 *
 * Until the upload is completed the object is as it was; one that is not
 * completed is aborted (upload.c).
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/uri.h"
#include "bulk/sync_large.h"
#include "client/object_requests.h"
#include "client/upload.h"
#include "s3/param_rules.h"
#include "s3/tags.h"

static void copy_in_parts(S3SyncObject *object);
static void send_parts(S3Upload *upload, void *arg);
static void ensure_tags(S3SyncObject *object);
static bool is_of_object(const ErrorData *error);
static void take_error(const ErrorData *error, S3Error *err);

bool
s3_sync_copy_large(S3SyncObject *object, S3Error *err)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;

	/* What is called here holds nothing of the transaction's. */
	PG_TRY();
	{
		copy_in_parts(object);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!is_of_object(error))
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();

	if (error == NULL)
		return true;
	take_error(error, err);
	return false;
}

void
s3_sync_add_source(const S3Call *call, S3Fields *headers)
{
	StringInfoData source;

	initStringInfo(&source);
	s3_uri_encode_path(&source, call->location.bucket);
	appendStringInfoChar(&source, '/');
	s3_uri_encode_path(&source, s3_slice(call->key.data, call->key.len));
	s3_fields_add(headers, S3_PARAM_COPY_SOURCE_HEADER, source.data);
}

static void
copy_in_parts(S3SyncObject *object)
{
	S3UploadTarget target = {0};
	S3Finished	completed = {0};
	S3Fields	headers = {0};

	s3_fields_add_all(&headers, &object->plan.headers);
	s3_fields_add_all(&headers, &object->grants);
	if (object->tags.len > 0)
		s3_fields_add(&headers, "x-amz-tagging", object->tags.data);
	target.command = object->options->command;
	target.url = object->url;
	target.headers = &headers;
	target.connections = object->call.endpoint->settings.max_pool_connections;
	s3_upload_run(&target, send_parts, object, &completed);
	if (object->tags.len > 0)
		ensure_tags(object);
}

static void
send_parts(S3Upload *upload, void *arg)
{
	S3SyncObject *object = arg;
	const S3Endpoint *endpoint = s3_endpoint_find(object->call.location.scheme);
	int64		size = object->info.size;
	int64		part_size = s3_upload_part_size(size, (int64) endpoint->settings.multipart_part_size * 1024);
	char	   *etag = s3_response_header(&object->head, "etag");
	S3Fields	source = {0};

	s3_sync_add_source(&object->call, &source);
	if (etag != NULL)
		s3_fields_add(&source, "x-amz-copy-source-if-match", etag);
	for (int64 first = 0; first < size; first += part_size)
		s3_upload_start_part_copy(upload, &source, first, Min(first + part_size, size) - 1);
}

/* Ceph forgets the tags of an upload in parts. */
static void
ensure_tags(S3SyncObject *object)
{
	StringInfoData tags;
	S3Call		call;
	S3Error		err;

	(void) s3_call_open(&call, S3_GET_OBJECT_TAGGING, object->options->command,
						S3_CALL_REQUEST, object->url);
	initStringInfo(&tags);
	if (!s3_object_tags_get(&call, &tags, &err))
		s3_call_throw(&call, &err);
	if (s3_tags_equal(tags.data, object->tags.data))
		return;
	(void) s3_call_open(&call, S3_PUT_OBJECT_TAGGING, object->options->command,
						S3_CALL_REQUEST, object->url);
	s3_object_tags_put(&call, object->tags.data);
}

/* Is it about this object, rather than about us? */
static bool
is_of_object(const ErrorData *error)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_INVALID_PARAMETER_VALUE:
		case ERRCODE_FEATURE_NOT_SUPPORTED:
		case ERRCODE_INSUFFICIENT_PRIVILEGE:
		case ERRCODE_PROGRAM_LIMIT_EXCEEDED:
		case ERRCODE_UNDEFINED_FILE:
		case ERRCODE_DUPLICATE_FILE:
		case ERRCODE_IO_ERROR:
		case ERRCODE_CONNECTION_FAILURE:
		case ERRCODE_PROTOCOL_VIOLATION:
			return true;
		default:
			return false;
	}
}

static void
take_error(const ErrorData *error, S3Error *err)
{
	S3ErrorKind kind = error->sqlerrcode == ERRCODE_UNDEFINED_FILE ? S3_ERROR_NOT_FOUND :
		error->sqlerrcode == ERRCODE_DUPLICATE_FILE ? S3_ERROR_CONFLICT :
		error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE ? S3_ERROR_DENIED : S3_ERROR_SERVER;

	s3_error_set(err, kind, "%s", error->message);
	if (error->detail != NULL)
		s3_error_detail(err, "%s", error->detail);
}
