/*-------------------------------------------------------------------------
 *
 * sync_object.c
 *	  One object of a sync: the calls that it takes, one after the other.
 *
 *	  [ask] -> look up -> [tags] -> [grants] -> copy onto itself -> [tags: still there?]
 *
 * The copy is one request that replaces the metadata and nothing else: the
 * object is always whole, as it was or as it should be.  It is pinned to the
 * ETag that was looked up; an object that has changed since is looked up
 * again.  Ceph alone loses its tags on the way, and is given them again.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "bulk/sync_object.h"
#include "client/object_requests.h"
#include "client/server_facts.h"
#include "credentials/customer_key.h"
#include "objects/copy_parts.h"
#include "queue/queue.h"
#include "s3/acl.h"
#include "s3/tags.h"

#define COPY_TRIES_MAX	5
#define HTTP_BAD_REQUEST 400
#define RESTORE_TIMEOUT	2000	/* ms */

static const S3OperationId operations[] = {
	[S3_SYNC_LOOK_UP] = S3_HEAD_OBJECT,
	[S3_SYNC_GET_TAGS] = S3_GET_OBJECT_TAGGING,
	[S3_SYNC_GET_GRANTS] = S3_GET_OBJECT_ACL,
	[S3_SYNC_COPY] = S3_COPY_OBJECT,
	[S3_SYNC_CHECK_TAGS] = S3_GET_OBJECT_TAGGING,
	[S3_SYNC_PUT_TAGS] = S3_PUT_OBJECT_TAGGING
};

static bool has_functions(const S3Endpoint *endpoint);
static void take_thrown(const ErrorData *error, S3ErrorKind kind, const char *what, S3Error *err);
static bool check_key(const S3SyncObject *object, S3Error *err);
static bool open_call(S3SyncObject *object, S3Error *err);
static bool note_copy(S3SyncObject *object);
static void fail_open_put(S3SyncObject *object);
static const char *pin_of(const S3SyncObject *object);
static bool add_copy_headers(S3SyncObject *object, S3Error *err);
static void copy_large(S3SyncObject *object);
static void copy_in_parts(const S3SyncObject *object, S3CopyWork *copy);
static bool is_of_object(const ErrorData *error, S3ErrorKind *kind);
static void take_look_up(S3SyncObject *object, const S3Finished *finished);
static bool is_key_missing(const S3SyncObject *object, const S3Error *err);
static void confirm_copy(S3SyncObject *object);
static bool make_plan(S3SyncObject *object, S3Error *err);
static void take_tags(S3SyncObject *object, const S3Finished *finished);
static void take_grants(S3SyncObject *object, const S3Finished *finished);
static void take_copy(S3SyncObject *object, const S3Finished *finished);
static void check_tags(S3SyncObject *object, const S3Finished *finished);
static void next_step(S3SyncObject *object);
static bool is_doomed(const S3SyncObject *object);
static bool has_tags(const S3SyncObject *object);
static void take_failure(S3SyncObject *object, const S3Error *err);
static void end(S3SyncObject *object, S3SyncOutcome outcome);

bool
s3_sync_object_ask(S3SyncObject *object, S3Error *err)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	const S3Fields none = {0};
	S3Call		call;

	if (s3_call_try_open(&call, S3_HEAD_OBJECT, object->options->command, object->url,
						 err) != S3_CALL_OPENED)
		return false;
	object->call = call;
	if (!has_functions(call.endpoint))
		return true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		(void) s3_put_ask(call.endpoint, object->url, &none, &object->answers);
		PopActiveSnapshot();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;

	if (error == NULL)
		return true;
	take_thrown(error, S3_ERROR_ARGUMENT, "a function that a setting names failed: ", err);
	return false;
}

