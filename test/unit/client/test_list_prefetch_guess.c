/*
 * Unit tests of the guess where the pages of a list may begin.
 */
#include "client/list_prefetch_guess.h"
#include "tap.h"

#define COUNT	1000

/* A page of keys made by a format, and what is guessed behind its last one. */
static const struct
{
	const char *format;
	int			first;
	const char *next;			/* NULL: nothing */
}			pages[] =
{
	{"%04d", 0, "1898"},
	{"a/%08d.jpg", 41000, "a/00042898.jpg"},
	{"x/%08d", 99999000, NULL}, /* the end of all numbers */
	{"%06x", 0xabc000, "abc76a"},
	{"same", 0, NULL}
};

static void test_pages(void);
static void test_little(void);
static void test_order(void);
static void learn(S3ListGuess *guess, const char *format, int first, int count);

int
main(void)
{
	test_pages();
	test_little();
	test_order();
	return tap_done();
}

static void
test_pages(void)
{
	for (int i = 0; i < lengthof(pages); i++)
	{
		S3ListGuess *guess = palloc0(sizeof(S3ListGuess));
		StringInfoData next;
		char	   *last = psprintf(pages[i].format, pages[i].first + COUNT - 1);
		bool		guessed;

		initStringInfo(&next);
		learn(guess, pages[i].format, pages[i].first, COUNT);
		guessed = s3_list_guess_next(guess, s3_slice_cstring(last), &next);
		ok(guessed == (pages[i].next != NULL), "behind %s", last);
		if (guessed && pages[i].next != NULL)
			ok(strncmp(next.data, pages[i].next, 5) == 0, "... comes about %s, guessed %s",
			   pages[i].next, next.data);
	}
}

/* Nothing seen, or too little. */
static void
test_little(void)
{
	S3ListGuess *guess = palloc0(sizeof(S3ListGuess));
	StringInfoData next;

	initStringInfo(&next);
	ok(!s3_list_guess_next(guess, s3_slice_cstring("a"), &next), "nothing was seen");
	learn(guess, "%d", 0, 0);
	ok(!s3_list_guess_next(guess, s3_slice_cstring("a"), &next), "an empty page was");
	learn(guess, "%02d", 0, 99);
	ok(!s3_list_guess_next(guess, s3_slice_cstring("10"), &next), "99 keys were");
}

/* Whatever the key, what is guessed comes behind it. */
static void
test_order(void)
{
	static const char *const keys[] = {"", "0", "z", "0500", "0500/x", "\xff", "05", "0999999", "9", "/"};
	S3ListGuess *guess = palloc0(sizeof(S3ListGuess));
	StringInfoData next;

	initStringInfo(&next);
	learn(guess, "%04d", 0, COUNT);
	learn(guess, "%d/long/key/of/many/places/that/goes/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on/and/on", 0, COUNT);
	for (int i = 0; i < lengthof(keys); i++)
	{
		if (s3_list_guess_next(guess, s3_slice_cstring(keys[i]), &next))
			ok(s3_slice_compare(s3_slice(next.data, next.len), s3_slice_cstring(keys[i])) > 0,
			   "behind \"%s\" comes \"%s\"", keys[i], next.data);
	}
}

static void
learn(S3ListGuess *guess, const char *format, int first, int count)
{
	S3ListPage	page = {0};

	page.items = palloc0(Max(count, 1) * sizeof(S3ListItem));
	page.count = count;
	for (int i = 0; i < count; i++)
		page.items[i].key = s3_slice_cstring(psprintf(format, first + i));
	s3_list_guess_learn(guess, &page);
}
