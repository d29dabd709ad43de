/*-------------------------------------------------------------------------
 *
 * upload_parts.c
 *	  The parts of an upload: several under way, in bounded memory.
 *
 * From s3_upload_next on until it has been sent, each part is in a memory
 * context of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/digest.h"
#include "base/xml.h"
#include "client/pipeline.h"
#include "client/upload_parts.h"
#include "port/pg_bswap.h"
#include "s3/copy_headers.h"
#include "s3/response.h"
#include "utils/memutils.h"

#define PART_SIZE_ROUNDING	(1024 * 1024)	/* bytes */
#define TEXT_MAX			2048	/* bytes of an element; S3 sends less */

typedef struct Part
{
	MemoryContext context;		/* of this, and all that it needs */
	int			number;			/* from 1 */
	size_t		size;			/* bytes of memory, as was asked for */
	bool		is_copy;
	S3Call		call;
} Part;

struct S3Upload
{
	const S3UploadTarget *target;
	MemoryContext context;		/* of this, and all below */
	const char *upload_id;
	S3Pipeline *pipeline;		/* of its parts; NULL: there are none yet */
	Part	   *next;			/* made by s3_upload_next, not started; or
								 * NULL */
	size_t		memory;			/* bytes of the parts under way, and of "next" */
	int			parts;			/* started */
	int			etags_size;
	char	  **etags;			/* by number - 1; NULL: under way */
};

/* The text of one element. */
typedef struct ElementText
{
	const char *name;
	size_t		len;
	char		text[TEXT_MAX + 1];
} ElementText;

static void start_pipeline(S3Upload *upload);
static Part *open_part_copy(S3Upload *upload, const S3Fields *source_headers, int64 first, int64 last);
static void open_part(S3Upload *upload, Part *part);
static void start_part(S3Upload *upload, Part *part);
static bool wait_for_part(S3Upload *upload);
static void end_part(S3Upload *upload, Part *part);
static bool take_etag(S3Upload *upload, Part *part, const S3HttpResponse *response, S3Error *err);
static void throw_for_part(const S3Upload *upload, const S3Call *call, const S3Error *err) pg_attribute_noreturn();
static bool append_md5(StringInfo out, S3Slice etag);
static void note_text(void *arg, int depth, const char *name, S3Slice text);

MemoryContext
s3_upload_next(S3Upload *upload, size_t size)
{
	MemoryContext context;

	Assert(upload->next == NULL);
	if (upload->pipeline == NULL)
		start_pipeline(upload);
	while (upload->memory > 0 && upload->memory + size > S3_UPLOAD_MEMORY &&
		   wait_for_part(upload))
		;
	context = AllocSetContextCreate(upload->context, "s3store part", ALLOCSET_SMALL_SIZES);
	upload->next = MemoryContextAllocZero(context, sizeof(Part));
	upload->next->context = context;
	upload->next->size = size;
	upload->memory += size;
	return context;
}

void
s3_upload_part(S3Upload *upload, S3Slice content)
{
	Part	   *part = upload->next;
	MemoryContext old_context = MemoryContextSwitchTo(part->context);

	open_part(upload, part);
	part->call.request.body = content;
	MemoryContextSwitchTo(old_context);
	start_part(upload, part);
}

bool
s3_upload_part_copy(S3Upload *upload, const S3Fields *source_headers,
					int64 first, int64 last, S3Error *err)
{
	Part	   *part = open_part_copy(upload, source_headers, first, last);
	MemoryContext old_context = MemoryContextSwitchTo(part->context);
	S3HttpResponse response;
	bool		taken;

	taken = s3_call_perform(&part->call, &response, err) &&
		take_etag(upload, part, &response, err);
	if (!taken)
		upload->parts--;		/* the same part can be tried again */
	MemoryContextSwitchTo(old_context);
	upload->next = NULL;
	end_part(upload, part);
	return taken;
}

void
s3_upload_start_part_copy(S3Upload *upload, const S3Fields *source_headers,
						  int64 first, int64 last)
{
	start_part(upload, open_part_copy(upload, source_headers, first, last));
}

