/*-------------------------------------------------------------------------
 *
 * operations.c
 *	  S3's operations, as boto3 names them.  Pure.
 *
 * Only operations that are marked so here change nothing, and may be used
 * where an endpoint is read-only.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "s3/operations.h"

/* An HTTP verb stands for the operation on a whole object. */
#define HAS_VERB(operation)	((operation)->id <= S3_DELETE_OBJECT)

/* In the order of their bits. */
static const S3Operation operations[] = {
	{S3_GET_OBJECT, "get_object", "GET", true, "get", "from"},
	{S3_HEAD_OBJECT, "head_object", "HEAD", true, "look up", "in"},
	{S3_PUT_OBJECT, "put_object", "PUT", false, "put", "into"},
	{S3_DELETE_OBJECT, "delete_object", "DELETE", false, "delete", "from"},
	{S3_COPY_OBJECT, "copy_object", "PUT", false, "copy to", "in",
	.fails_late = true},
	{S3_UPLOAD_PART, "upload_part", "PUT", false, "put a part of", "into",
	.fails_late = true},
	{S3_CREATE_MULTIPART_UPLOAD, "create_multipart_upload", "POST", false,
	"start the upload of", "into", "uploads",.once = true},
	{S3_COMPLETE_MULTIPART_UPLOAD, "complete_multipart_upload", "POST", false,
	"complete the upload of", "into",.once = true,.fails_late = true},
	{S3_ABORT_MULTIPART_UPLOAD, "abort_multipart_upload", "DELETE", false,
	"abort the upload of", "into"},
	{S3_LIST_PARTS, "list_parts", "GET", true, "list the parts of", "in"},
	{S3_LIST_OBJECTS_V2, "list_objects_v2", "GET", true, "list", "of", "list-type", "2", true}
};

/* What no link is made for, under this or any other name. */
static const S3Operation internal_operations[] = {
	{S3_LIST_OBJECT_VERSIONS, "list_object_versions", "GET", true, "list", "of", "versions", NULL, true},
	{S3_GET_OBJECT_TAGGING, "get_object_tagging", "GET", true, "get the tags of", "in", "tagging"},
	{S3_PUT_OBJECT_TAGGING, "put_object_tagging", "PUT", false, "put the tags of", "in", "tagging"},
	{S3_DELETE_OBJECTS, "delete_objects", "POST", false, "delete objects", "from", "delete",
	.on_bucket = true,.fails_late = true},
	{S3_GET_OBJECT_ACL, "get_object_acl", "GET", true, "get the grants on", "in", "acl"}
};

static void add_argument_hint(const char *name, S3Error *err);

const S3Operation *
s3_operation(S3OperationId id)
{
	for (int i = 0; i < lengthof(operations); i++)
	{
		if (operations[i].id == id)
			return &operations[i];
	}
	for (int i = 0; i < lengthof(internal_operations); i++)
	{
		if (internal_operations[i].id == id)
			return &internal_operations[i];
	}
	Assert(false);
	return NULL;
}

const S3Operation *
s3_operation_find(const char *name, S3Error *err)
{
	StringInfoData valid;

	for (int i = 0; i < lengthof(operations); i++)
	{
		if (pg_strcasecmp(operations[i].name, name) == 0 ||
			(HAS_VERB(&operations[i]) && pg_strcasecmp(operations[i].method, name) == 0))
			return &operations[i];
	}
	initStringInfo(&valid);
	for (int i = 0; i < lengthof(operations); i++)
	{
		appendStringInfo(&valid, "%s%s", i > 0 ? ", " : "", operations[i].name);
		if (HAS_VERB(&operations[i]))
			appendStringInfo(&valid, " (%s)", operations[i].method);
	}
	s3_error_set(err, S3_ERROR_ARGUMENT, "invalid S3 operation \"%s\"", name);
	s3_error_detail(err, "Valid operations: %s.", valid.data);
	add_argument_hint(name, err);
	return NULL;
}

/* What stands behind the URL is the operation, and easily taken for another argument. */
static void
add_argument_hint(const char *name, S3Error *err)
{
	name += strspn(name, " ");
	if (name[0] == '{')
		s3_error_hint(err, "Parameters are named: s3_presign(url, params => '{\"VersionId\": \"...\"}').");
	else if (name[0] != '\0' && strchr("0123456789+-.@", name[0]) != NULL)
		s3_error_hint(err, "A lifetime is named: s3_presign(url, expires => '10 minutes').");
}
