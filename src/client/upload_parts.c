/*-------------------------------------------------------------------------
 *
 * upload_parts.c
 *	  The parts of an upload: several under way, in bounded memory.
 *
 * Each is in a memory context of its own from s3_upload_next on until it has
 * been sent.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/xml.h"
#include "client/upload_work.h"
#include "s3/response.h"
#include "utils/memutils.h"

#define PART_SIZE_ROUNDING	(1024 * 1024)	/* bytes */

static S3UploadPart *open_part_copy(S3Upload *upload, const S3Fields *source_headers, int64 first, int64 last);
static void open_part(S3Upload *upload, S3UploadPart *part);
static void start_part(S3Upload *upload, S3UploadPart *part);
static void end_part(S3Upload *upload, S3UploadPart *part);
static bool take_etag(S3Upload *upload, S3UploadPart *part, const S3HttpResponse *response, S3Error *err);
static void throw_for_part(const S3Upload *upload, const S3Call *call, const S3Error *err) pg_attribute_noreturn();

MemoryContext
s3_upload_next(S3Upload *upload, size_t size)
{
	MemoryContext context;

	Assert(upload->next == NULL);
	while (upload->memory > 0 && upload->memory + size > S3_UPLOAD_MEMORY &&
		   s3_upload_wait_for_part(upload))
		;
	context = AllocSetContextCreate(upload->context, "s3store part", ALLOCSET_SMALL_SIZES);
	upload->next = MemoryContextAllocZero(context, sizeof(S3UploadPart));
	upload->next->context = context;
	upload->next->size = size;
	upload->memory += size;
	return context;
}

void
s3_upload_part(S3Upload *upload, S3Slice content)
{
	S3UploadPart *part = upload->next;
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
	S3UploadPart *part = open_part_copy(upload, source_headers, first, last);
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

static S3UploadPart *
open_part_copy(S3Upload *upload, const S3Fields *source_headers, int64 first, int64 last)
{
	MemoryContext context = s3_upload_next(upload, 0);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	S3UploadPart *part = upload->next;

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
open_part(S3Upload *upload, S3UploadPart *part)
{
	if (upload->parts == S3_PARTS_MAX)
		elog(ERROR, "an upload has too many parts");
	part->number = ++upload->parts;
	s3_upload_open_call(upload, S3_UPLOAD_PART, &part->call);
	s3_fields_add(&part->call.request.query, "partNumber", psprintf("%d", part->number));
}

/* From here on the part is the pipeline's. */
static void
start_part(S3Upload *upload, S3UploadPart *part)
{
	MemoryContext old_context;

	while (!s3_pipeline_has_room(upload->pipeline))
		s3_upload_wait_for_part(upload);
	upload->next = NULL;
	old_context = MemoryContextSwitchTo(part->context);
	s3_pipeline_start(upload->pipeline, &part->call, part);
	MemoryContextSwitchTo(old_context);
}

/* Returns false when none is under way; throws when the part failed. */
bool
s3_upload_wait_for_part(S3Upload *upload)
{
	MemoryContext old_context;
	S3Finished	finished;
	S3UploadPart *part;

	if (!s3_pipeline_next(upload->pipeline, &finished))
		return false;
	part = finished.tag;
	old_context = MemoryContextSwitchTo(part->context);
	if (!finished.ok || !take_etag(upload, part, &finished.response, &finished.err))
		throw_for_part(upload, &part->call, &finished.err);
	MemoryContextSwitchTo(old_context);
	end_part(upload, part);
	return true;
}

void
s3_upload_wait(S3Upload *upload)
{
	while (s3_upload_wait_for_part(upload))
		;
}

static void
end_part(S3Upload *upload, S3UploadPart *part)
{
	upload->memory -= part->size;
	MemoryContextDelete(part->context);
}

static bool
take_etag(S3Upload *upload, S3UploadPart *part, const S3HttpResponse *response, S3Error *err)
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
