/*-------------------------------------------------------------------------
 *
 * multipart.c
 *	  An upload in parts: all of it, or nothing.
 *
 * Guarantees: an upload that was started and not completed is aborted, also
 * when the query is cancelled or the session ends.  The request for that is
 * ready before the first part goes; it has ABORT_TIMEOUT to succeed, during
 * which interrupts wait.  What a crash of the server leaves is the store's to
 * remove (a lifecycle rule, AbortIncompleteMultipartUpload).
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "copy_headers.h"
#include "miscadmin.h"
#include "multipart.h"
#include "object.h"
#include "response.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define ABORT_TIMEOUT		2000	/* ms */
#define UPLOAD_ID_MAX		2048	/* bytes */
#define PART_SIZE_ROUNDING	(1024 * 1024)	/* bytes */

struct S3Upload
{
	const S3UploadTarget *target;
	MemoryContext context;		/* of this, and all below */
	char	   *upload_id;
	S3Call		abort;			/* ready to go */
	bool		ended;			/* completed, or aborted as well as we could */
	int			parts;
	StringInfoData list;		/* of the parts, as XML */
};

/* The text of one element; longer than any that S3 sends. */
typedef struct ElementText
{
	const char *name;
	size_t		len;
	char		text[UPLOAD_ID_MAX + 1];
} ElementText;

static void start_upload(S3Upload *upload);
static void complete_upload(S3Upload *upload);
static void open_call(const S3Upload *upload, S3OperationId operation, S3Call *call);
static void open_part(S3Upload *upload, S3Call *call);
static void note_part(S3Upload *upload, const char *etag);
static void ignore_element(void *arg, int depth, const char *name, S3Slice text);
static char *find_text(const S3HttpResponse *response, const char *root,
					   const char *name, S3Error *err);
static void note_text(void *arg, int depth, const char *name, S3Slice text);
static void abort_at_exit(int code, Datum arg);
static void abort_upload(S3Upload *upload);
static void perform_abort(S3Upload *upload);

void
s3_upload_run(const S3UploadTarget *target, S3UploadSend send, void *arg)
{
	S3Upload   *upload = palloc0(sizeof(S3Upload));
	uint64		mark = s3_http_mark();

	upload->target = target;
	upload->context = CurrentMemoryContext;
	start_upload(upload);

	/* PG_TRY does not see the end of the session. */
	before_shmem_exit(abort_at_exit, PointerGetDatum(upload));
	PG_TRY();
	{
		send(upload, arg);
		complete_upload(upload);
		cancel_before_shmem_exit(abort_at_exit, PointerGetDatum(upload));
	}
	PG_CATCH();
	{
		ErrorData  *error;

		cancel_before_shmem_exit(abort_at_exit, PointerGetDatum(upload));
		MemoryContextSwitchTo(upload->context);
		error = CopyErrorData();
		FlushErrorState();
		s3_http_release_since(mark);
		abort_upload(upload);
		ReThrowError(error);
	}
	PG_END_TRY();
}

void
s3_upload_part(S3Upload *upload, S3Slice content)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;
	char	   *etag;

	open_part(upload, &call);
	call.request.body = content;
	if (!s3_call_perform(&call, &response, &err))
		s3_call_throw(&call, &err);
	etag = s3_response_header(&response, "etag");
	if (etag == NULL || *etag == '\0')
	{
		s3_error_set(&err, S3_ERROR_PROTOCOL, "could not understand the server's answer");
		s3_error_detail(&err, "There is no ETag of the part.");
		s3_call_throw(&call, &err);
	}
	note_part(upload, etag);
}

bool
s3_upload_part_copy(S3Upload *upload, const S3Fields *source_headers,
					int64 first, int64 last, S3Error *err)
{
	S3Call		call;
	S3HttpResponse response;
	char	   *etag;

	open_part(upload, &call);
	s3_fields_add_all(&call.request.headers, source_headers);
	s3_fields_add(&call.request.headers, "x-amz-copy-source-range",
				  psprintf("bytes=%lld-%lld", (long long) first, (long long) last));
	if (!s3_call_perform(&call, &response, err))
		return false;
	etag = find_text(&response, "CopyPartResult", "ETag", err);
	if (etag == NULL)
		return false;
	note_part(upload, etag);
	return true;
}

int64
s3_upload_part_size(int64 size, int64 part_size)
{
	int64		least = (size + S3_PARTS_MAX - 1) / S3_PARTS_MAX;

	if (least <= part_size)
		return part_size;
	return (least + PART_SIZE_ROUNDING - 1) / PART_SIZE_ROUNDING * PART_SIZE_ROUNDING;
}