bool
s3_sync_object_open(S3SyncObject *object)
{
	S3Error		err;

	if (!open_call(object, &err))
	{
		s3_sync_object_fail(object, &err);
		return false;
	}
	if (object->step == S3_SYNC_COPY)
	{
		if (!note_copy(object))
			return false;
		if (s3_copy_needs_parts(object->call.endpoint, object->info.size))
		{
			copy_large(object);
			return false;
		}
		if (!add_copy_headers(object, &err))
		{
			s3_intent_settle(&object->intent);
			s3_sync_object_fail(object, &err);
			return false;
		}
	}
	else if (object->step == S3_SYNC_LOOK_UP)
		object->call.explains = S3_EXPLAINS_REFUSALS;
	else if (object->step == S3_SYNC_PUT_TAGS)
		s3_object_tags_prepare(&object->call, object->tags.data);
	else if (object->call.operation->query_name != NULL)
		s3_fields_add(&object->call.request.query, object->call.operation->query_name, NULL);
	return true;
}

void
s3_sync_object_take(S3SyncObject *object, const S3Finished *finished)
{
	switch (object->step)
	{
		case S3_SYNC_LOOK_UP:
			take_look_up(object, finished);
			break;
		case S3_SYNC_GET_TAGS:
			take_tags(object, finished);
			break;
		case S3_SYNC_GET_GRANTS:
			take_grants(object, finished);
			break;
		case S3_SYNC_COPY:

			/*
			 * Without an answer, or with a proxy's, it may yet be carried
			 * out.
			 */
			if ((finished->ok || (finished->err.http_status >= 400 && finished->err.http_status < 500)) &&
				!finished->response.resent)
				s3_intent_settle(&object->intent);
			else
				s3_intent_note_unsure(&object->intent);
			take_copy(object, finished);
			break;
		case S3_SYNC_CHECK_TAGS:
			check_tags(object, finished);
			break;
		case S3_SYNC_PUT_TAGS:
			if (finished->ok)
				end(object, S3_SYNC_CHANGED);
			else
				take_failure(object, &finished->err);
			break;
		case S3_SYNC_END:
			break;
	}
}

void
s3_sync_object_restore(S3SyncObject *object)
{
	S3Call		call;

	if (object->step < S3_SYNC_COPY || object->step == S3_SYNC_END || object->tags.len == 0)
		return;
	(void) s3_call_open(&call, S3_PUT_OBJECT_TAGGING, object->options->command,
						S3_CALL_REQUEST, object->url);
	call.timeout = RESTORE_TIMEOUT;
	s3_object_tags_put(&call, object->tags.data);
}

void
s3_sync_object_fail(S3SyncObject *object, const S3Error *err)
{
	object->err = *err;
	end(object, S3_SYNC_FAILED);
}

void
s3_sync_object_fail_unnamed(S3SyncObject *object)
{
	S3Slice		key = s3_slice(object->key.data, object->key.len);
	text	   *shown;
	bool		fits;
	S3Error		err;

	shown = s3_text_fitted(key, &fits);
	key = s3_utf8_slice(VARDATA_ANY(shown), VARSIZE_ANY_EXHDR(shown));
	resetStringInfo(&object->key);
	appendBinaryStringInfo(&object->key, key.data, (int) key.len);
	s3_error_set(&err, S3_ERROR_ARGUMENT, "no URL can address this key");
	s3_error_detail(&err, "It does not fit the encoding of the database, and is shown with escapes.");
	s3_sync_object_fail(object, &err);
}

static bool
has_functions(const S3Endpoint *endpoint)
{
	const S3Settings *settings = &endpoint->settings;

	return *settings->content_disposition_function != '\0' ||
		*settings->content_language_function != '\0' || *settings->metadata_function != '\0';
}

static void
take_thrown(const ErrorData *error, S3ErrorKind kind, const char *what, S3Error *err)
{
	s3_error_set(err, kind, "%s%s", what,
				 s3_utf8_cstring(error->message, strlen(error->message)));
	if (error->detail != NULL)
		s3_error_detail(err, "%s", s3_utf8_cstring(error->detail, strlen(error->detail)));
}

/* With normalize_keys, some keys on the server have no URL. */
static bool
check_key(const S3SyncObject *object, S3Error *err)
{
	const StringInfoData *key = &object->call.key;

	if (s3_slice_equal(s3_slice(key->data, key->len),
					   s3_slice(object->key.data, object->key.len)))
		return true;
	s3_error_set(err, S3_ERROR_ARGUMENT, "no URL can address this key");
	return s3_error_detail(err, "The setting normalize_keys would change it.");
}

