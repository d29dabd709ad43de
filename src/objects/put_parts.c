/*-------------------------------------------------------------------------
 *
 * put_parts.c
 *	  A put whose content goes in parts.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "client/upload.h"
#include "objects/put_parts.h"
#include "s3/integrity.h"
#include "s3/copy_headers.h"

#define CUSTOMER_HEADER		"x-amz-server-side-encryption-customer-"

typedef struct Content
{
	S3Slice		bytes;			/* all of it, or */
	const S3PutSource *source;	/* where it comes from; NULL: as above */
	S3PutIntent *intent;
	int64		size;
	int64		part_size;
} Content;

static bool has_digest(const S3Fields *headers);
static void sort_headers(const S3Fields *all, S3Fields *object, S3Fields *part,
						 S3Fields *conditions);
static bool is_condition(const char *name);
static bool is_for_parts(const char *name);
static void note_upload(const char *upload_id, void *arg);
static void note_etag(const char *etag, void *arg);
static void send_content(S3Upload *upload, void *arg);
static S3Slice content_of_part(S3Upload *upload, const Content *content, int64 first, size_t len);

bool
s3_put_wants_parts(const S3Call *put, const S3PutArguments *arguments)
{
	if (arguments->source != NULL)
		return put->request.body.data == NULL;	/* it was not loaded */
	/* A digest of the whole content cannot be sent with parts. */
	return put->request.body.len > (uint64) put->endpoint->settings.multipart_threshold * 1024 &&
		!has_digest(&put->request.headers);
}

void
s3_put_in_parts(S3Call *put, text *url, const S3PutArguments *arguments,
				S3PutIntent *intent, S3Finished *finished)
{
	const S3Settings *settings = &put->endpoint->settings;
	Content		content = {put->request.body, arguments->source, intent};
	S3UploadTarget target = {.command = put->command,.url = url};
	S3Fields	object = {0};
	S3Fields	part = {0};
	S3Fields	conditions = {0};

	if (has_digest(&put->request.headers))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a digest cannot be given for a multipart upload")));
	content.size = content.source == NULL ? (int64) content.bytes.len : content.source->size;
	content.part_size = s3_upload_part_size(content.size,
											(int64) settings->multipart_part_size * 1024);
	sort_headers(&put->request.headers, &object, &part, &conditions);
	target.headers = &object;
	target.part_headers = &part;
	target.conditions = conditions.count == 0 ? NULL : &conditions;
	target.needs_conditions = arguments->needs_condition;
	target.reported_as = put;
	target.connections = settings->max_pool_connections;

	memset(finished, 0, sizeof(*finished));
	finished->call = put;
	target.started = note_upload;
	target.completing = note_etag;
	s3_upload_run(&target, send_content, &content, finished);
}

static bool
has_digest(const S3Fields *headers)
{
	for (int i = 0; i < headers->count; i++)
	{
		const char *name = headers->items[i].name;

		if (strcmp(name, "content-md5") == 0 || strcmp(name, S3_ALGORITHM_HEADER) == 0 ||
			(s3_starts_with(name, "x-amz-checksum-") &&
			 strcmp(name, "x-amz-checksum-algorithm") != 0))
			return true;
	}
	return false;
}

/* Which request of the upload is each header for? */
static void
sort_headers(const S3Fields *all, S3Fields *object, S3Fields *part, S3Fields *conditions)
{
	for (int i = 0; i < all->count; i++)
	{
		const S3Field *field = &all->items[i];

		if (is_condition(field->name))
			s3_fields_add(conditions, field->name, field->value);
		else
			s3_fields_add(object, field->name, field->value);
		if (is_for_parts(field->name))
			s3_fields_add(part, field->name, field->value);
	}
}

static bool
is_condition(const char *name)
{
	return strcmp(name, "if-match") == 0 || strcmp(name, "if-none-match") == 0;
}

static bool
is_for_parts(const char *name)
{
	return s3_copy_header_is_for_every_request(name) ||
		s3_starts_with(name, CUSTOMER_HEADER);
}

static void
note_upload(const char *upload_id, void *arg)
{
	const Content *content = arg;

	s3_intent_note_upload(content->intent, upload_id);
}

static void
note_etag(const char *etag, void *arg)
{
	const Content *content = arg;

	s3_intent_note_content(content->intent, etag, content->size);
}

static void
send_content(S3Upload *upload, void *arg)
{
	const Content *content = arg;

	for (int64 first = 0; first < content->size; first += content->part_size)
	{
		size_t		len = (size_t) Min(content->part_size, content->size - first);

		s3_upload_part(upload, content_of_part(upload, content, first, len));
	}
}

static S3Slice
content_of_part(S3Upload *upload, const Content *content, int64 first, size_t len)
{
	MemoryContext context;
	char	   *buffer;

	if (content->source == NULL)
	{
		(void) s3_upload_next(upload, 0);
		return s3_slice(content->bytes.data + first, len);
	}
	context = s3_upload_next(upload, len);
	buffer = MemoryContextAlloc(context, len);
	content->source->read(content->source->arg, first, buffer, len);
	return s3_slice(buffer, len);
}
