/*
 * Fuzzes encoded words: what is sent comes back, whatever it looks like.
 */
#include "fuzz.h"

#include "s3/metadata_words.h"

#define WORD_MAX	75

const FuzzSeed fuzz_seeds[] = {
	SEED("\xc3\xbc"),
	SEED("=?UTF-8?Q?=C3=BC_a?= =?utf-8*de?b?w7w=?="),
	SEED("=?ISO-8859-1?Q?=FC?= b\xff"),
	SEED("a =?US-ASCII?B?YQ==?="),
	SEED("\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
		 "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"),
	{NULL, 0}
};

void
fuzz_one(const uint8 *data, size_t size)
{
	char	   *text = pnstrdup((const char *) data, size);
	const char *header = s3_metadata_words_encode(text);

	if (is_utf8(s3_slice_cstring(text)))
		MUST(strcmp(s3_metadata_words_decode(header), text) == 0);
	MUST(strcmp(s3_metadata_words_decode(s3_metadata_words_resend(text)),
				s3_metadata_words_decode(text)) == 0);
	if (header != text)
	{
		for (const char *word = header; word != NULL; word = strchr(word, ' '))
		{
			word += *word == ' ';
			MUST(strcspn(word, " ") <= WORD_MAX);
		}
	}
}
