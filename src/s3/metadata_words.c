/*-------------------------------------------------------------------------
 *
 * metadata_words.c
 *	  User metadata that are not ASCII, as encoded words (RFC 2047).
 *
 *	=?UTF-8?B?w7xiZXI=?= =?UTF-8?Q?=C3=BCber?=
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <ctype.h>

#include "common/base64.h"
#include "mb/pg_wchar.h"

#include "base/digest.h"
#include "s3/metadata_words.h"

#define WORD_START		"=?UTF-8?B?"
#define WORD_END		"?="
#define WORD_BYTES		45		/* of content: 60 characters, of the 75 that a
								 * word may have */
#define MAX_UTF8_LEN	4

/* One encoded word. */
typedef struct Word
{
	S3Slice		charset;
	char		encoding;
	S3Slice		text;
	const char *end;			/* what follows it */
} Word;

static bool is_ascii(const char *value);
static bool is_utf8(S3Slice text);
static size_t whole_characters(const char *text, size_t max);
static bool decode_words(const char *value, StringInfo dst);
static bool find_word(const char *p, Word *word);
static S3Slice upto(const char *p, char end);
static bool append_word(const Word *word, StringInfo dst);
static bool append_base64(S3Slice text, StringInfo dst);
static bool append_quoted(S3Slice text, StringInfo dst);
static bool append_in_utf8(S3Slice charset, S3Slice bytes, StringInfo dst);
static bool is_charset(S3Slice charset, const char *name);

const char *
s3_metadata_words_encode(const char *value)
{
	StringInfoData words;
	const char *p = value;

	if ((is_ascii(value) && strstr(value, "=?") == NULL) || !is_utf8(s3_slice_cstring(value)))
		return value;
	initStringInfo(&words);
	while (*p != '\0')
	{
		size_t		len = whole_characters(p, WORD_BYTES);

		appendStringInfo(&words, "%s" WORD_START "%s" WORD_END, words.len > 0 ? " " : "",
						 s3_base64((const uint8 *) p, len));
		p += len;
	}
	return words.data;
}

const char *
s3_metadata_words_decode(const char *value)
{
	StringInfoData text;

	if (strstr(value, "=?") == NULL)
		return value;
	initStringInfo(&text);
	if (!decode_words(value, &text) || strlen(text.data) != text.len ||
		!is_utf8(s3_slice(text.data, text.len)))
		return value;
	return text.data;
}

const char *
s3_metadata_words_resend(const char *value)
{
	return is_ascii(value) ? value : s3_metadata_words_encode(s3_metadata_words_decode(value));
}

static bool
is_ascii(const char *value)
{
	while (*value != '\0' && !IS_HIGHBIT_SET(*value))
		value++;
	return *value == '\0';
}

static bool
is_utf8(S3Slice text)
{
	size_t		done = 0;

	while (done < text.len)
	{
		const char *p = text.data + done;
		size_t		len = pg_encoding_mblen(PG_UTF8, p);

		if (len > text.len - done || !pg_utf8_islegal((const unsigned char *) p, (int) len))
			return false;
		done += len;
	}
	return true;
}

/* Words are read one by one: no character may stand in two of them. */
static size_t
whole_characters(const char *text, size_t max)
{
	size_t		len = 0;

	while (text[len] != '\0')
	{
		size_t		next = len + pg_encoding_mblen(PG_UTF8, text + len);

		if (next > max)
			break;
		len = next;
	}
	return len;
}

/*
 * Words stand between blanks, or at an end; blanks between two words are not
 * part of the text (section 6.2).
 */
static bool
decode_words(const char *value, StringInfo dst)
{
	const char *p = value;
	size_t		blanks = 0;		/* behind the word before */
	bool		after_word = false;

	while (*p != '\0')
	{
		bool		may_start = p == value || strchr(" \t\r\n", p[-1]) != NULL;
		Word		word;

		if (may_start && find_word(p, &word))
		{
			if (after_word)
				dst->data[dst->len -= blanks] = '\0';
			if (!append_word(&word, dst))
				return false;
			p = word.end;
			after_word = true;
			blanks = 0;
			continue;
		}
		if (strchr(" \t\r\n", *p) == NULL)
			after_word = false;
		blanks++;
		appendStringInfoChar(dst, *p++);
	}
	return true;
}

/* =?charset?encoding?text?=, with a language behind the charset (RFC 2231) */
static bool
find_word(const char *p, Word *word)
{
	S3Slice		language;

	if (strncmp(p, "=?", 2) != 0)
		return false;
	word->charset = upto(p + 2, '?');
	p = word->charset.data + word->charset.len;
	if (word->charset.len == 0 || p[0] != '?' || p[1] == '\0' || p[2] != '?')
		return false;
	language = upto(word->charset.data, '*');
	word->charset.len = Min(word->charset.len, language.len);
	word->encoding = pg_ascii_toupper((unsigned char) p[1]);
	word->text = upto(p + 3, '?');
	p = word->text.data + word->text.len;
	if (strncmp(p, WORD_END, 2) != 0)
		return false;
	word->end = p + 2;
	return *word->end == '\0' || strchr(" \t\r\n", *word->end) != NULL;
}

static S3Slice
upto(const char *p, char end)
{
	const char	stops[] = {end, ' ', '\t', '\r', '\n', '\0'};

	return s3_slice(p, strcspn(p, stops));
}

static bool
append_word(const Word *word, StringInfo dst)
{
	StringInfoData bytes;

	initStringInfo(&bytes);
	return (word->encoding == 'B' ? append_base64(word->text, &bytes) :
			word->encoding == 'Q' && append_quoted(word->text, &bytes)) &&
		append_in_utf8(word->charset, s3_slice(bytes.data, bytes.len), dst);
}

static bool
append_base64(S3Slice text, StringInfo dst)
{
	int			size = pg_b64_dec_len((int) text.len);
	int			len;

	enlargeStringInfo(dst, size);
	len = pg_b64_decode(text.data, (int) text.len, (void *) dst->data, size);
	if (len < 0)
		return false;
	dst->len = len;
	dst->data[len] = '\0';
	return true;
}

/* Section 4.2 */
static bool
append_quoted(S3Slice text, StringInfo dst)
{
	for (size_t i = 0; i < text.len; i++)
	{
		char		c = text.data[i];

		if (c == '=')
		{
			char		hex[3] = {0};

			if (text.len - i < 3 || !isxdigit((unsigned char) text.data[i + 1]) ||
				!isxdigit((unsigned char) text.data[i + 2]))
				return false;
			memcpy(hex, text.data + i + 1, 2);
			c = (char) strtol(hex, NULL, 16);
			i += 2;
		}
		else if (c == '_')
			c = ' ';
		appendStringInfoChar(dst, c);
	}
	return true;
}

static bool
append_in_utf8(S3Slice charset, S3Slice bytes, StringInfo dst)
{
	if (is_charset(charset, "UTF-8") || is_charset(charset, "US-ASCII"))
	{
		appendBinaryStringInfo(dst, bytes.data, (int) bytes.len);
		return true;
	}
	if (!is_charset(charset, "ISO-8859-1"))
		return false;
	for (size_t i = 0; i < bytes.len; i++)
	{
		unsigned char out[MAX_UTF8_LEN];

		unicode_to_utf8((unsigned char) bytes.data[i], out);
		appendBinaryStringInfo(dst, (char *) out, pg_encoding_mblen(PG_UTF8, (char *) out));
	}
	return true;
}

static bool
is_charset(S3Slice charset, const char *name)
{
	return charset.len == strlen(name) && pg_strncasecmp(charset.data, name, charset.len) == 0;
}
