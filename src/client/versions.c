/*-------------------------------------------------------------------------
 *
 * versions.c
 *	  All versions of an object.
 *
 * All are listed before the first one is deleted: servers differ in how a list
 * goes on behind a version that was deleted meanwhile.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "client/listing.h"
#include "client/pipeline.h"
#include "client/versions.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "s3/copy_headers.h"
#include "utils/memutils.h"

static List *find_versions(text *url, const S3Fields *headers, const char *command);
static void delete_version(text *url, const char *version_id, Jsonb *params,
						   const S3Fields *headers, const char *command);
static bool is_there(text *url, const char *version_id, const S3Fields *headers,
					 const char *command);

void
s3_versions_delete(text *url, Jsonb *params, const S3Call *call)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store version",
												  ALLOCSET_DEFAULT_SIZES);
	S3Fields	headers = {0};	/* of the call's, what lists need, too */
	List	   *versions;

	if (s3_fields_find(&call->request.query, "versionId") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"AllVersions\" and \"VersionId\" exclude each other")));
	s3_copy_headers_add_common(&headers, &call->request.headers);
	versions = find_versions(url, &headers, call->command);
	for (int i = list_length(versions) - 1; i >= 0; i--)
	{
		MemoryContext old_context = MemoryContextSwitchTo(context);

		delete_version(url, list_nth(versions, i), params, &headers, call->command);
		MemoryContextSwitchTo(old_context);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
}

/* Their IDs, the newest first. */
static List *
find_versions(text *url, const S3Fields *headers, const char *command)
{
	S3ListOptions options = {
		.command = command,
		.url = url,
		.kind = S3_LIST_PAGE_VERSIONS,
		.of_object = true,
		.max_items = -1,
		.headers = headers
	};
	S3Listing  *listing = s3_listing_start(&options);
	const S3ListItem *item;
	List	   *versions = NIL;

	while ((item = s3_listing_next(listing)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		versions = lappend(versions, s3_slice_dup(item->version_id));
	}
	return versions;
}

static void
delete_version(text *url, const char *version_id, Jsonb *params,
			   const S3Fields *headers, const char *command)
{
	S3Call		call;
	S3HttpResponse response;
	S3Error		err;

	(void) s3_call_open(&call, S3_DELETE_OBJECT, command, S3_CALL_REQUEST, url);
	s3_params_apply(call.operation, params, &call.request);
	s3_fields_add(&call.request.query, "versionId", version_id);
	if (s3_call_perform(&call, &response, &err))
		return;

	/*
	 * One that is gone already is what was wanted.  Swift says so of the last
	 * version of a key, when a longer key has some, though it has deleted it.
	 */
	if (err.kind != S3_ERROR_NOT_FOUND || is_there(url, version_id, headers, command))
		s3_call_throw(&call, &err);
}

static bool
is_there(text *url, const char *version_id, const S3Fields *headers, const char *command)
{
	ListCell   *cell;

	foreach(cell, find_versions(url, headers, command))
	{
		if (strcmp(lfirst(cell), version_id) == 0)
			return true;
	}
	return false;
}
