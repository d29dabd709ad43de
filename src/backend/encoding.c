/*-------------------------------------------------------------------------
 *
 * encoding.c
 *	  Text between the database's encoding and S3's, which is UTF-8.
 *
 * Nothing that a server sends becomes a text datum without its encoding
 * checked here.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "backend/compat.h"
#include "backend/encoding.h"
#include "base/error.h"

#define CHARSET_NAME_MAX	64
#define SHOWN_MAX			1500	/* bytes: more than the longest URL has */

static int	charset_of(const char *content_type);
#if PG_VERSION_NUM < 140000
static text *try_whole(S3Slice utf8);
#endif
static char *convert_text(const char *utf8, bool *fits);
static int	legal_len(const char *utf8, int left);
static char *append_escapes(char *end, const char *bytes, int len);
static int	convert_start(Oid conversion, const char *utf8, int len, char *dst, int size);
static void mask_text(char *text);

S3Slice
s3_utf8_slice(const char *text, size_t len)
{
	char	   *utf8 = pg_server_to_any(text, (int) len, PG_UTF8);

	return utf8 == text ? s3_slice(text, len) : s3_slice_cstring(utf8);
}

char *
s3_utf8_cstring(const char *text, size_t len)
{
	return s3_slice_dup(s3_utf8_slice(text, len));
}

char *
s3_utf8_argument(FunctionCallInfo fcinfo, int number)
{
	text	   *argument;

	if (PG_ARGISNULL(number))
		return NULL;
	argument = PG_GETARG_TEXT_PP(number);
	return s3_utf8_cstring(VARDATA_ANY(argument), VARSIZE_ANY_EXHDR(argument));
}

char *
s3_server_cstring(const char *utf8)
{
	char	   *text = pg_any_to_server(utf8, (int) strlen(utf8), PG_UTF8);

	return text == utf8 ? pstrdup(utf8) : text;
}

char *
s3_shown_text(const text *text)
{
	return s3_shown_utf8(s3_utf8_slice(VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text)));
}

char *
s3_shown_cstring(const char *text)
{
	return s3_shown_utf8(s3_utf8_slice(text, strlen(text)));
}

char *
s3_shown_utf8(S3Slice utf8)
{
	char		clean[SHOWN_MAX];

	s3_error_copy_text(clean, sizeof(clean), utf8);
	return s3_error_text(clean);
}

text *
s3_text_from_server(const char *utf8)
{
	size_t		size = strlen(utf8) + 1;
	char	   *clean = palloc(size);

	s3_error_copy_text(clean, size, s3_slice_cstring(utf8));
	return cstring_to_text(s3_error_text(clean));
}

text *
s3_text_from_utf8(S3Slice utf8)
{
	char	   *converted = pg_any_to_server(utf8.data, (int) utf8.len, PG_UTF8);

	if (converted == utf8.data)
		return cstring_to_text_with_len(utf8.data, (int) utf8.len);
	return cstring_to_text(converted);
}

text *
s3_text_fitted(S3Slice utf8, bool *fits)
{
	int			encoding = GetDatabaseEncoding();
	text	   *whole = NULL;

	*fits = true;
	if (encoding == PG_SQL_ASCII ||
		(encoding == PG_UTF8 && pg_verify_mbstr(PG_UTF8, utf8.data, (int) utf8.len, true)))
		return cstring_to_text_with_len(utf8.data, (int) utf8.len);
#if PG_VERSION_NUM < 140000
	whole = try_whole(utf8);
#endif
	return whole != NULL ? whole : cstring_to_text(convert_text(s3_slice_dup(utf8), fits));
}

