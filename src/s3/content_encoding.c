/*-------------------------------------------------------------------------
 *
 * content_encoding.c
 *	  The Content-Encoding of an object.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "s3/content_encoding.h"

static bool next_coding(const char **encoding, S3Slice *coding);
static bool is_coding(S3Slice coding, const char *name);

char *
s3_content_encoding_stored(const char *encoding)
{
	StringInfoData stored;
	S3Slice		coding;

	initStringInfo(&stored);
	while (next_coding(&encoding, &coding))
	{
		if (!is_coding(coding, "aws-chunked"))
			appendStringInfo(&stored, "%s%.*s", stored.len > 0 ? "," : "", S3_SLICE_ARGS(coding));
	}
	return stored.data;
}

bool
s3_content_encoding_is_gzip(const char *encoding)
{
	S3Slice		stored;

	if (encoding == NULL)
		return false;
	stored = s3_slice_cstring(s3_content_encoding_stored(encoding));
	/* RFC 9110, section 8.4.1.3 */
	return is_coding(stored, "gzip") || is_coding(stored, "x-gzip");
}

/* One of a list (RFC 9110, section 5.6.1), whose empty elements do not count. */
static bool
next_coding(const char **encoding, S3Slice *coding)
{
	while (**encoding != '\0')
	{
		size_t		len = strcspn(*encoding, ",");

		*coding = s3_slice_trim(s3_slice(*encoding, len));
		*encoding += len + ((*encoding)[len] == ',');
		if (coding->len > 0)
			return true;
	}
	return false;
}

static bool
is_coding(S3Slice coding, const char *name)
{
	return coding.len == strlen(name) && pg_strncasecmp(coding.data, name, coding.len) == 0;
}
