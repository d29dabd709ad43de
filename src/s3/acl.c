/*-------------------------------------------------------------------------
 *
 * acl.c
 *	  Who has been granted what on an object.
 *
 * Pure.  All memory is there before the document is read, since nothing may
 * throw while it is.
 *
 *-------------------------------------------------------------------------
 */
#include "s3/acl.h"

#include "s3/request.h"
#include "s3/response.h"

/* Latin 1 becomes twice as long in UTF-8; no other encoding grows more. */
#define TEXT_PER_BYTE	2

typedef struct Permission
{
	const char *name;
	const char *header;
} Permission;

static const Permission permissions[] = {
	{"FULL_CONTROL", "x-amz-grant-full-control"},
	{"READ", "x-amz-grant-read"},
	{"READ_ACP", "x-amz-grant-read-acp"},
	{"WRITE", "x-amz-grant-write"},
	{"WRITE_ACP", "x-amz-grant-write-acp"}
};

typedef struct Grant
{
	const char *kind;			/* id, uri, emailAddress; NULL: none yet */
	S3Slice		grantee;
	const Permission *permission;	/* NULL: none yet */
} Grant;

typedef struct AclReader
{
	S3Slice		owner;			/* its ID */
	Grant	   *grants;
	int			count;
	Grant		grant;			/* the one under way */
	const char *fault;			/* what is wrong, or NULL */
	char	   *text;			/* the strings */
	size_t		text_len;
} AclReader;

static void read_element(void *arg, int depth, const char *name, S3Slice text);
static void take_grantee(AclReader *reader, const char *name, S3Slice text);
static void take_permission(AclReader *reader, S3Slice text);
static void add_grant(AclReader *reader);
static S3Slice keep(AclReader *reader, S3Slice text);
static bool is_default(const AclReader *reader);
static bool add_headers(const AclReader *reader, S3Fields *headers, S3Error *err);

bool
s3_acl_read(const S3HttpResponse *response, S3Fields *headers, S3Error *err)
{
	AclReader	reader = {{NULL}};

	reader.grants = palloc(S3_GRANTS_MAX * sizeof(Grant));
	reader.text = palloc(response->body_len * TEXT_PER_BYTE + 1);
	if (!s3_response_document(response, "AccessControlPolicy", read_element, &reader, err))
		return false;
	if (reader.fault != NULL)
	{
		s3_error_set(err, S3_ERROR_PROTOCOL, "could not understand the server's answer");
		return s3_error_detail(err, "%s", reader.fault);
	}
	return is_default(&reader) || add_headers(&reader, headers, err);
}

static void
read_element(void *arg, int depth, const char *name, S3Slice text)
{
	AclReader  *reader = arg;

	if (reader->fault != NULL)
		return;
	if (depth == 2 && strcmp(name, "Grant") == 0)
		add_grant(reader);
	else if (depth == 2 && strcmp(name, "ID") == 0)
		reader->owner = keep(reader, text);
	else if (depth == 3 && strcmp(name, "Permission") == 0)
		take_permission(reader, text);
	else if (depth == 4)
		take_grantee(reader, name, text);
}

static void
take_grantee(AclReader *reader, const char *name, S3Slice text)
{
	const char *kind = strcmp(name, "ID") == 0 ? "id" :
		strcmp(name, "URI") == 0 ? "uri" :
		strcmp(name, "EmailAddress") == 0 ? "emailAddress" : NULL;

	if (kind == NULL || text.len == 0)
		return;
	reader->grant.kind = kind;
	reader->grant.grantee = keep(reader, text);
}

static void
take_permission(AclReader *reader, S3Slice text)
{
	for (int i = 0; i < lengthof(permissions); i++)
	{
		if (s3_slice_equal(text, s3_slice_cstring(permissions[i].name)))
			reader->grant.permission = &permissions[i];
	}
}

static void
add_grant(AclReader *reader)
{
	if (reader->grant.kind == NULL || reader->grant.permission == NULL)
		reader->fault = "A grant does not say to whom, or what.";
	else if (reader->count == S3_GRANTS_MAX)
		reader->fault = "It has more grants than S3 allows.";
	else
		reader->grants[reader->count++] = reader->grant;
	memset(&reader->grant, 0, sizeof(reader->grant));
}

/* Copies the text, which is the parser's. */
static S3Slice
keep(AclReader *reader, S3Slice text)
{
	char	   *copy = reader->text + reader->text_len;

	memcpy(copy, text.data, text.len);
	reader->text_len += text.len;
	return s3_slice(copy, text.len);
}

static bool
is_default(const AclReader *reader)
{
	const Grant *grant = reader->grants;

	return reader->count == 1 && grant->permission == &permissions[0] &&
		strcmp(grant->kind, "id") == 0 && s3_slice_equal(grant->grantee, reader->owner);
}

/* One header for each permission: id="...", uri="..." */
static bool
add_headers(const AclReader *reader, S3Fields *headers, S3Error *err)
{
	for (int i = 0; i < lengthof(permissions); i++)
	{
		StringInfoData value;

		initStringInfo(&value);
		for (int j = 0; j < reader->count; j++)
		{
			const Grant *grant = &reader->grants[j];

			if (grant->permission != &permissions[i])
				continue;
			if (memchr(grant->grantee.data, '"', grant->grantee.len) != NULL)
			{
				s3_error_set(err, S3_ERROR_UNSUPPORTED, "the object has a grant that no header can hold");
				return s3_error_detail(err, "There is a quote in the name of a grantee.");
			}
			appendStringInfo(&value, "%s%s=\"%.*s\"", value.len > 0 ? ", " : "", grant->kind,
							 S3_SLICE_ARGS(grant->grantee));
		}
		if (value.len > 0 && !s3_check_header_value(permissions[i].header, value.data, err))
			return false;
		if (value.len > 0)
			s3_fields_add(headers, permissions[i].header, value.data);
	}
	return true;
}