static bool
open_call(S3SyncObject *object, S3Error *err)
{
	return s3_call_try_open(&object->call, operations[object->step], object->options->command,
							object->url, err) == S3_CALL_OPENED &&
		check_key(object, err);
}

/*
 * A copy that is carried out after a deletion would bring the object back.  So
 * it is noted, which makes later deletions wait; and only then is it asked for
 * those that are queued already, which come first: the object is left out.
 */
static bool
note_copy(S3SyncObject *object)
{
	s3_intent_begin(&object->intent, &object->call, S3_INTENT_SYNC, object->info.size, "");
	if (is_doomed(object))
		end(object, S3_SYNC_GONE);
	else if (s3_queue_has_kind(object->intent.object, S3_QUEUE_UNDO) ||
			 s3_intent_has_open_put(object->intent.object))
		fail_open_put(object);
	else
		return true;
	s3_intent_settle(&object->intent);
	return false;
}

/* What has been put could not be told from the copy when it is rolled back. */
static void
fail_open_put(S3SyncObject *object)
{
	S3Error		err;

	s3_error_set(&err, S3_ERROR_CONFLICT, "a transaction that has not committed has stored the object");
	s3_error_hint(&err, "Sync it again when that transaction has ended.");
	s3_sync_object_fail(object, &err);
}

/* The ETag that the copy is made of; NULL: any. */
static const char *
pin_of(const S3SyncObject *object)
{
	const char *etag = s3_response_header(&object->head, "etag");

	if (etag == NULL || (object->refused_etag != NULL && strcmp(etag, object->refused_etag) == 0))
		return NULL;
	return etag;
}

static bool
add_copy_headers(S3SyncObject *object, S3Error *err)
{
	S3Fields   *headers = &object->call.request.headers;
	const char *etag = pin_of(object);

	s3_copy_add_source(headers, &object->call, NULL);
	s3_fields_add(headers, "x-amz-metadata-directive", "REPLACE");
	if (etag != NULL)
		s3_fields_add(headers, "x-amz-copy-source-if-match", etag);
	if (object->tags.len > 0)
	{
		s3_fields_add(headers, "x-amz-tagging-directive", "REPLACE");
		s3_fields_add(headers, "x-amz-tagging", object->tags.data);
	}
	s3_fields_add_all(headers, &object->plan.headers);
	s3_fields_add_all(headers, &object->grants);
	return s3_customer_key_add(object->call.endpoint, S3_CUSTOMER_KEY_OF_SOURCE, headers, err);
}

/* Blocks, which few objects do.  What fails the object alone does not throw. */
static void
copy_large(S3SyncObject *object)
{
	MemoryContext context = CurrentMemoryContext;
	S3CopyWork *copy = palloc0(sizeof(S3CopyWork));
	S3Error		err;

	PG_TRY();
	{
		copy_in_parts(object, copy);
		s3_intent_settle(&object->intent);
		end(object, S3_SYNC_CHANGED);
	}
	PG_CATCH();
	{
		ErrorData  *error;
		S3ErrorKind kind;

		/* No SQL was run, so no subtransaction has to be rolled back. */
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!is_of_object(error, &kind))
			PG_RE_THROW();
		FlushErrorState();

		/*
		 * An upload whose completion had no answer may yet be completed.  One
		 * whose parts are left is aborted later, by its intent.
		 */
		if (kind == S3_ERROR_SERVER || copy->leaves_parts)
			s3_intent_note_unsure(&object->intent);
		else
			s3_intent_settle(&object->intent);
		take_thrown(error, kind, "", &err);
		take_failure(object, &err);
	}
	PG_END_TRY();
}

