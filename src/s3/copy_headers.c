/*-------------------------------------------------------------------------
 *
 * copy_headers.c
 *	  The headers of a copy, by the request that each belongs to.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "s3/copy_headers.h"

#include "s3/content_encoding.h"
#include "s3/metadata.h"
#include "s3/metadata_words.h"
#include "s3/param_rules.h"

#define SOURCE_PREFIX	"x-amz-copy-source-"
#define SSE_PREFIX		"x-amz-server-side-encryption-customer-"

/* Content headers, which a copy takes over and a directive replaces. */
static const char *const content_headers[] = {
	"cache-control", "content-disposition", "content-encoding",
	"content-language", "content-type", "expires"
};

static bool sort_for_source(const S3Field *field, S3CopyHeaders *headers);
static bool take_directive(const S3Field *field, S3CopyHeaders *headers, S3Error *err);
static bool check_replaced(const S3CopyHeaders *headers, S3Error *err);
static bool is_replaced_with_metadata(const char *name);

bool
s3_copy_headers_sort(const S3Fields *given, S3CopyHeaders *headers, S3Error *err)
{
	memset(headers, 0, sizeof(*headers));
	for (int i = 0; i < given->count; i++)
	{
		const S3Field *field = &given->items[i];
		const char *name = field->name;

		if (strcmp(name, S3_PARAM_COPY_SOURCE_HEADER) == 0 || sort_for_source(field, headers))
			continue;
		if (strcmp(name, "x-amz-metadata-directive") == 0 ||
			strcmp(name, "x-amz-tagging-directive") == 0)
		{
			if (!take_directive(field, headers, err))
				return false;
			continue;
		}
		/* Of parts, it would be for their sender to compute. */
		if (strcmp(name, "x-amz-checksum-algorithm") == 0)
		{
			headers->wants_checksum = true;
			continue;
		}
		s3_fields_add(&headers->target, name, field->value);
		if (s3_copy_header_is_for_every_request(name) || s3_starts_with(name, SSE_PREFIX))
			s3_fields_add(&headers->part, name, field->value);
		if (!s3_copy_header_is_for_every_request(name))
			headers->changes = true;
	}
	return check_replaced(headers, err);
}

bool
s3_copy_headers_keep(const S3HttpResponse *head, const S3ObjectInfo *source,
					 S3Fields *target, S3Error *err)
{
	char	   *missing = s3_response_header(head, "x-amz-missing-meta");

	if (missing != NULL && strcmp(missing, "0") != 0)
	{
		s3_error_set(err, S3_ERROR_UNSUPPORTED, "the object has metadata that no header can hold");
		return s3_error_hint(err, "Pass MetadataDirective REPLACE, and the metadata that the copy is to have.");
	}
	for (int i = 0; i < lengthof(content_headers); i++)
	{
		char	   *value = s3_response_header(head, content_headers[i]);

		if (value != NULL && strcmp(content_headers[i], "content-encoding") == 0)
			value = s3_content_encoding_stored(value);
		if (value != NULL && *value != '\0')
			s3_fields_add(target, content_headers[i], value);
	}
	for (int i = 0; i < source->metadata.count; i++)
	{
		const S3Field *field = &source->metadata.items[i];
		char	   *name = psprintf(S3_METADATA_PREFIX "%s", field->name);

		for (char *p = name; *p != '\0'; p++)
			*p = pg_ascii_tolower((unsigned char) *p);
		s3_fields_add(target, name, s3_metadata_words_resend(field->value));
	}
	return s3_check_headers(target, err);
}

void
s3_copy_headers_add_common(S3Fields *fields, const S3Fields *given)
{
	for (int i = 0; i < given->count; i++)
	{
		if (s3_copy_header_is_for_every_request(given->items[i].name))
			s3_fields_add(fields, given->items[i].name, given->items[i].value);
	}
}

bool
s3_copy_header_is_for_every_request(const char *name)
{
	return strcmp(name, "x-amz-expected-bucket-owner") == 0 ||
		strcmp(name, "x-amz-request-payer") == 0;
}

/* Returns false for a header that is not, or not only, about the source. */
static bool
sort_for_source(const S3Field *field, S3CopyHeaders *headers)
{
	const char *name = field->name;
	const char *rest = name + strlen(SOURCE_PREFIX);

	if (strcmp(name, "x-amz-request-payer") == 0)
	{
		s3_fields_add(&headers->source, name, field->value);
		return false;
	}
	if (strcmp(name, "x-amz-source-expected-bucket-owner") == 0)
	{
		s3_fields_add(&headers->source, "x-amz-expected-bucket-owner", field->value);
		s3_fields_add(&headers->from_source, name, field->value);
		return true;
	}
	if (!s3_starts_with(name, SOURCE_PREFIX))
		return false;
	if (s3_starts_with(rest, "if-"))
	{
		/* Looking the source up decides; its parts are pinned by its ETag. */
		s3_fields_add(&headers->source, rest, field->value);
		headers->conditional = true;
		return true;
	}
	s3_fields_add(&headers->source, psprintf("x-amz-%s", rest), field->value);
	s3_fields_add(&headers->from_source, name, field->value);
	return true;
}

static bool
take_directive(const S3Field *field, S3CopyHeaders *headers, S3Error *err)
{
	bool		replaces = strcmp(field->value, "REPLACE") == 0;

	if (!replaces && strcmp(field->value, "COPY") != 0)
	{
		s3_error_set(err, S3_ERROR_ARGUMENT, "invalid directive \"%s\"", field->value);
		return s3_error_detail(err, "MetadataDirective and TaggingDirective are COPY or REPLACE.");
	}
	headers->changes |= replaces;
	if (strcmp(field->name, "x-amz-metadata-directive") == 0)
		headers->replaces_metadata = replaces;
	else
		headers->replaces_tags = replaces;
	return true;
}

/* S3 ignores what it is not told to replace. */
static bool
check_replaced(const S3CopyHeaders *headers, S3Error *err)
{
	for (int i = 0; i < headers->target.count; i++)
	{
		const char *name = headers->target.items[i].name;
		const char *directive = NULL;

		if (is_replaced_with_metadata(name) && !headers->replaces_metadata)
			directive = "MetadataDirective";
		else if (strcmp(name, "x-amz-tagging") == 0 && !headers->replaces_tags)
			directive = "TaggingDirective";
		if (directive == NULL)
			continue;
		s3_error_set(err, S3_ERROR_ARGUMENT, "header \"%s\" is for a copy with %s REPLACE",
					 name, directive);
		s3_error_detail(err, "Without it, S3 takes the source's and ignores what is given.");
		return s3_error_hint(err, "What is replaced is replaced as a whole: give all that the copy is to have.");
	}
	return true;
}

static bool
is_replaced_with_metadata(const char *name)
{
	for (int i = 0; i < lengthof(content_headers); i++)
	{
		if (strcmp(name, content_headers[i]) == 0)
			return true;
	}
	return s3_metadata_is_header(name);
}
