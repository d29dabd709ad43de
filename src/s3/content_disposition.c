/*-------------------------------------------------------------------------
 *
 * content_disposition.c
 *	  Content-Disposition: what a browser does with a file, and its name.
 *
 * attachment; filename="_ber uns.pdf"; filename*=UTF-8''%C3%BCber%20uns.pdf
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/uri.h"
#include "s3/content_disposition.h"
#include "s3/request.h"

#define SUBSTITUTE	'_'

static char *without_controls(S3Slice filename);
static bool is_control(const unsigned char *p);
static bool append_fallback(StringInfo value, const char *filename);

bool
s3_content_disposition(S3Slice filename, const char *disposition, StringInfo value, S3Error *err)
{
	S3Error		ignored;
	char	   *name;

	if (!s3_check_header_name(disposition, &ignored))
	{
		s3_error_set(err, S3_ERROR_ARGUMENT, "invalid disposition \"%s\"", disposition);
		return s3_error_hint(err, "It is \"attachment\" or \"inline\".");
	}
	appendStringInfoString(value, disposition);
	if (filename.len == 0)
		return true;
	name = without_controls(filename);
	if (!append_fallback(value, name))
	{
		appendStringInfoString(value, "; filename*=UTF-8''");
		s3_uri_encode(value, s3_slice_cstring(name));
	}
	return true;
}

static char *
without_controls(S3Slice filename)
{
	char	   *name = s3_slice_dup(filename);
	char	   *end = name;

	for (const char *p = name; *p != '\0'; p++)
	{
		bool		control = is_control((const unsigned char *) p);
		char		c = *p;

		if (control && IS_HIGHBIT_SET(c))
			p++;				/* U+0080 to U+009F are two bytes */
		*end++ = control ? SUBSTITUTE : c;
	}
	*end = '\0';
	return name;
}

static bool
is_control(const unsigned char *p)
{
	return *p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0);
}

/*
 * Returns whether it is the name as it stands.  Quoted pairs and what follows a
 * '%' are read in different ways (RFC 6266, appendix D).
 */
static bool
append_fallback(StringInfo value, const char *filename)
{
	bool		same = true;

	appendStringInfoString(value, "; filename=\"");
	for (const unsigned char *p = (const unsigned char *) filename; *p != '\0'; p++)
	{
		bool		plain = *p < 0x80 && strchr("\"\\%", *p) == NULL;

		same &= plain;
		/* One for each character, not for each byte. */
		if (plain)
			appendStringInfoChar(value, *p);
		else if (*p < 0x80 || *p >= 0xc0)
			appendStringInfoChar(value, SUBSTITUTE);
	}
	appendStringInfoChar(value, '"');
	return same;
}
