/*-------------------------------------------------------------------------
 *
 * request.c
 *	  One HTTP request to an S3 server: its URL, and what may stand in headers.
 *
 * Pure.  No header with a line break or another control character gets past
 * the checks here.
 *
 *-------------------------------------------------------------------------
 */
#include "s3/request.h"

void
s3_request_url(const S3Request *request, StringInfo url)
{
	appendStringInfoString(url, request->tls ? "https://" : "http://");
	appendStringInfoString(url, request->host);
	if (request->path_prefix != NULL)
		appendStringInfoString(url, request->path_prefix);
	appendStringInfoString(url, request->path);
	if (request->query.count > 0)
		appendStringInfo(url, "?%s", s3_fields_encode(&request->query, true));
}

bool
s3_check_header_value(const char *what, const char *value, S3Error *err)
{
	size_t		len = strlen(value);

	for (const unsigned char *p = (const unsigned char *) value; *p != '\0'; p++)
	{
		if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
		{
			s3_error_set(err, S3_ERROR_ARGUMENT, "invalid value of \"%s\"", what);
			return s3_error_detail(err, "The value holds the control character 0x%02x, which no HTTP header may hold.", *p);
		}
	}
	if (len > 0 && (strchr(" \t", value[0]) || strchr(" \t", value[len - 1])))
	{
		s3_error_set(err, S3_ERROR_ARGUMENT, "invalid value of \"%s\"", what);
		return s3_error_detail(err, "The value begins or ends with a blank, which HTTP would drop.");
	}
	return true;
}

bool
s3_check_header_name(const char *name, S3Error *err)
{
	for (const char *p = name; *p != '\0'; p++)
	{
		bool		alnum = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			(*p >= '0' && *p <= '9');

		if (!alnum && strchr("!#$%&'*+-.^_`|~", *p) == NULL)
		{
			s3_error_set(err, S3_ERROR_ARGUMENT, "invalid header name \"%s\"", name);
			return s3_error_detail(err, "Only letters, digits and !#$%%&'*+-.^_`|~ may stand in a header's name.");
		}
	}
	if (name[0] == '\0')
		return s3_error_set(err, S3_ERROR_ARGUMENT, "a header's name must not be empty");
	return true;
}

bool
s3_check_headers(const S3Fields *headers, S3Error *err)
{
	for (int i = 0; i < headers->count; i++)
	{
		const S3Field *field = &headers->items[i];

		if (!s3_check_header_name(field->name, err) ||
			!s3_check_header_value(field->name, field->value, err))
		{
			err->kind = S3_ERROR_PROTOCOL;
			return s3_error_hint(err, "It came from a server, and is not passed on to another request.");
		}
	}
	return true;
}
