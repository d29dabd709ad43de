/*-------------------------------------------------------------------------
 *
 * fields.c
 *	  Names with values: headers, query parameters, form fields.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "base/fields.h"
#include "base/uri.h"

#define FIELDS_FIRST_CAPACITY	16

static size_t encoded_room(const S3Fields *query);
static char *write_encoded(char *out, const char *text);
static char *write_text(char *out, const char *text);
static int	compare_fields(const void *a, const void *b);

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

void
s3_fields_remove(S3Fields *fields, const char *name)
{
	for (int i = 0; i < fields->count; i++)
	{
		if (strcmp(fields->items[i].name, name) != 0)
			continue;
		fields->count--;
		memmove(&fields->items[i], &fields->items[i + 1],
				(fields->count - i) * sizeof(S3Field));
		return;
	}
}

void
s3_fields_add_all(S3Fields *fields, const S3Fields *more)
{
	for (int i = 0; more != NULL && i < more->count; i++)
		s3_fields_add(fields, more->items[i].name, more->items[i].value);
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

char *
s3_fields_encode(const S3Fields *query, bool bare)
{
	S3Fields	encoded = {0};
	size_t		room = encoded_room(query);
	char	   *pieces = palloc(room);
	char	   *text = palloc(room);
	char	   *out = text;

	for (int i = 0; i < query->count; i++)
	{
		const S3Field *field = &query->items[i];
		const char *name = pieces;
		const char *value = NULL;

		pieces = write_encoded(pieces, field->name);
		if (field->value != NULL)
		{
			value = pieces;
			pieces = write_encoded(pieces, field->value);
		}
		s3_fields_add(&encoded, name, value);
	}
	s3_fields_sort(&encoded);
	for (int i = 0; i < encoded.count; i++)
	{
		if (i > 0)
			*out++ = '&';
		out = write_text(out, encoded.items[i].name);
		if (encoded.items[i].value != NULL || !bare)
			*out++ = '=';
		if (encoded.items[i].value != NULL)
			out = write_text(out, encoded.items[i].value);
	}
	*out = '\0';
	return text;
}

/* Bytes for the query, or for its pieces with a NUL behind each of them. */
static size_t
encoded_room(const S3Fields *query)
{
	size_t		room = 1;

	for (int i = 0; i < query->count; i++)
	{
		const S3Field *field = &query->items[i];

		room += S3_URI_GROWTH * strlen(field->name) + 2;
		if (field->value != NULL)
			room += S3_URI_GROWTH * strlen(field->value);
	}
	return room;
}

/* Returns what is behind the NUL. */
static char *
write_encoded(char *out, const char *text)
{
	out = s3_uri_write(out, s3_slice_cstring(text));
	*out = '\0';
	return out + 1;
}

/* Returns the end of the text, which has no NUL. */
static char *
write_text(char *out, const char *text)
{
	size_t		len = strlen(text);

	memcpy(out, text, len);
	return out + len;
}

void
s3_fields_sort(S3Fields *fields)
{
	if (fields->count > 1)
		qsort(fields->items, fields->count, sizeof(S3Field), compare_fields);
}

static int
compare_fields(const void *a, const void *b)
{
	const S3Field *left = a;
	const S3Field *right = b;
	int			order = strcmp(left->name, right->name);

	if (order != 0)
		return order;
	return strcmp(left->value == NULL ? "" : left->value,
				  right->value == NULL ? "" : right->value);
}
