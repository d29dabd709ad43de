/*-------------------------------------------------------------------------
 *
 * tags.c
 *	  The tags of an object.
 *
 * Pure.  All memory is there before the document is read, since nothing may
 * throw while it is.
 *
 *-------------------------------------------------------------------------
 */
#include "s3/tags.h"

#include "base/uri.h"
#include "s3/response.h"

/*
 * What a byte of the document can become: two of UTF-8, each "%XX".  Every
 * encoded piece is given room for, whatever is in it.
 */
#define HEADER_PER_BYTE	6

typedef struct Tag
{
	S3Slice		key;
	S3Slice		value;
} Tag;

typedef struct TagReader
{
	StringInfo	header;
	size_t		start;			/* of the tag under way */
	bool		has_key;
} TagReader;

static bool contains_all(const char *whole, const char *part);
static bool next_tag(const char **header, Tag *tag);
static S3Slice decode(S3Slice text);
static void read_element(void *arg, int depth, const char *name, S3Slice text);

bool
s3_tags_read(const S3HttpResponse *response, StringInfo header, S3Error *err)
{
	TagReader	reader = {header, header->len, false};

	/* Ceph says so that an object uploaded in parts has no tags. */
	if (response->body_len == 0)
		return true;
	enlargeStringInfo(header, (int) (response->body_len + 1) * HEADER_PER_BYTE);
	return s3_response_document(response, "Tagging", read_element, &reader, err);
}

void
s3_tags_write(StringInfo document, const char *header)
{
	Tag			tag;

	appendStringInfoString(document,
						   "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>");
	while (next_tag(&header, &tag))
	{
		appendStringInfoString(document, "<Tag><Key>");
		s3_xml_escape(document, tag.key);
		appendStringInfoString(document, "</Key><Value>");
		s3_xml_escape(document, tag.value);
		appendStringInfoString(document, "</Value></Tag>");
	}
	appendStringInfoString(document, "</TagSet></Tagging>");
}

bool
s3_tags_equal(const char *a, const char *b)
{
	return contains_all(a, b) && contains_all(b, a);
}

/* Are the tags of "part" among those of "whole"?  Each key occurs once. */
static bool
contains_all(const char *whole, const char *part)
{
	Tag			wanted;

	while (next_tag(&part, &wanted))
	{
		const char *rest = whole;
		Tag			tag;
		bool		found = false;

		while (!found && next_tag(&rest, &tag))
			found = s3_slice_equal(tag.key, wanted.key) && s3_slice_equal(tag.value, wanted.value);
		if (!found)
			return false;
	}
	return true;
}

/* Takes a tag, decoded, off the header; false at its end. */
static bool
next_tag(const char **header, Tag *tag)
{
	const char *text = *header;
	size_t		len = strcspn(text, "&");
	size_t		key_len = Min(strcspn(text, "="), len);
	size_t		value = Min(key_len + 1, len);

	if (*text == '\0')
		return false;
	tag->key = decode(s3_slice(text, key_len));
	tag->value = decode(s3_slice(text + value, len - value));
	*header = text + len + (text[len] == '&');
	return true;
}

/* What is encoded wrongly is taken as it is; the server has refused it before. */
static S3Slice
decode(S3Slice text)
{
	char	   *decoded = s3_slice_dup(text);
	size_t		len = text.len;

	return s3_uri_decode_form(decoded, &len) ? s3_slice(decoded, len) : text;
}

/* <Tagging><TagSet><Tag><Key/><Value/></Tag>...; S3 sends the key first. */
static void
read_element(void *arg, int depth, const char *name, S3Slice text)
{
	TagReader  *reader = arg;

	if (depth != 3)
		return;
	if (strcmp(name, "Key") == 0)
	{
		if (reader->header->len > reader->start)
			appendStringInfoChar(reader->header, '&');
		s3_uri_encode(reader->header, text);
		reader->has_key = true;
	}
	else if (strcmp(name, "Value") == 0 && reader->has_key)
	{
		appendStringInfoChar(reader->header, '=');
		s3_uri_encode(reader->header, text);
		reader->has_key = false;
	}
}
