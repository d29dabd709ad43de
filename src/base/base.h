/*-------------------------------------------------------------------------
 *
 * base.h
 *	  What every file of s3store includes first: PostgreSQL's own headers,
 *	  and the few types and helpers that all share.
 *
 * Files marked "pure" make no calls of a PostgreSQL backend: they also build
 * with -DFRONTEND against libpgcommon, for unit tests and fuzzing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_BASE_H
#define S3STORE_BASE_H

#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#endif

#include "lib/stringinfo.h"

/* PostgreSQL 18 has pg_noreturn in its place, which stands before the type. */
#ifndef pg_attribute_noreturn
#define pg_attribute_noreturn() __attribute__((noreturn))
#endif

#define S3STORE_VERSION "1.0"

static inline bool
s3_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static inline bool
s3_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Bytes that are owned elsewhere; not terminated by a NUL. */
typedef struct S3Slice
{
	const char *data;
	size_t		len;
} S3Slice;

static inline S3Slice
s3_slice(const char *data, size_t len)
{
	S3Slice		slice = {data, len};

	return slice;
}

static inline S3Slice
s3_slice_cstring(const char *s)
{
	return s3_slice(s, strlen(s));
}

static inline bool
s3_slice_equal(S3Slice a, S3Slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Byte by byte, as strcmp does. */
static inline int
s3_slice_compare(S3Slice a, S3Slice b)
{
	int			order = memcmp(a.data, b.data, Min(a.len, b.len));

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static inline char *
s3_slice_dup(S3Slice slice)
{
	return pnstrdup(slice.data, slice.len);
}

static inline bool
s3_slice_starts_with(S3Slice text, S3Slice prefix)
{
	return text.len >= prefix.len && s3_slice_equal(s3_slice(text.data, prefix.len), prefix);
}

/* Without the blanks at both ends, line ends included. */
static inline S3Slice
s3_slice_trim(S3Slice text)
{
	while (text.len > 0 && s3_is_blank(text.data[0]))
		text = s3_slice(text.data + 1, text.len - 1);
	while (text.len > 0 && s3_is_blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

/* Initializes one with a string literal. */
#define S3_SLICE_LITERAL(text) {text, sizeof(text) - 1}

/* printf("%.*s", S3_SLICE_ARGS(slice)) */
#define S3_SLICE_ARGS(slice) ((int) (slice).len), (slice).data

#endif							/* S3STORE_BASE_H */
