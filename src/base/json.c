/*-------------------------------------------------------------------------
 *
 * json.c
 *	  Reads JSON objects, one member at a time.  Pure.
 *
 * Guarantees: never throws, never recurses, allocates nothing and shows none
 * of the text in its errors.  PostgreSQL's own parser (common/jsonapi.h) does
 * otherwise.  It throws at deep nesting, and where the encoding is SQL_ASCII,
 * as in the postmaster, at escapes such as \u00fc: there, a check hook that
 * throws ends the server.  It decodes escapes into the database's encoding,
 * though the text is in UTF-8; and it copies what it reads, which may be a
 * secret.
 *
 * Specification: RFC 8259.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/json.h"

#define HIGH_SURROGATE_MIN	0xd800
#define LOW_SURROGATE_MIN	0xdc00
#define LOW_SURROGATE_MAX	0xdfff
#define UTF8_MAX_LEN		4

static bool read_value(S3JsonReader *reader, S3JsonMember *member, S3Error *err);
static bool skip_string(S3JsonReader *reader, S3Error *err);
static bool read_item(S3JsonReader *reader, S3Slice *item, S3Error *err);
static bool read_word(S3JsonReader *reader, const char *word, S3Error *err);
static bool read_number(S3JsonReader *reader, S3Slice *value, S3Error *err);
static bool read_string(S3JsonReader *reader, S3Slice *value, S3Error *err);
static bool read_escape(S3JsonReader *reader, char *decoded, size_t *len, S3Error *err);
static bool read_code_point(S3JsonReader *reader, uint32 *code_point, S3Error *err);
static bool read_hex4(S3JsonReader *reader, uint32 *value, S3Error *err);
static size_t encode_utf8(uint32 code_point, char *dst);
static size_t skip_digits(S3JsonReader *reader);
static void skip_space(S3JsonReader *reader);
static int	peek(const S3JsonReader *reader);
static bool take(S3JsonReader *reader, char c);
static bool require(S3JsonReader *reader, char c, S3Error *err);
static bool fail(const S3JsonReader *reader, const char *expected, S3Error *err);

void
s3_json_start(S3JsonReader *reader, char *text, size_t len)
{
	memset(reader, 0, sizeof(*reader));
	reader->text = text;
	reader->len = len;
	reader->line = 1;
}

bool
s3_json_begin_object(S3JsonReader *reader, S3Error *err)
{
	skip_space(reader);
	reader->first = true;
	return require(reader, '{', err);
}

bool
s3_json_next_member(S3JsonReader *reader, S3JsonMember *member, S3Error *err)
{
	bool		first = reader->first;

	memset(member, 0, sizeof(*member));
	reader->first = false;

	skip_space(reader);
	if (take(reader, '}'))
		return true;
	if (!first && !take(reader, ','))
		return fail(reader, "\",\" or \"}\"", err);

	skip_space(reader);
	if (!read_string(reader, &member->name, err))
		return false;
	skip_space(reader);
	if (!require(reader, ':', err))
		return false;
	skip_space(reader);
	return read_value(reader, member, err);
}

bool
s3_json_take_object(S3JsonReader *reader, S3JsonMember *member, S3Error *err)
{
	char	   *start = reader->text + member->value_start;
	size_t		depth = 0;

	do
	{
		int			c;

		skip_space(reader);
		c = peek(reader);
		if (c == '"')
		{
			if (!skip_string(reader, err))
				return false;
			continue;
		}
		if (c <= 0)
			return fail(reader, "\"}\"", err);
		if (c == '{')
			depth++;
		else if (c == '}')
			depth--;
		reader->at++;
	} while (depth > 0);

	/* The byte before it has been read, and makes room for the NUL. */
	member->value_end = reader->at;
	member->value = s3_slice(start - 1, member->value_end - member->value_start);
	memmove(start - 1, start, member->value.len);
	start[member->value.len - 1] = '\0';
	return true;
}

bool
s3_json_take_list(S3JsonReader *reader, S3JsonMember *member, S3Error *err)
{
	char	   *start = reader->text + member->value_start;
	char	   *dst = start;
	S3Slice		item;

	if (!require(reader, '[', err))
		return false;
	for (;;)
	{
		if (!read_item(reader, &item, err))
			return false;
		/* Each item loses two quotes, so "dst" stays behind what is read. */
		if (dst > start)
			*dst++ = ',';
		memmove(dst, item.data, item.len);
		dst += item.len;
		if (take(reader, ']'))
			break;
		if (!take(reader, ','))
			return fail(reader, "\",\" or \"]\"", err);
	}
	*dst = '\0';
	member->value_end = reader->at;
	member->value = s3_slice(start, dst - start);
	return true;
}

