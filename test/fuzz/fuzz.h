/*-------------------------------------------------------------------------
 *
 * fuzz.h
 *	  A fuzz target: one function, and seeds for our own driver.
 *
 * driver.c calls it by itself, libfuzzer.c for libFuzzer.  Both free what was
 * allocated after each input.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_FUZZ_H
#define S3STORE_FUZZ_H

#include "base/base.h"

#include "base/error.h"
#include "mb/pg_wchar.h"
#include "memory.h"

typedef struct FuzzSeed
{
	const char *data;
	size_t		len;
} FuzzSeed;

#define SEED(text)	{text, sizeof(text) - 1}

/* Ends with {NULL, 0}. */
extern const FuzzSeed fuzz_seeds[];

/* Tries one input.  It may be exactly that long: nothing follows it. */
extern void fuzz_one(const uint8 *data, size_t size);

/* What holds for every input. */
#define MUST(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

static inline bool
is_utf8(S3Slice text)
{
	const unsigned char *s = (const unsigned char *) text.data;

	for (size_t i = 0; i < text.len;)
	{
		size_t		len = pg_utf_mblen(s + i);

		if (len > text.len - i || !pg_utf8_islegal(s + i, (int) len))
			return false;
		i += len;
	}
	return true;
}

/* A text of an S3Error: UTF-8, and nothing that a terminal acts on. */
static inline void
must_be_clean(const char *text, size_t size)
{
	MUST(strnlen(text, size) < size);
	MUST(is_utf8(s3_slice_cstring(text)));
	for (const unsigned char *p = (const unsigned char *) text; *p != '\0'; p++)
		MUST(*p >= 0x20 && *p != 0x7f && !(*p == 0xc2 && p[1] < 0xa0));
}

/* An S3Error that was returned. */
static inline void
must_be_error(const S3Error *err)
{
	MUST(err->kind > S3_ERROR_NONE && err->kind <= S3_ERROR_PROTOCOL);
	MUST(err->message[0] != '\0');
	must_be_clean(err->message, sizeof(err->message));
	must_be_clean(err->detail, sizeof(err->detail));
	must_be_clean(err->hint, sizeof(err->hint));
	must_be_clean(err->code, sizeof(err->code));
	must_be_clean(err->server_message, sizeof(err->server_message));
	must_be_clean(err->request_id, sizeof(err->request_id));
	must_be_clean(err->region, sizeof(err->region));
}

#endif							/* S3STORE_FUZZ_H */
