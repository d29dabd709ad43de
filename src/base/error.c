/*-------------------------------------------------------------------------
 *
 * error.c
 *	  What went wrong, as a value.  Pure.
 *
 * Setting an error never throws and needs no memory.  No text that comes
 * through here may hold a secret: what servers say is cleaned, and no URL with
 * a query is passed.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "mb/pg_wchar.h"

#include "base/error.h"

#define MAX_UTF8_LEN	4

static int	utf8_length(const unsigned char *s, size_t len);
static bool is_control(const unsigned char *s);
static void append_formatted(char *dst, size_t size, const char *fmt, va_list args) pg_attribute_printf(3, 0);

bool
s3_error_set(S3Error *err, S3ErrorKind kind, const char *fmt,...)
{
	va_list		args;

	memset(err, 0, sizeof(*err));
	err->kind = kind;
	va_start(args, fmt);
	append_formatted(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	return false;
}

bool
s3_error_detail(S3Error *err, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	append_formatted(err->detail, sizeof(err->detail), fmt, args);
	va_end(args);
	return false;
}

bool
s3_error_hint(S3Error *err, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	append_formatted(err->hint, sizeof(err->hint), fmt, args);
	va_end(args);
	return false;
}

void
s3_error_copy_text(char *dst, size_t dst_size, S3Slice src)
{
	const unsigned char *s = (const unsigned char *) src.data;
	size_t		left = src.len;
	size_t		used = 0;

	while (left > 0)
	{
		int			len = utf8_length(s, left);
		bool		clean = len > 0 && !is_control(s);
		int			out = clean ? len : 1;

		if (used + out >= dst_size)
			break;
		if (clean)
			memcpy(dst + used, s, len);
		else
			dst[used] = '?';
		used += out;
		s += Max(len, 1);
		left -= Max(len, 1);
	}
	dst[used] = '\0';
}

/* Formats to the end of "dst", then cleans what was added, in place. */
static void
append_formatted(char *dst, size_t size, const char *fmt, va_list args)
{
	/* So long that a character cut at its end is cut off below. */
	char		text[S3_ERROR_DETAIL_MAX + MAX_UTF8_LEN];
	size_t		used = strlen(dst);

	vsnprintf(text, sizeof(text), fmt, args);
	s3_error_copy_text(dst + used, size - used, s3_slice_cstring(text));
}

/* Returns the length of the UTF-8 character at "s", 0 when it is not one. */
static int
utf8_length(const unsigned char *s, size_t len)
{
	int			n = pg_encoding_mblen(PG_UTF8, (const char *) s);

	return n <= len && pg_utf8_islegal(s, n) ? n : 0;
}

/* U+0000 to U+001F, and U+007F to U+009F, which terminals act on, too. */
static bool
is_control(const unsigned char *s)
{
	return *s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0);
}