static void
copy_in_parts(const S3SyncObject *object, S3CopyWork *copy)
{
	S3CopyArguments arguments = {.command = object->options->command};
	S3ObjectInfo info = object->info;
	S3Fields   *headers = &copy->headers.target;
	S3Error		err;

	copy->arguments = &arguments;
	arguments.source = arguments.target = object->url;
	copy->source = copy->target = object->call;
	copy->info = &info;
	copy->intent = object->intent;
	copy->etag = pin_of(object);
	copy->pinned = copy->etag != NULL;
	copy->headers.replaces_metadata = copy->headers.replaces_tags = true;
	s3_fields_add_all(headers, &object->plan.headers);
	s3_fields_add_all(headers, &object->grants);
	if (object->tags.len > 0)
		s3_fields_add(headers, "x-amz-tagging", object->tags.data);
	if (!s3_copy_add_source_key(copy, &err))
		s3_error_throw(&err);
	s3_copy_parts_on_server(copy);
}

/* Returns false for an error that is not about this object alone. */
static bool
is_of_object(const ErrorData *error, S3ErrorKind *kind)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_UNDEFINED_FILE:
			*kind = S3_ERROR_NOT_FOUND;
			return true;
		case ERRCODE_DUPLICATE_FILE:
			*kind = S3_ERROR_CONFLICT;
			return true;
		case ERRCODE_INSUFFICIENT_PRIVILEGE:
			*kind = S3_ERROR_DENIED;
			return true;
		case ERRCODE_INVALID_PARAMETER_VALUE:
		case ERRCODE_FEATURE_NOT_SUPPORTED:
		case ERRCODE_PROGRAM_LIMIT_EXCEEDED:
		case ERRCODE_IO_ERROR:
		case ERRCODE_CONNECTION_FAILURE:
		case ERRCODE_PROTOCOL_VIOLATION:
			*kind = S3_ERROR_SERVER;
			return true;
		default:
			return false;
	}
}

static void
take_look_up(S3SyncObject *object, const S3Finished *finished)
{
	S3Error		err;

	if (!finished->ok)
	{
		if (is_key_missing(object, &finished->err))
			end(object, S3_SYNC_KEY_MISSING);
		else
			take_failure(object, &finished->err);
		return;
	}
	object->head = finished->response;
	if (!s3_response_sized_object(&object->head, &object->info, &err))
		s3_sync_object_fail(object, &err);
	else if (s3_sync_is_archived(&object->head, &object->info))
		end(object, S3_SYNC_ARCHIVED);
	else if (!make_plan(object, &err))
		s3_sync_object_fail(object, &err);
	else if (object->unconfirmed)
		confirm_copy(object);
	else if (object->plan.count == 0)
		end(object, S3_SYNC_MATCHES);
	else
		next_step(object);
}

/* What is refused with a key, or for no reason that is told, may be anything. */
static bool
is_key_missing(const S3SyncObject *object, const S3Error *err)
{
	return *object->call.endpoint->settings.sse_customer_key_file == '\0' &&
		s3_response_wants_customer_key(err) && strcmp(err->code, "InvalidRequest") == 0;
}

/* The answer to the copy was empty: the object shows whether it was made. */
static void
confirm_copy(S3SyncObject *object)
{
	S3Error		err;

	if (object->plan.count == 0 && object->tags.len > 0)
		object->step = S3_SYNC_CHECK_TAGS;
	else if (object->plan.count == 0)
		end(object, S3_SYNC_CHANGED);
	else
	{
		s3_error_set(&err, S3_ERROR_PROTOCOL, "the server has not made the copy");
		s3_error_detail(&err, "Its answer was empty, and the object has not changed.");
		s3_sync_object_fail(object, &err);
	}
}

static bool
make_plan(S3SyncObject *object, S3Error *err)
{
	const S3Endpoint *endpoint = s3_endpoint_try_find(object->call.location.scheme, err);
	S3Fields	wanted = {0};

	if (endpoint == NULL)
		return false;
	s3_put_add_settings(endpoint, &object->answers, &wanted);
	/* A function of the next object may change settings, which frees these. */
	for (int i = 0; i < wanted.count; i++)
		wanted.items[i].value = pstrdup(wanted.items[i].value);
	return s3_sync_plan(&object->head, &object->info, &wanted, &object->plan, err);
}

static void
take_tags(S3SyncObject *object, const S3Finished *finished)
{
	S3Error		err;

	initStringInfo(&object->tags);
	if (!finished->ok)
		take_failure(object, &finished->err);
	else if (!s3_tags_read(&finished->response, &object->tags, &err))
		s3_sync_object_fail(object, &err);
	else
		next_step(object);
}

