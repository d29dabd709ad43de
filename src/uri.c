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

/* 1: stays as it is (RFC 3986, unreserved); 2: '/', stays in paths. */
static const uint8 uri_class[256] = {
	['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1,
	['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1,
	['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1,
	['V'] = 1, ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1,
	['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1,
	['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1,
	['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1,
	['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1,
	['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1,
	['7'] = 1, ['8'] = 1, ['9'] = 1,
	['-'] = 1, ['.'] = 1, ['_'] = 1, ['~'] = 1, ['/'] = 2
};

static void encode(StringInfo dst, S3Slice src, int classes);

void
s3_uri_encode(StringInfo dst, S3Slice src)
{
	encode(dst, src, 1);
}

void
s3_uri_encode_path(StringInfo dst, S3Slice src)
{
	encode(dst, src, 1 | 2);
}

static void
encode(StringInfo dst, S3Slice src, int classes)
{
	static const char digits[] = "0123456789ABCDEF";
	char	   *out;

	enlargeStringInfo(dst, src.len * 3);
	out = dst->data + dst->len;
	for (size_t i = 0; i < src.len; i++)
	{
		uint8		byte = (uint8) src.data[i];

		if (uri_class[byte] & classes)
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
