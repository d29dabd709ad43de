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
 * made before the first part is sent, and interrupts wait while it is sent.
 *
 * A cancel can come while the server's answer to "create" is under way.  Only
 * that answer has the upload's ID, so it is waited for a little longer.  All of
 * this delays a cancelled session by CANCEL_TIMEOUT at most.  What is left then,
 * and what a crash leaves of an upload whose ID no intent of a put has, a
 * lifecycle rule of the bucket can remove (AbortIncompleteMultipartUpload).
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "client/object_requests.h"
#include "client/pipeline.h"
#include "client/upload.h"
#include "miscadmin.h"
#include "s3/response.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define ABORT_TIMEOUT		2000	/* ms */
#define CANCEL_TIMEOUT		150 /* ms, when the query was cancelled */

/* One call of s3_upload_run. */
typedef struct Run
{
	const S3UploadTarget *target;
	void	   *arg;			/* of the functions of "target" */
	MemoryContext context;		/* of all below */
	S3Pipeline *creation;		/* of the request that starts the upload,
								 * while that is under way */
	S3Finished *created;
	S3Upload   *upload;			/* NULL: its ID is not known */
	S3Call		abort;			/* ready to be sent, once the ID is known */
	bool		ended;			/* completed, or aborted as well as we could */
} Run;

static void start_upload(Run *run);
static void take_upload_id(Run *run);
static void run_upload(Run *run, S3UploadSend send, void *arg, S3Finished *completed);
static void complete_upload(Run *run, S3Finished *completed);
static bool try_complete(Run *run, const S3Fields *conditions, S3Call *call,
						 S3Finished *completed);
static void add_etag(S3HttpResponse *response, const char *etag);
static void abort_at_exit(int code, Datum arg);
static void abort_upload(Run *run, int timeout);
static void try_abort(Run *run, int64 deadline);
static void warn_of_leftovers(const Run *run, const char *reason);

void
s3_upload_run(const S3UploadTarget *target, S3UploadSend send, void *arg,
			  S3Finished *completed)
{
	Run		   *run = palloc0(sizeof(Run));
	uint64		mark = s3_http_mark();

	run->target = target;
	run->arg = arg;
	run->context = CurrentMemoryContext;

	/* PG_TRY does not see the end of the session. */
	before_shmem_exit(abort_at_exit, PointerGetDatum(run));
	PG_TRY();
	{
		run_upload(run, send, arg, completed);
		cancel_before_shmem_exit(abort_at_exit, PointerGetDatum(run));
	}
	PG_CATCH();
	{
		ErrorData  *error;

		cancel_before_shmem_exit(abort_at_exit, PointerGetDatum(run));
		MemoryContextSwitchTo(run->context);
		error = CopyErrorData();
		FlushErrorState();
		abort_upload(run, error->sqlerrcode == ERRCODE_QUERY_CANCELED ?
					 CANCEL_TIMEOUT : ABORT_TIMEOUT);
		s3_http_release_since(mark);
		ReThrowError(error);
	}
	PG_END_TRY();
}

static void
run_upload(Run *run, S3UploadSend send, void *arg, S3Finished *completed)
{
	start_upload(run);
	if (run->target->started != NULL)
		run->target->started(s3_upload_id(run->upload), arg);
	send(run->upload, arg);
	s3_upload_wait(run->upload);
	s3_upload_stop(run->upload);
	if (run->target->completing != NULL)
		run->target->completing(s3_upload_etag(run->upload), arg);
	complete_upload(run, completed);
	if (!completed->ok)
		abort_upload(run, ABORT_TIMEOUT);
}

/* Whatever interrupts this, the request stays where an abort finds it. */
static void
start_upload(Run *run)
{
	S3Call	   *call = palloc0(sizeof(S3Call));
	S3Pipeline *creation = s3_pipeline_create(1);

	(void) s3_call_open(call, S3_CREATE_MULTIPART_UPLOAD, run->target->command,
						S3_CALL_REQUEST, run->target->url);
	s3_fields_add(&call->request.query, "uploads", NULL);
	s3_fields_add_all(&call->request.headers, run->target->headers);
	run->created = palloc0(sizeof(S3Finished));
	s3_pipeline_start(creation, call, NULL);
	run->creation = creation;
	(void) s3_pipeline_next(run->creation, run->created);
	take_upload_id(run);
}

