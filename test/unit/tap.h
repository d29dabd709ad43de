/*-------------------------------------------------------------------------
 *
 * tap.h
 *	  Tests that report themselves in the Test Anything Protocol.
 *
 * A test program includes this, calls ok() and its kin, and returns
 * tap_done() from main().
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_TAP_H
#define S3STORE_TAP_H

#include "base/base.h"

#include "memory.h"

static int	tap_tests;
static int	tap_failures;

static inline void
tap_result(bool good, const char *fmt, va_list args)
{
	tap_tests++;
	if (!good)
		tap_failures++;
	printf("%sok %d - ", good ? "" : "not ", tap_tests);
	vprintf(fmt, args);
	putchar('\n');
	fflush(stdout);
}

static inline bool ok(bool good, const char *fmt,...) pg_attribute_printf(2, 3);
static inline bool is_int(int64 got, int64 want, const char *fmt,...) pg_attribute_printf(3, 4);
static inline bool is_string(const char *got, const char *want, const char *fmt,...) pg_attribute_printf(3, 4);
static inline bool is_bytes(S3Slice got, S3Slice want, const char *fmt,...) pg_attribute_printf(3, 4);

static inline bool
ok(bool good, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	tap_result(good, fmt, args);
	va_end(args);
	return good;
}

static inline bool
is_int(int64 got, int64 want, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	tap_result(got == want, fmt, args);
	va_end(args);
	if (got != want)
		printf("# got %lld, want %lld\n", (long long) got, (long long) want);
	return got == want;
}

/* Either string may be NULL. */
static inline bool
is_string(const char *got, const char *want, const char *fmt,...)
{
	bool		good = got == NULL || want == NULL ? got == want : strcmp(got, want) == 0;
	va_list		args;

	va_start(args, fmt);
	tap_result(good, fmt, args);
	va_end(args);
	if (!good)
		printf("# got  \"%s\"\n# want \"%s\"\n", got ? got : "(null)", want ? want : "(null)");
	return good;
}

static inline bool
is_bytes(S3Slice got, S3Slice want, const char *fmt,...)
{
	bool		good = s3_slice_equal(got, want);
	va_list		args;

	va_start(args, fmt);
	tap_result(good, fmt, args);
	va_end(args);
	if (!good)
		printf("# got  \"%.*s\"\n# want \"%.*s\"\n", S3_SLICE_ARGS(got), S3_SLICE_ARGS(want));
	return good;
}

/* Prints the plan, and returns the exit status. */
static inline int
tap_done(void)
{
	test_memory_reset();
	printf("1..%d\n", tap_tests);
	if (tap_failures > 0)
		printf("# %d of %d failed\n", tap_failures, tap_tests);
	return tap_failures > 0 ? 1 : 0;
}

#endif							/* S3STORE_TAP_H */
