/*-------------------------------------------------------------------------
 *
 * uri.c
 *	  Percent-encoding as Signature Version 4 wants it (UriEncode).
 *
 * Pure.  Encodes bytes, not characters, and never reads what stands already
 * encoded: '%' becomes "%25".
 *
 *-------------------------------------------------------------------------
 */
#include "uri.h"

static void encode(StringInfo dst, S3Slice src, bool keep_slash);
static bool is_unreserved(uint8 byte);

void
s3_uri_encode(StringInfo dst, S3Slice src)
{
	encode(dst, src, false);
}

void
s3_uri_encode_path(StringInfo dst, S3Slice src)
{
	encode(dst, src, true);
}

static void
encode(StringInfo dst, S3Slice src, bool keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";
	char	   *out;

	enlargeStringInfo(dst, src.len * 3);
	out = dst->data + dst->len;
	for (size_t i = 0; i < src.len; i++)
	{
		uint8		byte = (uint8) src.data[i];

		if (is_unreserved(byte) || (keep_slash && byte == '/'))
			*out++ = byte;
		else
		{
			*out++ = '%';
			*out++ = digits[byte >> 4];
			*out++ = digits[byte & 15];
		}
	}
	*out = '\0';
	dst->len = out - dst->data;
}

/* RFC 3986, section 2.3 */
static bool
is_unreserved(uint8 byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
		(byte >= '0' && byte <= '9') ||
		byte == '-' || byte == '.' || byte == '_' || byte == '~';
}