/* Also makes the request to abort, so that nothing but its sending can fail. */
static void
start_upload(S3Upload *upload)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	(void) s3_call_open(&call, S3_CREATE_MULTIPART_UPLOAD, upload->target->command,
						S3_CALL_REQUEST, upload->target->url);
	s3_fields_add(&call.request.query, "uploads", NULL);
	s3_fields_add_all(&call.request.headers, upload->target->headers);
	initStringInfo(&upload->list);
	appendStringInfoString(&upload->list,
						   "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	if (!s3_call_perform(&call, &response, &err))
		s3_call_throw(&call, &err);
	upload->upload_id = find_text(&response, "InitiateMultipartUploadResult", "UploadId", &err);
	if (upload->upload_id == NULL)
		s3_call_throw(&call, &err);

	open_call(upload, S3_ABORT_MULTIPART_UPLOAD, &upload->abort);
	upload->abort.timeout = ABORT_TIMEOUT;
}

static void
complete_upload(S3Upload *upload)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	appendStringInfoString(&upload->list, "</CompleteMultipartUpload>");
	open_call(upload, S3_COMPLETE_MULTIPART_UPLOAD, &call);
	s3_fields_add(&call.request.headers, "content-type", "application/xml");
	call.request.body = s3_slice(upload->list.data, upload->list.len);
	if (!s3_call_perform(&call, &response, &err) ||
		!s3_response_document(&response, "CompleteMultipartUploadResult",
							  ignore_element, NULL, &err))
		s3_call_throw(&call, &err);
	upload->ended = true;
}

/* Opens a call about the upload, with the headers that all of them have. */
static void
open_call(const S3Upload *upload, S3OperationId operation, S3Call *call)
{
	const S3Fields *headers = upload->target->part_headers;
	bool		is_part = operation == S3_UPLOAD_PART ||
	operation == S3_COMPLETE_MULTIPART_UPLOAD;

	(void) s3_call_open(call, operation, upload->target->command, S3_CALL_REQUEST,
						upload->target->url);
	s3_fields_add(&call->request.query, "uploadId", upload->upload_id);
	for (int i = 0; headers != NULL && i < headers->count; i++)
	{
		if (is_part || s3_copy_header_is_for_every_request(headers->items[i].name))
			s3_fields_add(&call->request.headers, headers->items[i].name,
						  headers->items[i].value);
	}
}

static void
open_part(S3Upload *upload, S3Call *call)
{
	if (upload->parts == S3_PARTS_MAX)
		elog(ERROR, "an upload has too many parts");
	open_call(upload, S3_UPLOAD_PART, call);
	s3_fields_add(&call->request.query, "partNumber", psprintf("%d", upload->parts + 1));
}

/* The list grows in the context that it was made in. */
static void
note_part(S3Upload *upload, const char *etag)
{
	upload->parts++;
	appendStringInfo(&upload->list, "<Part><PartNumber>%d</PartNumber><ETag>", upload->parts);
	s3_xml_escape(&upload->list, s3_slice_cstring(etag));
	appendStringInfoString(&upload->list, "</ETag></Part>");
}

static void
ignore_element(void *arg, int depth, const char *name, S3Slice text)
{
}

/* Returns the text of an element below the root; NULL when there is none. */
static char *
find_text(const S3HttpResponse *response, const char *root, const char *name, S3Error *err)
{
	ElementText *found = palloc0(sizeof(ElementText));

	found->name = name;
	if (!s3_response_document(response, root, note_text, found, err))
		return NULL;
	if (found->len > 0)
		return found->text;
	s3_error_set(err, S3_ERROR_PROTOCOL, "could not understand the server's answer");
	s3_error_detail(err, "There is no valid \"%s\" in \"%s\".", name, root);
	return NULL;
}

static void
note_text(void *arg, int depth, const char *name, S3Slice text)
{
	ElementText *found = arg;

	if (depth != 1 || strcmp(name, found->name) != 0 || text.len > UPLOAD_ID_MAX)
		return;
	memcpy(found->text, text.data, text.len);
	found->text[text.len] = '\0';
	found->len = text.len;
}

/* The session ends in the middle of the upload. */
static void
abort_at_exit(int code, Datum arg)
{
	abort_upload((S3Upload *) DatumGetPointer(arg));
}

/*
 * Removes the parts.  Never throws: what has failed before is what counts.
 * Interrupts wait, since a cancel is what may have brought us here.
 */
static void
abort_upload(S3Upload *upload)
{
	uint32		holdoff = InterruptHoldoffCount;

	if (upload->ended)
		return;
	upload->ended = true;
	MemoryContextSwitchTo(upload->context);
	HOLD_INTERRUPTS();
	PG_TRY();
	{
		perform_abort(upload);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(upload->context);
		FlushErrorState();
	}
	PG_END_TRY();
	InterruptHoldoffCount = holdoff;	/* an error has set it to 0 */
}

static void
perform_abort(S3Upload *upload)
{
	S3HttpResponse response;
	S3Error		err;

	/* No such upload: it was completed, though no answer said so. */
	if (s3_call_perform(&upload->abort, &response, &err) || s3_object_is_gone(&err))
		return;
	ereport(WARNING,
			(errcode(ERRCODE_IO_ERROR),
			 errmsg("could not remove the parts of an upload that was not completed"),
			 errdetail("Upload of \"%s\": %s.", text_to_cstring(upload->target->url), err.message),
			 errhint("A lifecycle rule of the bucket can remove such parts: AbortIncompleteMultipartUpload.")));
}
