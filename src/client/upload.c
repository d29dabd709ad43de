/*-------------------------------------------------------------------------
 *
 * upload.c
 *	  An upload in parts: all of it, or nothing.
 *
 *	  create -> part, part, part -> complete
 *	       \____________\____________\-> abort
 *
 * Guarantees: an upload that was started and not completed is aborted, also
 * when the query is cancelled or the session ends.  The request for that is
 * ready before the first part goes, and interrupts wait while it is sent.
 *
 * A cancel can come while the server's answer to "create" is on its way: only
 * that tells the upload's ID, so it is read a little longer.  The whole of it
 * holds a cancelled session for CANCEL_TIMEOUT at most.  What is left then, and
 * what a crash of the server leaves of an upload that no intent of a put has
 * the ID of, is the store's to remove (a lifecycle rule,
 * AbortIncompleteMultipartUpload).
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "client/object_requests.h"
#include "client/upload_work.h"
#include "miscadmin.h"
#include "s3/copy_headers.h"
#include "s3/response.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define ABORT_TIMEOUT		2000	/* ms */
#define CANCEL_TIMEOUT		150 /* ms, when the query was cancelled */
#define UPLOAD_ID_MAX		2048	/* bytes */

/* The text of one element; longer than any that S3 sends. */
typedef struct ElementText
{
	const char *name;
	size_t		len;
	char		text[UPLOAD_ID_MAX + 1];
} ElementText;

static void start_upload(S3Upload *upload);
static void take_upload_id(S3Upload *upload);
static void run_upload(S3Upload *upload, S3UploadSend send, void *arg, S3Finished *completed);
static void complete_upload(S3Upload *upload, S3Finished *completed);
static bool try_complete(S3Upload *upload, const S3Fields *conditions, S3Call *call,
						 S3Finished *completed);
static void add_etag(S3HttpResponse *response, const char *etag);
static void note_text(void *arg, int depth, const char *name, S3Slice text);
static void abort_at_exit(int code, Datum arg);
static void abort_upload(S3Upload *upload, int timeout);
static void try_abort(S3Upload *upload, int64 deadline);
static void warn_of_leftovers(const S3Upload *upload, const char *reason);

void
s3_upload_run(const S3UploadTarget *target, S3UploadSend send, void *arg,
			  S3Finished *completed)
{
	S3Upload   *upload = palloc0(sizeof(S3Upload));
	uint64		mark = s3_http_mark();

	upload->target = target;
	upload->context = CurrentMemoryContext;

	/* PG_TRY does not see the end of the session. */
	before_shmem_exit(abort_at_exit, PointerGetDatum(upload));
	PG_TRY();
	{
		run_upload(upload, send, arg, completed);
		cancel_before_shmem_exit(abort_at_exit, PointerGetDatum(upload));
	}
	PG_CATCH();
	{
		ErrorData  *error;

		cancel_before_shmem_exit(abort_at_exit, PointerGetDatum(upload));
		MemoryContextSwitchTo(upload->context);
		error = CopyErrorData();
		FlushErrorState();
		abort_upload(upload, error->sqlerrcode == ERRCODE_QUERY_CANCELED ?
					 CANCEL_TIMEOUT : ABORT_TIMEOUT);
		s3_http_release_since(mark);
		ReThrowError(error);
	}
	PG_END_TRY();
}

static void
run_upload(S3Upload *upload, S3UploadSend send, void *arg, S3Finished *completed)
{
	start_upload(upload);
	if (upload->target->started != NULL)
		upload->target->started(upload->upload_id, arg);
	upload->pipeline = s3_pipeline_create(upload->target->connections);
	send(upload, arg);
	s3_upload_wait(upload);
	s3_pipeline_free(upload->pipeline);
	upload->pipeline = NULL;
	complete_upload(upload, completed);
	if (!completed->ok)
		abort_upload(upload, ABORT_TIMEOUT);
}

/* Whatever interrupts this, the request stays where an abort finds it. */
static void
start_upload(S3Upload *upload)
{
	S3Call	   *call = palloc0(sizeof(S3Call));
	S3Pipeline *creation = s3_pipeline_create(1);

	(void) s3_call_open(call, S3_CREATE_MULTIPART_UPLOAD, upload->target->command,
						S3_CALL_REQUEST, upload->target->url);
	s3_fields_add(&call->request.query, "uploads", NULL);
	s3_fields_add_all(&call->request.headers, upload->target->headers);
	upload->created = palloc0(sizeof(S3Finished));
	s3_pipeline_start(creation, call, NULL);
	upload->creation = creation;
	(void) s3_pipeline_next(upload->creation, upload->created);
	take_upload_id(upload);
}

