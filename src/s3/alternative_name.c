/*-------------------------------------------------------------------------
 *
 * alternative_name.c
 *	  Another name for an object whose name is taken.
 *
 * Pure.  The directory and the extension always stay; names are only cut
 * between characters.
 *
 *-------------------------------------------------------------------------
 */
#include "s3/alternative_name.h"

/* A URL, cut where the suffix comes in. */
typedef struct NameParts
{
	S3Slice		directory;		/* scheme://bucket/ and more, to the last '/' */
	S3Slice		root;
	S3Slice		extension;		/* with its dot, or empty */
} NameParts;

static NameParts split_url(S3Slice url);
static void cut_to(S3Slice *root, size_t rest, const S3NameLimits *limits,
				   size_t rest_characters);
static void cut_character(S3Slice *text);
static size_t count_characters(S3Slice text);

bool
s3_alternative_name_fits(S3Slice url, const S3NameLimits *limits)
{
	return (limits->bytes == 0 || url.len <= limits->bytes) &&
		(limits->characters == 0 || count_characters(url) <= limits->characters);
}

bool
s3_alternative_name_alternative(S3Slice url, const char *suffix, const S3NameLimits *limits,
								StringInfo name, S3Error *err)
{
	NameParts	parts = split_url(url);
	bool		had_root = parts.root.len > 0;
	size_t		start = name->len;
	size_t		rest = parts.directory.len + 1 + strlen(suffix) + parts.extension.len;
	size_t		rest_characters = count_characters(parts.directory) + 1 +
		strlen(suffix) + count_characters(parts.extension);

	cut_to(&parts.root, rest, limits, rest_characters);
	appendBinaryStringInfo(name, parts.directory.data, (int) parts.directory.len);
	appendBinaryStringInfo(name, parts.root.data, (int) parts.root.len);
	appendStringInfo(name, "_%s", suffix);
	appendBinaryStringInfo(name, parts.extension.data, (int) parts.extension.len);
	if (s3_alternative_name_fits(s3_slice(name->data + start, name->len - start), limits) &&
		(parts.root.len > 0 || !had_root))
		return true;

	if (limits->characters > 0 && rest_characters + had_root > limits->characters)
		s3_error_set(err, S3_ERROR_ARGUMENT, "no other name for the object is short enough");
	else
		s3_error_set(err, S3_ERROR_TOO_LARGE, "no other name for the object is short enough");
	return s3_error_detail(err, "Its directory, its extension and %zu characters more leave nothing of its name.",
						   strlen(suffix) + 1);
}

/*
 * The extension is what follows the last dot of the last segment, dots at its
 * start left aside, as Python's os.path.splitext() has it.
 */
static NameParts
split_url(S3Slice url)
{
	NameParts	parts;
	const char *end = url.data + url.len;
	const char *name = end;
	const char *first;
	const char *dot = end;

	while (name > url.data && name[-1] != '/')
		name--;
	for (first = name; first < end && *first == '.';)
		first++;
	for (const char *p = first; p < end; p++)
	{
		if (*p == '.')
			dot = p;
	}
	parts.directory = s3_slice(url.data, name - url.data);
	parts.root = s3_slice(name, dot - name);
	parts.extension = s3_slice(dot, end - dot);
	return parts;
}

/* Cuts characters off "root" until it and the rest are within the limits. */
static void
cut_to(S3Slice *root, size_t rest, const S3NameLimits *limits, size_t rest_characters)
{
	size_t		characters = count_characters(*root);

	while (root->len > 0 &&
		   ((limits->bytes > 0 && root->len + rest > limits->bytes) ||
			(limits->characters > 0 && characters + rest_characters > limits->characters)))
	{
		cut_character(root);
		characters--;
	}
}

static void
cut_character(S3Slice *text)
{
	do
		text->len--;
	while (text->len > 0 && ((uint8) text->data[text->len] & 0xc0) == 0x80);
}

/* As cut_character counts them. */
static size_t
count_characters(S3Slice text)
{
	size_t		count = 0;

	while (text.len > 0)
	{
		cut_character(&text);
		count++;
	}
	return count;
}