static void
take_grants(S3SyncObject *object, const S3Finished *finished)
{
	S3Error		err = finished->err;

	/* A server that knows no grants has none to keep. */
	if (!finished->ok && finished->err.kind == S3_ERROR_UNSUPPORTED)
	{
		s3_server_facts_find(finished->call->endpoint_host)->no_grants = true;
		next_step(object);
	}
	else if (!finished->ok)
	{
		if (err.kind == S3_ERROR_DENIED || err.http_status == HTTP_BAD_REQUEST)
		{
			err.hint[0] = '\0';
			s3_error_hint(&err, "Pass keep_acl => false to sync objects without their grants.");
		}
		take_failure(object, &err);
	}
	else if (!s3_acl_read(&finished->response, &object->grants, &err))
		s3_sync_object_fail(object, &err);
	else
		next_step(object);
}

/*
 * An object that was written since it was looked up is looked up again.  Swift
 * knows one that was uploaded in parts by another ETag than it tells.
 */
static void
take_copy(S3SyncObject *object, const S3Finished *finished)
{
	if (finished->ok && s3_response_is_empty(&finished->response))
	{
		object->unconfirmed = true;
		object->step = S3_SYNC_LOOK_UP;
	}
	else if (finished->ok && object->tags.len > 0)
		object->step = S3_SYNC_CHECK_TAGS;
	else if (finished->ok)
		end(object, S3_SYNC_CHANGED);
	else if (s3_response_condition_failed(&finished->err) && ++object->tries < COPY_TRIES_MAX)
	{
		object->refused_etag = s3_response_header(&object->head, "etag");
		object->step = S3_SYNC_LOOK_UP;
		memset(&object->tags, 0, sizeof(object->tags));
		memset(&object->grants, 0, sizeof(object->grants));
	}
	else
		take_failure(object, &finished->err);
}

static void
check_tags(S3SyncObject *object, const S3Finished *finished)
{
	StringInfoData tags;
	S3Error		err;

	initStringInfo(&tags);
	if (!finished->ok)
		take_failure(object, &finished->err);
	else if (!s3_tags_read(&finished->response, &tags, &err))
		s3_sync_object_fail(object, &err);
	else if (s3_tags_equal(tags.data, object->tags.data))
		end(object, S3_SYNC_CHANGED);
	else
		object->step = S3_SYNC_PUT_TAGS;
}

/* Of an object whose metadata will change. */
static void
next_step(S3SyncObject *object)
{
	if (is_doomed(object))
		end(object, S3_SYNC_GONE);
	else if (object->options->dry_run)
		end(object, S3_SYNC_CHANGED);
	else if (object->step < S3_SYNC_GET_TAGS && has_tags(object))
		object->step = S3_SYNC_GET_TAGS;
	else if (object->step < S3_SYNC_GET_GRANTS && object->options->keep_acl &&
			 !s3_server_facts_find(object->call.endpoint_host)->no_grants)
		object->step = S3_SYNC_GET_GRANTS;
	else
		object->step = S3_SYNC_COPY;
}

/* Is its deletion queued?  An undo does not count, since it may keep the object. */
static bool
is_doomed(const S3SyncObject *object)
{

	return s3_queue_has(s3_object_identity(&object->call.location).object);
}

static bool
has_tags(const S3SyncObject *object)
{
	char	   *count = s3_response_header(&object->head, "x-amz-tagging-count");

	return count != NULL && strcmp(count, "0") != 0;
}

static void
take_failure(S3SyncObject *object, const S3Error *err)
{
	if (err->kind == S3_ERROR_NOT_FOUND)
		end(object, S3_SYNC_GONE);
	else if (strcmp(err->code, "InvalidObjectState") == 0)
		end(object, S3_SYNC_ARCHIVED);
	else
		s3_sync_object_fail(object, err);
}

static void
end(S3SyncObject *object, S3SyncOutcome outcome)
{
	object->step = S3_SYNC_END;
	object->outcome = outcome;
}