/* Also makes the request to abort, so that nothing but its sending can fail. */
static void
take_upload_id(Run *run)
{
	S3Finished *created = run->created;
	S3Upload   *upload;
	char	   *id = NULL;

	s3_pipeline_free(run->creation);
	run->creation = NULL;
	if (created->ok)
		id = s3_upload_find_text(&created->response, "InitiateMultipartUploadResult",
								 "UploadId", &created->err);
	if (id == NULL)
		s3_call_throw(created->call, &created->err);
	upload = s3_upload_create(run->target, id);
	s3_upload_open_call(upload, S3_ABORT_MULTIPART_UPLOAD, &run->abort);
	run->upload = upload;
}

static void
complete_upload(Run *run, S3Finished *completed)
{
	const S3Fields *conditions = run->target->conditions;
	S3Call		call;

	if (try_complete(run, conditions, &call, completed))
		return;
	if (conditions != NULL && s3_response_is_conflict(&completed->err))
		return;
	if (conditions != NULL && completed->err.kind == S3_ERROR_UNSUPPORTED &&
		run->target->needs_conditions)
		return;
	if (conditions != NULL && completed->err.kind == S3_ERROR_UNSUPPORTED &&
		try_complete(run, NULL, &call, completed))
		return;
	s3_call_throw(&call, &completed->err);
}

static bool
try_complete(Run *run, const S3Fields *conditions, S3Call *call,
			 S3Finished *completed)
{
	S3HttpResponse *response = &completed->response;
	char	   *etag = NULL;

	s3_upload_open_call(run->upload, S3_COMPLETE_MULTIPART_UPLOAD, call);
	s3_fields_add(&call->request.headers, "content-type", "application/xml");
	if (conditions != NULL)
		s3_fields_add_all(&call->request.headers, conditions);
	call->request.body = s3_slice_cstring(s3_upload_list_parts(run->upload));
	completed->ok = s3_call_perform(call, response, &completed->err) &&
		s3_upload_read_text(response, "CompleteMultipartUploadResult", "ETag", &etag,
							&completed->err);
	run->ended = completed->ok;
	if (completed->ok && etag != NULL)
		add_etag(response, etag);
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

/* The session ends in the middle of the upload. */
static void
abort_at_exit(int code, Datum arg)
{
	abort_upload((Run *) DatumGetPointer(arg), CANCEL_TIMEOUT);
}

/*
 * Removes the parts.  Never throws: what has failed before is what counts.
 * Interrupts wait, since a cancel is what may have brought us here.
 */
static void
abort_upload(Run *run, int timeout)
{
	uint32		holdoff = InterruptHoldoffCount;
	MemoryContext old_context = MemoryContextSwitchTo(run->context);

	if (run->ended)
		return;
	run->ended = true;
	HOLD_INTERRUPTS();
	PG_TRY();
	{
		try_abort(run, s3_http_now() + timeout);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(run->context);
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
try_abort(Run *run, int64 deadline)
{
	S3HttpResponse response;
	S3Error		err;

	if (run->upload != NULL)
		s3_upload_stop(run->upload);
	if (run->creation != NULL)
	{
		if (!s3_pipeline_next_until(run->creation, run->created, deadline))
		{
			warn_of_leftovers(run, "the server has not answered yet");
			return;
		}
		take_upload_id(run);
	}
	if (run->upload == NULL)
		return;					/* it was never started */

	run->abort.timeout = (int) Max(deadline - s3_http_now(), 1);
	/* No such upload: it was completed, though no answer said so. */
	if (s3_call_perform(&run->abort, &response, &err) || s3_object_is_gone(&err))
		return;
	warn_of_leftovers(run, err.message);
}

static void
warn_of_leftovers(const Run *run, const char *reason)
{
	if (run->target->left != NULL)
		run->target->left(run->arg);
	ereport(WARNING,
			(errcode(ERRCODE_IO_ERROR),
			 errmsg("could not remove the parts of an upload that was not completed"),
			 errdetail("Upload of \"%s\": %s.", s3_shown_text(run->target->url), reason),
			 errhint("A lifecycle rule of the bucket can remove such parts: AbortIncompleteMultipartUpload.")));
}
