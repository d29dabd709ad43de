/*
 * Unit tests of encoded words (RFC 2047).
 */
#include "s3/metadata_words.h"
#include "tap.h"

#define UE	"\xc3\xbc"
#define UE9	UE UE UE UE UE UE UE UE UE

/* Text, and how it is sent; it must come back. */
static const struct
{
	const char *text;
	const char *header;
}			sent[] =
{
	{"", ""},
	{"a b", "a b"},
	{"a=?b", "=?UTF-8?B?YT0/Yg==?="},
	{UE, "=?UTF-8?B?w7w=?="},
	{"a " UE " b", "=?UTF-8?B?YSDDvCBi?="},
	{"\xf0\x9f\x98\x80", "=?UTF-8?B?8J+YgA==?="},
	{"=?UTF-8?B?w7w=?=", "=?UTF-8?B?PT9VVEYtOD9CP3c3dz0/PQ==?="},
	{UE9 UE9 "12345678" UE "x", "=?UTF-8?B?w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8MTIzNDU2Nzg=?= "
	"=?UTF-8?B?w7x4?="},
	{UE9 UE9 "1234567" UE "x", "=?UTF-8?B?w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8MTIzNDU2N8O8?= "
	"=?UTF-8?B?eA==?="},
	{"\xfc", "\xfc"},
	{UE "\xc3", UE "\xc3"}
};

/* What servers send, and its text. */
static const struct
{
	const char *header;
	const char *text;
}			received[] =
{
	{"=?UTF-8?Q?=C3=BC_x?=", UE " x"},
	{"=?utf-8?q?=c3=bc?=", UE},
	{"=?utf-8*de?b?w7w=?=", UE},
	{"=?ISO-8859-1?Q?=FC?=", UE},
	{"=?us-ascii?Q?a?=", "a"},
	{"a =?UTF-8?Q?=C3=BC?= b", "a " UE " b"},
	{"=?UTF-8?Q?=C3=BC?= =?UTF-8?B?w7w=?=", UE UE},
	{"=?UTF-8?Q?=C3=BC?=\r\n =?UTF-8?B?w7w=?=  =?UTF-8?Q?a?= b", UE UE "a b"},
	{"=?UTF-8?Q?=C3?= =?UTF-8?Q?=BC?=", UE},
	{"=?UTF-8?Q?" "?=", ""},
	{UE " =?UTF-8?Q?a?=", UE " a"},

	/* not words, or not ours to read */
	{"=?", "=?"},
	{"=?=", "=?="},
	{"=??Q?a?=", "=??Q?a?="},
	{"=?UTF-8?", "=?UTF-8?"},
	{"=?UTF-8?Q", "=?UTF-8?Q"},
	{"=?UTF-8?Q?a", "=?UTF-8?Q?a"},
	{"=?UTF-8?Q?a?", "=?UTF-8?Q?a?"},
	{"=?UTF-8?Q?a b?=", "=?UTF-8?Q?a b?="},
	{"=?UTF-8?QQ?a?=", "=?UTF-8?QQ?a?="},
	{"=?UTF-8?X?a?=", "=?UTF-8?X?a?="},
	{"=?KOI8-R?Q?a?=", "=?KOI8-R?Q?a?="},
	{"=?UTF-8?Q?=C3?=", "=?UTF-8?Q?=C3?="},
	{"=?UTF-8?Q?=C?=", "=?UTF-8?Q?=C?="},
	{"=?UTF-8?Q?=xx?=", "=?UTF-8?Q?=xx?="},
	{"=?UTF-8?Q?=00?=", "=?UTF-8?Q?=00?="},
	{"=?UTF-8?B?w7w?=", "=?UTF-8?B?w7w?="},
	{"=?UTF-8?B?!?=", "=?UTF-8?B?!?="},
	{"x=?UTF-8?Q?a?=", "x=?UTF-8?Q?a?="},
	{"=?UTF-8?Q?a?=x", "=?UTF-8?Q?a?=x"},
	{"=?UTF-8?Q?a?= =?UTF-8?B?!?=", "=?UTF-8?Q?a?= =?UTF-8?B?!?="}
};

int
main(void)
{
	for (int i = 0; i < lengthof(sent); i++)
	{
		is_string(s3_metadata_words_encode(sent[i].text), sent[i].header, "text %d is sent", i);
		is_string(s3_metadata_words_decode(sent[i].header), sent[i].text, "... and comes back");
	}
	for (int i = 0; i < lengthof(received); i++)
		is_string(s3_metadata_words_decode(received[i].header), received[i].text,
				  "header %d is read", i);
	is_string(s3_metadata_words_resend("=?UTF-8?Q?=C3=BC?="), "=?UTF-8?Q?=C3=BC?=",
			  "words are passed on as they are");
	is_string(s3_metadata_words_resend("a=?b"), "a=?b", "... as is ASCII");
	is_string(s3_metadata_words_resend(UE), "=?UTF-8?B?w7w=?=", "... and bytes of UTF-8 as words");
	return tap_done();
}