bool
s3_json_end(S3JsonReader *reader, S3Error *err)
{
	skip_space(reader);
	return reader->at == reader->len || fail(reader, "the end", err);
}

/* Reads a scalar; stops before the bracket of anything else. */
static bool
read_value(S3JsonReader *reader, S3JsonMember *member, S3Error *err)
{
	bool		ok;

	member->value_start = reader->at;
	switch (peek(reader))
	{
		case '"':
			member->kind = S3_JSON_STRING;
			ok = read_string(reader, &member->value, err);
			break;
		case '{':
			member->kind = S3_JSON_OBJECT;
			ok = true;
			break;
		case '[':
			member->kind = S3_JSON_ARRAY;
			ok = true;
			break;
		case 't':
			member->kind = S3_JSON_TRUE;
			ok = read_word(reader, "true", err);
			break;
		case 'f':
			member->kind = S3_JSON_FALSE;
			ok = read_word(reader, "false", err);
			break;
		case 'n':
			member->kind = S3_JSON_NULL;
			ok = read_word(reader, "null", err);
			break;
		default:
			member->kind = S3_JSON_NUMBER;
			ok = read_number(reader, &member->value, err);
			break;
	}
	member->value_end = reader->at;
	return ok;
}

/* Passes over a string as it stands. */
static bool
skip_string(S3JsonReader *reader, S3Error *err)
{
	reader->at++;
	while (peek(reader) >= 0x20)
	{
		if (take(reader, '"'))
			return true;
		if (take(reader, '\\') && peek(reader) < 0x20)
			break;
		reader->at++;
	}
	return fail(reader, "the end of a string", err);
}

/* Reads a string of a list, and the space around it. */
static bool
read_item(S3JsonReader *reader, S3Slice *item, S3Error *err)
{
	skip_space(reader);
	if (!read_string(reader, item, err))
		return false;
	if (item->len == 0 || memchr(item->data, ',', item->len) != NULL)
		return fail(reader, "a string that is not empty and has no comma", err);
	skip_space(reader);
	return true;
}

static bool
read_word(S3JsonReader *reader, const char *word, S3Error *err)
{
	size_t		len = strlen(word);

	if (reader->len - reader->at < len ||
		memcmp(reader->text + reader->at, word, len) != 0)
		return fail(reader, "a value", err);
	reader->at += len;
	return true;
}

/* RFC 8259, number = [ minus ] int [ frac ] [ exp ] */
static bool
read_number(S3JsonReader *reader, S3Slice *value, S3Error *err)
{
	size_t		start = reader->at;
	size_t		digits;

	if (!(peek(reader) == '-' || (peek(reader) >= '0' && peek(reader) <= '9')))
		return fail(reader, "a value", err);

	take(reader, '-');
	digits = take(reader, '0') ? 1 : skip_digits(reader);
	if (digits > 0 && take(reader, '.'))
		digits = skip_digits(reader);
	if (digits > 0 && (take(reader, 'e') || take(reader, 'E')))
	{
		if (!take(reader, '+'))
			take(reader, '-');
		digits = skip_digits(reader);
	}
	if (digits == 0)
		return fail(reader, "a digit", err);

	*value = s3_slice(reader->text + start, reader->at - start);
	return true;
}

/* Decodes a string in place: the decoded form is never longer. */
static bool
read_string(S3JsonReader *reader, S3Slice *value, S3Error *err)
{
	char	   *start;
	char	   *dst;

	if (peek(reader) != '"')
		return fail(reader, "a string", err);
	reader->at++;

	start = dst = reader->text + reader->at;
	for (;;)
	{
		int			c = peek(reader);

		if (c < 0x20)			/* the end of the text, too */
			return fail(reader, "the end of a string", err);
		if (c == '\\')
		{
			char		decoded[UTF8_MAX_LEN];
			size_t		len;

			if (!read_escape(reader, decoded, &len, err))
				return false;
			memcpy(dst, decoded, len);
			dst += len;
			continue;
		}
		reader->at++;
		if (c == '"')
			break;
		*dst++ = (char) c;
	}

	*dst = '\0';				/* at the latest over the closing quote */
	*value = s3_slice(start, dst - start);
	return true;
}

