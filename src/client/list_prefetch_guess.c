/*-------------------------------------------------------------------------
 *
 * list_prefetch_guess.c
 *	  Where in a list of keys the next pages may begin.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "client/list_prefetch_guess.h"

#define SAMPLES			100		/* keys of a page that are looked at */
#define DIGITS_BEHIND	6		/* places that count behind the common start */
#define KEYS_MIN		100		/* of a page that says something about others */

/* A step is a bit less than a page, so that no keys are left between two. */
#define STEP_PERCENT	90

static void learn_byte(S3ListGuess *guess, int place, unsigned char byte);
static void learn_range(S3ListGuess *guess, int place, unsigned char first, unsigned char last);
static void learn_step(S3ListGuess *guess, S3Slice from, S3Slice to, int places);
static int	digit_of(const S3ListGuess *guess, int place, S3Slice key);
static unsigned char byte_of(const S3ListGuess *guess, int place, int digit);
static int	common_length(S3Slice a, S3Slice b);

void
s3_list_guess_learn(S3ListGuess *guess, const S3ListPage *page)
{
	int			stride = Max(page->count / SAMPLES, 1);
	S3Slice		first;
	S3Slice		last;

	for (int i = 0; i < page->count; i += stride)
	{
		S3Slice		key = page->items[i].key;

		for (int place = 0; place < Min(key.len, S3_LIST_GUESS_PLACES); place++)
			learn_byte(guess, place, (unsigned char) key.data[place]);
	}
	if (page->count < KEYS_MIN)
		return;
	first = page->items[0].key;
	last = page->items[page->count - 1].key;
	learn_step(guess, first, page->items[(page->count - 1) * STEP_PERCENT / 100].key,
			   Min(common_length(first, last) + DIGITS_BEHIND, S3_LIST_GUESS_PLACES));
}

bool
s3_list_guess_next(const S3ListGuess *guess, S3Slice key, StringInfo next)
{
	char		bytes[S3_LIST_GUESS_PLACES];
	int			carry = 0;

	for (int place = guess->places - 1; place >= 0; place--)
	{
		int			digit = digit_of(guess, place, key) + guess->step[place] + carry;

		carry = digit / guess->radix[place];
		bytes[place] = (char) byte_of(guess, place, digit % guess->radix[place]);
	}
	if (guess->places == 0 || carry > 0 ||
		s3_slice_compare(s3_slice(bytes, guess->places), key) <= 0)
		return false;
	resetStringInfo(next);
	appendBinaryStringInfo(next, bytes, guess->places);
	return true;
}

/* Where one digit stands, any other may. */
static void
learn_byte(S3ListGuess *guess, int place, unsigned char byte)
{
	if (guess->seen[place][byte])
		return;
	learn_range(guess, place, byte, byte);
	if (byte >= '0' && byte <= '9')
		learn_range(guess, place, '0', '9');
	else if (byte >= 'a' && byte <= 'f')
		learn_range(guess, place, 'a', 'f');
}

static void
learn_range(S3ListGuess *guess, int place, unsigned char first, unsigned char last)
{
	for (int byte = first; byte <= last; byte++)
	{
		guess->radix[place] += !guess->seen[place][byte];
		guess->seen[place][byte] = 1;
	}
}

/* The difference of two keys, digit by digit. */
static void
learn_step(S3ListGuess *guess, S3Slice from, S3Slice to, int places)
{
	int			borrow = 0;

	while (places > 0 && guess->radix[places - 1] == 0)
		places--;				/* no key is as long */
	guess->places = places;
	for (int place = places - 1; place >= 0; place--)
	{
		int			digit = digit_of(guess, place, to) - digit_of(guess, place, from) - borrow;

		borrow = digit < 0;
		guess->step[place] = digit + (borrow ? guess->radix[place] : 0);
	}
}

/* How many of the bytes seen there are smaller; a key that ends has the first. */
static int
digit_of(const S3ListGuess *guess, int place, S3Slice key)
{
	int			digit = 0;

	if (place >= (int) key.len)
		return 0;
	for (int byte = 0; byte < (unsigned char) key.data[place]; byte++)
		digit += guess->seen[place][byte];
	return Min(digit, Max(guess->radix[place] - 1, 0));
}

static unsigned char
byte_of(const S3ListGuess *guess, int place, int digit)
{
	int			byte = 0;

	while (!guess->seen[place][byte] || digit-- > 0)
		byte++;
	return (unsigned char) byte;
}

static int
common_length(S3Slice a, S3Slice b)
{
	size_t		len = 0;

	while (len < Min(a.len, b.len) && a.data[len] == b.data[len])
		len++;
	return (int) len;
}