#if PG_VERSION_NUM < 140000
/* A conversion throws at what it cannot convert; nothing of it has to be rolled back. */
static text *
try_whole(S3Slice utf8)
{
	MemoryContext context = CurrentMemoryContext;
	text	   *volatile whole = NULL;

	PG_TRY();
	{
		whole = s3_text_from_utf8(utf8);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return whole;
}
#endif

text *
s3_text_from_content(S3Slice content, const char *content_type)
{
	char	   *converted = pg_any_to_server(content.data, (int) content.len,
											 charset_of(content_type));

	if (converted == content.data)
		return cstring_to_text_with_len(content.data, (int) content.len);
	return cstring_to_text(converted);
}

/* The charset parameter of a media type (RFC 9110, section 8.3.2). */
static int
charset_of(const char *content_type)
{
	char		name[CHARSET_NAME_MAX];
	const char *p = content_type;
	int			encoding;

	while (p != NULL && (p = strchr(p, ';')) != NULL)
	{
		p += 1 + strspn(p + 1, " \t");
		if (pg_strncasecmp(p, "charset=", 8) != 0)
			continue;
		p += 8 + (p[8] == '"');
		strlcpy(name, p, Min(sizeof(name), strcspn(p, "\"; \t") + 1));
		encoding = pg_char_to_encoding(name);
		if (encoding >= 0)
			return encoding;
	}
	return PG_UTF8;
}

char *
s3_error_text(const char *utf8)
{
	char	   *copy;

	if (GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII &&
		IsTransactionState())
		return convert_text(utf8, NULL);
	copy = pstrdup(utf8);
	if (GetDatabaseEncoding() != PG_UTF8)
		mask_text(copy);
	return copy;
}

/* What does not fit becomes '?'; or is escaped, and *fits false, where that is asked. */
static char *
convert_text(const char *utf8, bool *fits)
{
	Oid			conversion = FindDefaultConversionProc(PG_UTF8, GetDatabaseEncoding());
	int			left = strlen(utf8);
	int			size = left * MAX_CONVERSION_GROWTH + 1;
	char	   *text = palloc0(size);
	char	   *end = text;

	for (;;)
	{
		int			done = convert_start(conversion, utf8, left, end,
										 size - (int) (end - text));
		int			skipped;

		end += strlen(end);
		if (done == left)
			return text;
		skipped = Max(legal_len(utf8 + done, left - done), 1);
		if (fits != NULL)
		{
			*fits = false;
			end = append_escapes(end, utf8 + done, skipped);
		}
		else
			*end++ = '?';
		utf8 += done + skipped;
		left -= done + skipped;
	}
}

/* 0: no character of UTF-8. */
static int
legal_len(const char *utf8, int left)
{
	int			len = pg_encoding_mblen(PG_UTF8, utf8);

	return len <= left && pg_utf8_islegal((const unsigned char *) utf8, len) ? len : 0;
}

/* An escape is four bytes, which is just MAX_CONVERSION_GROWTH. */
static char *
append_escapes(char *end, const char *bytes, int len)
{
	for (int i = 0; i < len; i++)
		end += snprintf(end, MAX_CONVERSION_GROWTH + 1, "\\x%02X", (unsigned char) bytes[i]);
	return end;
}

/*
 * Converts as many bytes from the start as it can, into a C string; returns
 * how many.
 */
static int
convert_start(Oid conversion, const char *utf8, int len, char *dst, int size)
{
	int			kept = 0;

#if PG_VERSION_NUM >= 140000
	if (OidIsValid(conversion))
		return pg_do_encoding_conversion_buf(conversion, PG_UTF8, GetDatabaseEncoding(),
											 (unsigned char *) unconstify(char *, utf8), len,
											 (unsigned char *) dst, size, true);
#endif
	/* Before 14, a conversion throws at what it cannot convert. */

	while (kept < len && (!IS_HIGHBIT_SET(utf8[kept]) || GetDatabaseEncoding() == PG_UTF8) &&
		   legal_len(utf8 + kept, len - kept) > 0)
		kept += legal_len(utf8 + kept, len - kept);
	memcpy(dst, utf8, kept);
	dst[kept] = '\0';
	return kept;
}

static void
mask_text(char *text)
{
	for (char *p = text; *p != '\0'; p++)
	{
		if (IS_HIGHBIT_SET(*p))
			*p = '?';
	}
}