/* Also makes the request to abort, so that nothing but its sending can fail. */
static void
take_upload_id(S3Upload *upload)
{
	S3Finished *created = upload->created;

	s3_pipeline_free(upload->creation);
	upload->creation = NULL;
	if (created->ok)
		upload->upload_id = s3_upload_find_text(&created->response, "InitiateMultipartUploadResult",
												"UploadId", &created->err);
	if (upload->upload_id == NULL)
		s3_call_throw(created->call, &created->err);
	s3_upload_open_call(upload, S3_ABORT_MULTIPART_UPLOAD, &upload->abort);
}

static void
complete_upload(S3Upload *upload, S3Finished *completed)
{
	const S3Fields *conditions = upload->target->conditions;
	S3Call		call;

	if (try_complete(upload, conditions, &call, completed))
		return;
	if (conditions != NULL && s3_response_is_conflict(&completed->err))
		return;
	if (conditions != NULL && completed->err.kind == S3_ERROR_UNSUPPORTED &&
		try_complete(upload, NULL, &call, completed))
		return;
	s3_call_throw(&call, &completed->err);
}

static bool
try_complete(S3Upload *upload, const S3Fields *conditions, S3Call *call,
			 S3Finished *completed)
{
	S3HttpResponse *response = &completed->response;
	ElementText *etag = palloc0(sizeof(ElementText));
	char	   *list = s3_upload_list_parts(upload);

	s3_upload_open_call(upload, S3_COMPLETE_MULTIPART_UPLOAD, call);
	s3_fields_add(&call->request.headers, "content-type", "application/xml");
	if (conditions != NULL)
		s3_fields_add_all(&call->request.headers, conditions);
	call->request.body = s3_slice_cstring(list);
	etag->name = "ETag";
	completed->ok = s3_call_perform(call, response, &completed->err) &&
		s3_response_document(response, "CompleteMultipartUploadResult", note_text, etag,
							 &completed->err);
	upload->ended = completed->ok;
	if (completed->ok && etag->len > 0)
		add_etag(response, etag->text);
	return completed->ok;
}

/* Where the answer to a put in one request has it. */
static void
add_etag(S3HttpResponse *response, const char *etag)
{
	if (strpbrk(etag, "\r\n") != NULL)
		return;
	response->headers = psprintf("ETag: %s\r\n%.*s", etag, (int) response->headers_len,
								 response->headers);
	response->headers_len = strlen(response->headers);
}

/* Opens a call about the upload, with the headers that all of them have. */
void
s3_upload_open_call(const S3Upload *upload, S3OperationId operation, S3Call *call)
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

/* Returns the text of an element below the root; NULL when there is none. */
char *
s3_upload_find_text(const S3HttpResponse *response, const char *root, const char *name, S3Error *err)
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
	abort_upload((S3Upload *) DatumGetPointer(arg), CANCEL_TIMEOUT);
}

/*
 * Removes the parts.  Never throws: what has failed before is what counts.
 * Interrupts wait, since a cancel is what may have brought us here.
 */
static void
abort_upload(S3Upload *upload, int timeout)
{
	uint32		holdoff = InterruptHoldoffCount;
	MemoryContext old_context = MemoryContextSwitchTo(upload->context);

	if (upload->ended)
		return;
	upload->ended = true;
	HOLD_INTERRUPTS();
	PG_TRY();
	{
		try_abort(upload, s3_http_now() + timeout);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(upload->context);
		FlushErrorState();
	}
	PG_END_TRY();
	InterruptHoldoffCount = holdoff;	/* an error has set it to 0 */
	MemoryContextSwitchTo(old_context);
}

/*
 * The parts that are under way end first, so that none of them comes after the
 * abort.
 */
static void
try_abort(S3Upload *upload, int64 deadline)
{
	S3HttpResponse response;
	S3Error		err;

	if (upload->pipeline != NULL)
		s3_pipeline_free(upload->pipeline);
	if (upload->creation != NULL)
	{
		if (!s3_pipeline_next_until(upload->creation, upload->created, deadline))
		{
			warn_of_leftovers(upload, "the server has not answered yet");
			return;
		}
		take_upload_id(upload);
	}
	if (upload->upload_id == NULL)
		return;					/* it was never started */

	upload->abort.timeout = (int) Max(deadline - s3_http_now(), 1);
	/* No such upload: it was completed, though no answer said so. */
	if (s3_call_perform(&upload->abort, &response, &err) || s3_object_is_gone(&err))
		return;
	warn_of_leftovers(upload, err.message);
}

static void
warn_of_leftovers(const S3Upload *upload, const char *reason)
{
	ereport(WARNING,
			(errcode(ERRCODE_IO_ERROR),
			 errmsg("could not remove the parts of an upload that was not completed"),
			 errdetail("Upload of \"%s\": %s.", text_to_cstring(upload->target->url), reason),
			 errhint("A lifecycle rule of the bucket can remove such parts: AbortIncompleteMultipartUpload.")));
}