static bool
read_escape(S3JsonReader *reader, char *decoded, size_t *len, S3Error *err)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter;
	uint32		code_point;

	reader->at++;				/* the backslash */
	if (take(reader, 'u'))
	{
		if (!read_code_point(reader, &code_point, err))
			return false;
		*len = encode_utf8(code_point, decoded);
		return true;
	}

	if (peek(reader) <= 0 || (letter = strchr(letters, peek(reader))) == NULL)
		return fail(reader, "an escape sequence", err);
	reader->at++;
	decoded[0] = meanings[letter - letters];
	*len = 1;
	return true;
}

/* Reads what follows "\u"; a surrogate must have its other half. */
static bool
read_code_point(S3JsonReader *reader, uint32 *code_point, S3Error *err)
{
	uint32		high;
	uint32		low;

	if (!read_hex4(reader, &high, err))
		return false;
	if (high == 0)
		return fail(reader, "a character other than \\u0000", err);

	*code_point = high;
	if (high < HIGH_SURROGATE_MIN || high > LOW_SURROGATE_MAX)
		return true;

	if (high >= LOW_SURROGATE_MIN ||
		!take(reader, '\\') || !take(reader, 'u') ||
		!read_hex4(reader, &low, err) ||
		low < LOW_SURROGATE_MIN || low > LOW_SURROGATE_MAX)
		return fail(reader, "both halves of a surrogate pair", err);

	*code_point = 0x10000 + ((high - HIGH_SURROGATE_MIN) << 10) +
		(low - LOW_SURROGATE_MIN);
	return true;
}

static bool
read_hex4(S3JsonReader *reader, uint32 *value, S3Error *err)
{
	*value = 0;
	for (int i = 0; i < 4; i++)
	{
		int			c = peek(reader);

		if (c >= '0' && c <= '9')
			c -= '0';
		else if (c >= 'a' && c <= 'f')
			c -= 'a' - 10;
		else if (c >= 'A' && c <= 'F')
			c -= 'A' - 10;
		else
			return fail(reader, "four hexadecimal digits", err);
		*value = *value << 4 | (uint32) c;
		reader->at++;
	}
	return true;
}

static size_t
encode_utf8(uint32 c, char *dst)
{
	if (c < 0x80)
	{
		dst[0] = (char) c;
		return 1;
	}
	if (c < 0x800)
	{
		dst[0] = (char) (0xc0 | c >> 6);
		dst[1] = (char) (0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000)
	{
		dst[0] = (char) (0xe0 | c >> 12);
		dst[1] = (char) (0x80 | (c >> 6 & 0x3f));
		dst[2] = (char) (0x80 | (c & 0x3f));
		return 3;
	}
	dst[0] = (char) (0xf0 | c >> 18);
	dst[1] = (char) (0x80 | (c >> 12 & 0x3f));
	dst[2] = (char) (0x80 | (c >> 6 & 0x3f));
	dst[3] = (char) (0x80 | (c & 0x3f));
	return 4;
}

static size_t
skip_digits(S3JsonReader *reader)
{
	size_t		start = reader->at;

	while (peek(reader) >= '0' && peek(reader) <= '9')
		reader->at++;
	return reader->at - start;
}

static void
skip_space(S3JsonReader *reader)
{
	int			c;

	while ((c = peek(reader)) == ' ' || c == '\t' || c == '\n' || c == '\r')
	{
		reader->at++;
		if (c == '\n')
		{
			reader->line++;
			reader->line_start = reader->at;
		}
	}
}

/* The byte at hand, or -1 at the end of the text. */
static int
peek(const S3JsonReader *reader)
{
	return reader->at < reader->len ? (unsigned char) reader->text[reader->at] : -1;
}

static bool
take(S3JsonReader *reader, char c)
{
	if (peek(reader) != (unsigned char) c)
		return false;
	reader->at++;
	return true;
}

static bool
require(S3JsonReader *reader, char c, S3Error *err)
{
	char		expected[] = {'"', c, '"', '\0'};

	return take(reader, c) || fail(reader, expected, err);
}

/* Says where, never what stands there.  Always false. */
static bool
fail(const S3JsonReader *reader, const char *expected, S3Error *err)
{
	s3_error_set(err, S3_ERROR_ARGUMENT,
				 "malformed JSON: expected %s at line %d, byte %zu",
				 expected, reader->line, reader->at - reader->line_start + 1);
	return false;
}
