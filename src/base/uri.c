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
#include "base/uri.h"

/* What is left as it is; the other bytes are encoded. */
enum
{
	KEPT = 1 << 0,				/* RFC 3986, section 2.3: unreserved */
	KEPT_IN_PATH = 1 << 1
};

#define BOTH	(KEPT | KEPT_IN_PATH)
#define BOTH_10	BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH
#define BOTH_26	BOTH_10, BOTH_10, BOTH, BOTH, BOTH, BOTH, BOTH, BOTH

static const uint8 byte_class[256] = {
	['-'] = BOTH,['.'] = BOTH,['/'] = KEPT_IN_PATH,
	['0'] = BOTH_10,
	['A'] = BOTH_26,
	['_'] = BOTH,
	['a'] = BOTH_26,
	['~'] = BOTH
};

static char *encode(char *out, S3Slice src, uint8 kept, uint8 *seen);
static void append_encoded(StringInfo dst, S3Slice src, uint8 kept);
static int	hex_digit(char c);

void
s3_uri_encode(StringInfo dst, S3Slice src)
{
	append_encoded(dst, src, KEPT);
}

void
s3_uri_encode_path(StringInfo dst, S3Slice src)
{
	append_encoded(dst, src, KEPT_IN_PATH);
}

char *
s3_uri_write(char *out, S3Slice src)
{
	uint8		seen = 0;

	return encode(out, src, KEPT, &seen);
}

char *
s3_uri_write_path(char *out, S3Slice src, bool *ascii)
{
	uint8		seen = 0;

	out = encode(out, src, KEPT_IN_PATH, &seen);
	*ascii = !IS_HIGHBIT_SET(seen);
	return out;
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

/* Adds to "seen" the bits of all bytes. */
static char *
encode(char *out, S3Slice src, uint8 kept, uint8 *seen)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < src.len; i++)
	{
		uint8		byte = (uint8) src.data[i];

		*seen |= byte;
		if ((byte_class[byte] & kept) != 0)
			*out++ = byte;
		else
		{
			*out++ = '%';
			*out++ = digits[byte >> 4];
			*out++ = digits[byte & 15];
		}
	}
	return out;
}

static void
append_encoded(StringInfo dst, S3Slice src, uint8 kept)
{
	uint8		seen = 0;
	char	   *end;

	enlargeStringInfo(dst, (int) (src.len * S3_URI_GROWTH));
	end = encode(dst->data + dst->len, src, kept, &seen);
	*end = '\0';
	dst->len = (int) (end - dst->data);
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
