/*-------------------------------------------------------------------------
 *
 * undo.c
 *	  Undoes one put: removes what it has written from its server.
 *
 * Guarantees: a version is removed by its ID.  An object without versions is
 * removed only when there was none under its name before the put, and its ETag
 * and size are those of the put's content.  By ETag and size, too, versions are
 * found of a put that had no answer or was sent twice.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "client/listing.h"
#include "client/object_requests.h"
#include "client/pipeline.h"
#include "journal/intent.h"
#include "removal/undo.h"

#define USECS_PER_SECOND	INT64CONST(1000000)
#define LOOKS_MAX			100 /* more than the attempts of any put */

/* An intent that is being undone. */
typedef struct Undo
{
	const char *command;
	const S3Intent *intent;
	const List *others;			/* versions that other puts have written */
	bool	   *may_come;		/* valid after an error, too */
} Undo;

static bool abort_parts(Undo *undo);
static S3Undone remove_others_found(Undo *undo);
static S3Undone remove_all_found(Undo *undo);
static S3Undone remove_found(Undo *undo);
static bool has_version(const S3ObjectInfo *info);
static bool is_of_put(const S3Intent *intent, const S3ObjectInfo *info);
static bool may_be_of_put(const S3Intent *intent, const S3ObjectInfo *info);
static S3Undone remove_listed(Undo *undo);
static bool is_listed_of_put(const Undo *undo, const S3ListItem *item);
static bool is_others(const Undo *undo, S3Slice version);
static bool is_null_version(S3Slice version);
static S3Undone remove_object(Undo *undo, const char *version);

void
s3_undo_open(S3Call *call, S3OperationId operation, const char *command, const S3Intent *intent)
{
	const char *target;

	(void) s3_call_open(call, operation, command, S3_CALL_REQUEST,
						s3_text_from_utf8(s3_slice_cstring(intent->url)));
	target = s3_intent_target(call);
	if (strcmp(target, intent->target) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the URL leads to another object than when it was put"),
				 errdetail("It led to \"%s\", and leads to \"%s\" now.",
						   intent->target, target)));
}

S3Undone
s3_undo_intent(const char *command, const S3Intent *intent, const List *others, bool *may_come)
{
	Undo		undo = {command, intent, others, may_come};
	S3Undone	undone = S3_UNDONE_NOTHING;
	bool		looked = intent->unsure_since != 0 && intent->unsure_since != S3_INTENT_NOT_LOOKED;
	S3Undone	found = S3_UNDONE_NOTHING;

	*may_come = false;
	if (intent->upload_id[0] != '\0' && abort_parts(&undo))
		undone = S3_UNDONE_REMOVED;
	if (intent->kind != S3_INTENT_PARTS)
	{
		if (intent->version[0] != '\0' && !looked &&
			remove_object(&undo, intent->version) == S3_UNDONE_REMOVED)
			undone = S3_UNDONE_REMOVED;
		if (intent->version[0] == '\0')
			found = remove_all_found(&undo);
		else if (intent->unsure_since != 0)
			found = remove_others_found(&undo);
	}
	return found == S3_UNDONE_NOTHING ? undone : found;
}

bool
s3_undo_removes_name(const S3Intent *intent)
{
	return intent->kind == S3_INTENT_CREATE && intent->version[0] == '\0';
}

/* Returns false when there is no such upload: it was completed, or aborted. */
static bool
abort_parts(Undo *undo)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	s3_undo_open(&call, S3_ABORT_MULTIPART_UPLOAD, undo->command, undo->intent);
	s3_fields_add(&call.request.query, "uploadId", undo->intent->upload_id);
	if (s3_call_perform(&call, &response, &err))
		return true;
	if (!s3_object_is_gone(&err))
		s3_call_throw(&call, &err);
	return false;
}

/*
 * The version that is known is removed already.  When the credentials may not
 * read the object to find others, trying again would not help.
 */
static S3Undone
remove_others_found(Undo *undo)
{
	MemoryContext context = CurrentMemoryContext;
	volatile S3Undone undone = S3_UNDONE_UNDECIDED;

	PG_TRY();
	{
		undone = remove_all_found(undo);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_INSUFFICIENT_PRIVILEGE)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return undone;
}

/* Each request without an answer may have written a version. */
static S3Undone
remove_all_found(Undo *undo)
{
	S3Undone	first = remove_found(undo);
	S3Undone	more = first;

	for (int i = 1; i < LOOKS_MAX && more == S3_UNDONE_REMOVED && undo->intent->unsure_since != 0; i++)
		more = remove_found(undo);
	return more == S3_UNDONE_UNDECIDED ? more : first;
}

