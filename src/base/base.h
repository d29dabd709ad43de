/*-------------------------------------------------------------------------
 *
 * base.h
 *	  What every room of s3store includes first: PostgreSQL's own headers,
 *	  and the few types that all rooms share.
 *
 * The rooms marked "pure" (see README.md in this directory) also build with
 * -DFRONTEND against libpgcommon, for unit tests and fuzzing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_BASE_H
#define S3STORE_BASE_H

#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "lib/stringinfo.h"

/* PostgreSQL 18 has pg_noreturn in its place, which stands before the type. */
#ifndef pg_attribute_noreturn
#define pg_attribute_noreturn() __attribute__((noreturn))
#endif

#define S3STORE_VERSION "1.0"

/* A run of bytes that somebody else owns; not terminated by a NUL. */
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

/* Initializes one with a string literal. */
#define S3_SLICE_LITERAL(text) {text, sizeof(text) - 1}

/* printf("%.*s", S3_SLICE_ARGS(slice)) */
#define S3_SLICE_ARGS(slice) ((int) (slice).len), (slice).data

#endif							/* S3STORE_BASE_H */
