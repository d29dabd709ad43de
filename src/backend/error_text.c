/*-------------------------------------------------------------------------
 *
 * error_text.c
 *	  Words for people to read, in the database's encoding.
 *
 * Never throws but for lack of memory: it runs while an error is reported.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"

#include "backend/error_text.h"

static char *convert_words(const char *utf8);
static int	convert_start(Oid conversion, const char *utf8, int len, char *dst, int size);
static void mask_words(char *text);

char *
s3_error_text(const char *utf8)
{
	char	   *copy;

	if (GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII &&
		IsTransactionState())
		return convert_words(utf8);
	copy = pstrdup(utf8);
	if (GetDatabaseEncoding() != PG_UTF8)
		mask_words(copy);
	return copy;
}

static char *
convert_words(const char *utf8)
{
	Oid			conversion = FindDefaultConversionProc(PG_UTF8, GetDatabaseEncoding());
	int			left = strlen(utf8);
	int			size = left * MAX_CONVERSION_GROWTH + 1;
	char	   *text = palloc0(size);
	char	   *end = text;

	while (left > 0)
	{
		int			done = convert_start(conversion, utf8, left, end,
										 size - (int) (end - text));
		int			skipped = 0;

		end += strlen(end);
		if (done < left)
		{
			skipped = Min(pg_encoding_mblen(PG_UTF8, utf8 + done), left - done);
			*end++ = '?';
		}
		utf8 += done + skipped;
		left -= done + skipped;
	}
	return text;
}

/*
 * Converts as many bytes from the start as it can, into a C string; returns
 * how many.
 */
static int
convert_start(Oid conversion, const char *utf8, int len, char *dst, int size)
{
	int			ascii = 0;

#if PG_VERSION_NUM >= 140000
	if (OidIsValid(conversion))
		return pg_do_encoding_conversion_buf(conversion, PG_UTF8, GetDatabaseEncoding(),
											 (unsigned char *) unconstify(char *, utf8), len,
											 (unsigned char *) dst, size, true);
#endif
	/* Before 14, a conversion throws at what it cannot convert. */

	while (ascii < len && !IS_HIGHBIT_SET(utf8[ascii]))
		ascii++;
	memcpy(dst, utf8, ascii);
	dst[ascii] = '\0';
	return ascii;
}

static void
mask_words(char *text)
{
	for (char *p = text; *p != '\0'; p++)
	{
		if (IS_HIGHBIT_SET(*p))
			*p = '?';
	}
}