/* Looks up the present object, and compares it with the put. */
static S3Undone
remove_found(Undo *undo)
{
	const S3Intent *intent = undo->intent;
	S3Call		call;
	S3HttpResponse response = {0};
	S3ObjectInfo info;
	S3Error		err;

	s3_undo_open(&call, S3_HEAD_OBJECT, undo->command, intent);
	if (!s3_call_perform(&call, &response, &err))
	{
		if (err.kind == S3_ERROR_NOT_FOUND &&
			s3_response_header(&response, "x-amz-delete-marker") == NULL)
			return S3_UNDONE_NOTHING;
		/* A delete marker, or an object encrypted with a key of its client. */
		if (err.kind == S3_ERROR_NOT_FOUND || err.http_status == 400)
			return remove_listed(undo);
		s3_call_throw(&call, &err);
	}
	if (!s3_response_object(&response, &info, &err))
		s3_call_throw(&call, &err);
	if (has_version(&info))
	{
		if (is_of_put(intent, &info) && !is_others(undo, s3_slice_cstring(info.version_id)) &&
			(!info.has_last_modified || info.last_modified >= intent->not_before))
			return intent->not_before == 0 ? S3_UNDONE_UNDECIDED :
				remove_object(undo, info.version_id);
		return remove_listed(undo);
	}
	/* Puts to this object have had versions, so one without is not of them. */
	if (intent->kind != S3_INTENT_CREATE || intent->version[0] != '\0' || undo->others != NIL)
		return S3_UNDONE_NOTHING;
	if (is_of_put(intent, &info))
		return remove_object(undo, NULL);
	return may_be_of_put(intent, &info) ? S3_UNDONE_UNDECIDED : S3_UNDONE_NOTHING;
}

static bool
has_version(const S3ObjectInfo *info)
{
	return info->version_id != NULL && !is_null_version(s3_slice_cstring(info->version_id));
}

static bool
is_of_put(const S3Intent *intent, const S3ObjectInfo *info)
{
	return intent->etag[0] != '\0' && info->etag != NULL &&
		strcmp(intent->etag, info->etag) == 0 && intent->size == info->size &&
		!(info->has_last_modified && s3_intent_is_older(intent, info->last_modified));
}

/* With encryption by KMS, an ETag is not the MD5 of the content. */
static bool
may_be_of_put(const S3Intent *intent, const S3ObjectInfo *info)
{
	return !intent->answered && intent->size == info->size &&
		(intent->etag[0] == '\0' || info->server_side_encryption != NULL);
}

/*
 * Looks through the versions.  When two could be of the put, or the time of the
 * put is not known, none is removed: it may be of another writer.
 */
static S3Undone
remove_listed(Undo *undo)
{
	const S3Intent *intent = undo->intent;
	S3ListOptions options = {
		.command = undo->command,
		.url = s3_text_from_utf8(s3_slice_cstring(intent->url)),
		.kind = S3_LIST_PAGE_VERSIONS,
		.of_object = true,
		.max_items = -1
	};
	S3Listing  *listing = s3_listing_start(&options);
	const S3ListItem *item;
	const char *version = NULL;
	int			found = 0;

	while ((item = s3_listing_next(listing)) != NULL)
	{
		if (!is_listed_of_put(undo, item))
			continue;
		found++;
		version = s3_slice_dup(item->version_id);
	}
	if (found == 0)
		return S3_UNDONE_NOTHING;
	return found == 1 && intent->not_before != 0 ?
		remove_object(undo, version) : S3_UNDONE_UNDECIDED;
}

static bool
is_listed_of_put(const Undo *undo, const S3ListItem *item)
{
	const S3Intent *intent = undo->intent;
	bool		may_be_null = intent->kind == S3_INTENT_CREATE && intent->version[0] == '\0';

	return item->kind == S3_LIST_VERSION && intent->etag[0] != '\0' &&
		s3_slice_equal(item->etag, s3_slice_cstring(intent->etag)) &&
		item->size == intent->size &&
		!is_others(undo, item->version_id) &&
		(may_be_null || !is_null_version(item->version_id)) &&
		item->has_last_modified &&
		item->last_modified / USECS_PER_SECOND >= intent->not_before;
}

/* Was the version there before the put, or written by another put? */
static bool
is_others(const Undo *undo, S3Slice version)
{
	ListCell   *cell;

	if (s3_slice_equal(version, s3_slice_cstring(undo->intent->previous)))
		return true;
	foreach(cell, undo->others)
	{
		if (s3_slice_equal(version, s3_slice_cstring(lfirst(cell))))
			return true;
	}
	return false;
}

/* The ID of versions written while versioning was off. */
static bool
is_null_version(S3Slice version)
{
	return s3_slice_equal(version, s3_slice_cstring("null"));
}

/* version NULL: the object, in a bucket without versioning */
static S3Undone
remove_object(Undo *undo, const char *version)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;
	bool		good;

	s3_undo_open(&call, S3_DELETE_OBJECT, undo->command, undo->intent);
	if (version != NULL)
		s3_fields_add(&call.request.query, "versionId", version);
	good = s3_call_perform(&call, &response, &err);
	/* Deleting a version by its ID is safe even when it is executed late. */
	*undo->may_come |= response.resent &&
		(version == NULL || is_null_version(s3_slice_cstring(version)));
	if (good)
		return S3_UNDONE_REMOVED;
	if (!s3_object_is_gone(&err))
		s3_call_throw(&call, &err);
	return S3_UNDONE_NOTHING;
}