int64
s3_upload_part_size(int64 size, int64 part_size)
{
	int64		least = (size + S3_PARTS_MAX - 1) / S3_PARTS_MAX;

	if (least <= part_size)
		return part_size;
	return (least + PART_SIZE_ROUNDING - 1) / PART_SIZE_ROUNDING * PART_SIZE_ROUNDING;
}

void
s3_upload_wait(S3Upload *upload)
{
	while (wait_for_part(upload))
		;
}

S3Upload *
s3_upload_create(const S3UploadTarget *target, const char *upload_id)
{
	S3Upload   *upload = palloc0(sizeof(S3Upload));

	upload->target = target;
	upload->context = CurrentMemoryContext;
	upload->upload_id = upload_id;
	return upload;
}

const char *
s3_upload_id(const S3Upload *upload)
{
	return upload->upload_id;
}

void
s3_upload_stop(S3Upload *upload)
{
	if (upload->pipeline != NULL)
		s3_pipeline_free(upload->pipeline);
	upload->pipeline = NULL;
}

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

char *
s3_upload_list_parts(const S3Upload *upload)
{
	StringInfoData list;

	initStringInfo(&list);
	appendStringInfoString(&list, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (int i = 0; i < upload->parts; i++)
	{
		appendStringInfo(&list, "<Part><PartNumber>%d</PartNumber><ETag>", i + 1);
		s3_xml_escape(&list, s3_slice_cstring(upload->etags[i]));
		appendStringInfoString(&list, "</ETag></Part>");
	}
	appendStringInfoString(&list, "</CompleteMultipartUpload>");
	return list.data;
}

const char *
s3_upload_etag(const S3Upload *upload)
{
	S3Call		call;
	StringInfoData digests;
	uint8		digest[S3_MD5_LEN];
	char		hex[S3_MD5_LEN * 2 + 1];
	S3Error		err;

	s3_upload_open_call(upload, S3_COMPLETE_MULTIPART_UPLOAD, &call);
	if (!call.endpoint->settings.verify_etag)
		return "";
	initStringInfo(&digests);
	for (int i = 0; i < upload->parts; i++)
		if (!append_md5(&digests, s3_etag_unquote(s3_slice_cstring(upload->etags[i]))))
			return "";
	if (!s3_md5(s3_slice(digests.data, digests.len), digest, &err))
		return "";
	s3_hex(digest, S3_MD5_LEN, hex);
	return psprintf("%s-%d", hex, upload->parts);
}

/* Returns false where the ETag is no MD5 in hex. */
static bool
append_md5(StringInfo out, S3Slice etag)
{
	uint64		halves[2];
	char		digits[17] = {0};

	if (etag.len != S3_MD5_LEN * 2)
		return false;
	for (int i = 0; i < 2; i++)
	{
		memcpy(digits, etag.data + i * 16, 16);
		if (strspn(digits, "0123456789abcdefABCDEF") != 16)
			return false;
		halves[i] = pg_hton64(strtoull(digits, NULL, 16));
	}
	appendBinaryStringInfo(out, (const char *) halves, sizeof(halves));
	return true;
}

char *
s3_upload_find_text(const S3HttpResponse *response, const char *root, const char *name, S3Error *err)
{
	char	   *text;

	if (!s3_upload_read_text(response, root, name, &text, err) || text != NULL)
		return text;
	s3_error_set(err, S3_ERROR_PROTOCOL, "could not understand the server's answer");
	s3_error_detail(err, "There is no valid \"%s\" in \"%s\".", name, root);
	return NULL;
}

bool
s3_upload_read_text(const S3HttpResponse *response, const char *root, const char *name,
					char **text, S3Error *err)
{
	ElementText *found = palloc0(sizeof(ElementText));
	bool		read;

	found->name = name;
	read = s3_response_document(response, root, note_text, found, err);
	*text = read && found->len > 0 ? found->text : NULL;
	return read;
}

static void
start_pipeline(S3Upload *upload)
{
	MemoryContext old_context = MemoryContextSwitchTo(upload->context);

	upload->pipeline = s3_pipeline_create(upload->target->connections);
	MemoryContextSwitchTo(old_context);
}

static Part *
open_part_copy(S3Upload *upload, const S3Fields *source_headers, int64 first, int64 last)
{
	MemoryContext context = s3_upload_next(upload, 0);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	Part	   *part = upload->next;

	part->is_copy = true;
	open_part(upload, part);
	s3_fields_add_all(&part->call.request.headers, source_headers);
	s3_fields_add(&part->call.request.headers, "x-amz-copy-source-range",
				  psprintf("bytes=%lld-%lld", (long long) first, (long long) last));
	MemoryContextSwitchTo(old_context);
	return part;
}

/* In the part's memory context. */
static void
open_part(S3Upload *upload, Part *part)
{
	if (upload->parts == S3_PARTS_MAX)
		elog(ERROR, "an upload has too many parts");
	part->number = ++upload->parts;
	s3_upload_open_call(upload, S3_UPLOAD_PART, &part->call);
	s3_fields_add(&part->call.request.query, "partNumber", psprintf("%d", part->number));
}

/* From here on the part is the pipeline's. */
static void
start_part(S3Upload *upload, Part *part)
{
	MemoryContext old_context;

	while (!s3_pipeline_has_room(upload->pipeline))
		wait_for_part(upload);
	upload->next = NULL;
	old_context = MemoryContextSwitchTo(part->context);
	s3_pipeline_start(upload->pipeline, &part->call, part);
	MemoryContextSwitchTo(old_context);
}

/* Returns false when none is under way; throws when the part failed. */
static bool
wait_for_part(S3Upload *upload)
{
	MemoryContext old_context;
	S3Finished	finished;
	Part	   *part;

	if (upload->pipeline == NULL || !s3_pipeline_next(upload->pipeline, &finished))
		return false;
	part = finished.tag;
	old_context = MemoryContextSwitchTo(part->context);
	if (!finished.ok || !take_etag(upload, part, &finished.response, &finished.err))
		throw_for_part(upload, &part->call, &finished.err);
	MemoryContextSwitchTo(old_context);
	end_part(upload, part);
	return true;
}

static void
end_part(S3Upload *upload, Part *part)
{
	upload->memory -= part->size;
	MemoryContextDelete(part->context);
}

static bool
take_etag(S3Upload *upload, Part *part, const S3HttpResponse *response, S3Error *err)
{
	char	   *etag = part->is_copy ?
		s3_upload_find_text(response, "CopyPartResult", "ETag", err) :
		s3_response_header(response, "etag");

	if (etag == NULL || *etag == '\0')
	{
		if (part->is_copy)
			return false;
		s3_error_set(err, S3_ERROR_PROTOCOL, "could not understand the server's answer");
		return s3_error_detail(err, "There is no ETag of the part.");
	}
	if (part->number > upload->etags_size)
	{
		int			size = Max(upload->etags_size * 2, Max(part->number, 64));

		if (upload->etags == NULL)
			upload->etags = MemoryContextAllocZero(upload->context, size * sizeof(char *));
		else
			upload->etags = repalloc(upload->etags, size * sizeof(char *));
		upload->etags_size = size;
	}
	upload->etags[part->number - 1] = MemoryContextStrdup(upload->context, etag);
	return true;
}

static void
throw_for_part(const S3Upload *upload, const S3Call *call, const S3Error *err)
{
	const S3Call *reported_as = upload->target->reported_as;

	s3_call_throw(reported_as == NULL ? call : reported_as, err);
}

static void
note_text(void *arg, int depth, const char *name, S3Slice text)
{
	ElementText *found = arg;

	if (depth != 1 || strcmp(name, found->name) != 0 || text.len > TEXT_MAX)
		return;
	memcpy(found->text, text.data, text.len);
	found->text[text.len] = '\0';
	found->len = text.len;
}
