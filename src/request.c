/*-------------------------------------------------------------------------
 *
 * request.c
 *	  Headers and query parameters of a request.
 *
 * Pure.  No header with a line break or another control character gets past
 * the checks here.
 *
 *-------------------------------------------------------------------------
 */
#include "request.h"

#define FIELDS_FIRST_CAPACITY	16

void
s3_fields_add(S3Fields *fields, const char *name, const char *value)
{
	if (fields->count == fields->capacity)
	{
		int			capacity = Max(fields->capacity * 2, FIELDS_FIRST_CAPACITY);

		/* repalloc does not take NULL */
		if (fields->items == NULL)
			fields->items = palloc(capacity * sizeof(S3Field));
		else
			fields->items = repalloc(fields->items, capacity * sizeof(S3Field));
		fields->capacity = capacity;
	}
	fields->items[fields->count].name = name;
	fields->items[fields->count].value = value;
	fields->count++;
}

void
s3_fields_set(S3Fields *fields, const char *name, const char *value)
{
	for (int i = 0; i < fields->count; i++)
	{
		if (strcmp(fields->items[i].name, name) == 0)
		{
			fields->items[i].value = value;
			return;
		}
	}
	s3_fields_add(fields, name, value);
}

const char *
s3_fields_find(const S3Fields *fields, const char *name)
{
	for (int i = 0; i < fields->count; i++)
	{
		if (strcmp(fields->items[i].name, name) == 0)
			return fields->items[i].value;
	}
	return NULL;
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
