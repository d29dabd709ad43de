/*-------------------------------------------------------------------------
 *
 * gzip.c
 *	  Undoes the gzip content encoding.
 *
 * A small object can hold gigabytes of zeroes: output is counted while it is
 * made, and a query that waits for it can be cancelled.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include <zlib.h>

#include "gzip.h"
#include "miscadmin.h"

#define GZIP_ONLY		(16 + MAX_WBITS)	/* inflateInit2: no zlib format */
#define OUTPUT_STEP		(64 * 1024) /* bytes between interrupt checks */

/* zlib's state, given back to zlib by whatever ends the memory context. */
typedef struct Inflater
{
	z_stream	stream;
	MemoryContextCallback callback;
} Inflater;

static Inflater *start_inflater(S3Slice gzip);
static void end_inflater(void *arg);
static int	inflate_step(z_stream *stream, StringInfo dst);
static bool damaged(S3Error *err);

bool
s3_gunzip(S3Slice gzip, uint64 max, StringInfo dst, S3Error *err)
{
	z_stream   *stream = &start_inflater(gzip)->stream;
	size_t		start = dst->len;
	int			status = Z_OK;

	while (status == Z_OK)
	{
		CHECK_FOR_INTERRUPTS();
		status = inflate_step(stream, dst);
		if (dst->len - start > max)
		{
			s3_error_set(err, S3_ERROR_TOO_LARGE, "the uncompressed object is too large");
			s3_error_detail(err, "It has more than %llu bytes.", (unsigned long long) max);
			return s3_error_hint(err, "s3store.max_object_size sets the limit.");
		}
		/* Members may follow one another. */
		if (status == Z_STREAM_END && stream->avail_in > 0)
			status = inflateReset(stream);
	}
	return status == Z_STREAM_END || damaged(err);
}

static Inflater *
start_inflater(S3Slice gzip)
{
	Inflater   *inflater = palloc0(sizeof(Inflater));

	inflater->stream.next_in = (Bytef *) unconstify(char *, gzip.data);
	inflater->stream.avail_in = (uInt) gzip.len;	/* an object is below 1 GB */
	if (inflateInit2(&inflater->stream, GZIP_ONLY) != Z_OK)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Failed while uncompressing an object.")));
	inflater->callback.func = end_inflater;
	inflater->callback.arg = inflater;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &inflater->callback);
	return inflater;
}

static void
end_inflater(void *arg)
{
	Inflater   *inflater = arg;

	(void) inflateEnd(&inflater->stream);
}

/* Nothing may come out of a step only when nothing is left to come. */
static int
inflate_step(z_stream *stream, StringInfo dst)
{
	int			status;

	enlargeStringInfo(dst, OUTPUT_STEP);
	stream->next_out = (Bytef *) dst->data + dst->len;
	stream->avail_out = OUTPUT_STEP;
	status = inflate(stream, Z_NO_FLUSH);
	dst->len += OUTPUT_STEP - stream->avail_out;
	dst->data[dst->len] = '\0';
	return status;
}

static bool
damaged(S3Error *err)
{
	s3_error_set(err, S3_ERROR_PROTOCOL, "could not uncompress the object");
	s3_error_detail(err, "Its content encoding is gzip, but its content is not, or not complete.");
	return s3_error_hint(err, "Pass params => '{\"Range\": \"bytes=0-\"}' to read the content as it is stored.");
}
