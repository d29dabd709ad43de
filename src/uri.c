/*-------------------------------------------------------------------------
 *
 * uri.c
 *	  Percent-encoding as Signature Version 4 wants it (UriEncode), and the
 *	  decoding of what S3's lists have encoded.
 *
 * Pure.  Encodes bytes, not characters, and never reads what stands already
 * encoded: '%' becomes "%25".
 *
 *-------------------------------------------------------------------------
 */
#include "uri.h"

static void encode(StringInfo dst, S3Slice src, bool keep_slash);
static bool is_unreserved(uint8 byte);
static int	hex_digit(char c);

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

bool
s3_uri_decode_form(char *text, size_t *len)
{
	const char *end = text + *len;
	char	   *out = text;

	for (const char *in = text; in < end; in++)
	{
		int			high;
		int			low;

		if (*in != '%')
		{
			*out++ = *in == '+' ? ' ' : *in;
			continue;
		}
		high = end - in > 2 ? hex_digit(in[1]) : -1;
		low = end - in > 2 ? hex_digit(in[2]) : -1;
		if (high < 0 || low < 0 || high + low == 0)
			return false;
		*out++ = (char) (high << 4 | low);
		in += 2;
	}
	*len = out - text;
	return true;
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

/* Returns the digit's value, or -1. */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
