/*-------------------------------------------------------------------------
 *
 * gzip.c
 *	  The gzip content encoding, made and undone.
 *
 * A small object may uncompress to gigabytes: output is counted while it is
 * made.  A large one may uncompress to nothing: zlib gets it in steps, and a
 * query that waits for either can be cancelled between them.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <zlib.h>

#include "backend/gzip.h"
#include "miscadmin.h"

#define GZIP_ONLY		(16 + MAX_WBITS)	/* no zlib format */
#define MEMORY_LEVEL	8		/* zlib's default */
#define INPUT_STEP		(64 * 1024) /* bytes between interrupt checks */
#define OUTPUT_STEP		(64 * 1024)

/* zlib's state, given back to zlib by whatever ends the memory context. */
typedef struct Inflater
{
	z_stream	stream;
	S3Slice		rest;			/* of the input, which zlib has not got yet */
	MemoryContextCallback callback;
} Inflater;

struct S3Gunzip
{
	Inflater   *inflater;
	int			status;			/* zlib's */
	StringInfoData out;			/* of one step */
	uint64		total;			/* bytes that have come out */
	uint64		max;
	S3GunzipSink sink;
	void	   *arg;
};

typedef struct Deflater
{
	z_stream	stream;
	MemoryContextCallback callback;
	bool		ended;
} Deflater;

static Deflater *start_deflater(S3Slice content);
static void end_deflater(void *arg);
static bool deflate_step(z_stream *stream, size_t left, StringInfo dst, size_t max);
static void throw_out_of_memory(const char *detail) pg_attribute_noreturn();
static Inflater *start_inflater(S3Slice gzip);
static void end_inflater(void *arg);
static int	inflate_step(Inflater *inflater, StringInfo dst);
static bool has_input(const Inflater *inflater);
static bool too_large(uint64 max, S3Error *err);
static bool damaged(S3Error *err);

bool
s3_gzip(S3Slice content, S3Slice *gzip)
{
	Deflater   *deflater = start_deflater(content);
	StringInfoData dst;
	size_t		done = 0;
	bool		smaller = true;

	initStringInfo(&dst);
	while (smaller && done < content.len)
	{
		size_t		step = Min(content.len - done, INPUT_STEP);

		CHECK_FOR_INTERRUPTS();
		done += step;
		deflater->stream.avail_in = (uInt) step;
		smaller = deflate_step(&deflater->stream, content.len - done, &dst, content.len - 1);
	}
	end_deflater(deflater);
	*gzip = s3_slice(dst.data, dst.len);
	if (smaller && content.len > 0)
		return true;
	pfree(dst.data);
	return false;
}

/*
 * No name and no time go into the header (RFC 1952), so that the same content
 * gives the same object.
 */
static Deflater *
start_deflater(S3Slice content)
{
	Deflater   *deflater = palloc0(sizeof(Deflater));

	deflater->stream.next_in = (Bytef *) unconstify(char *, content.data);
	if (deflateInit2(&deflater->stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_ONLY,
					 MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		throw_out_of_memory("Failed while compressing an object.");
	deflater->callback.func = end_deflater;
	deflater->callback.arg = deflater;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &deflater->callback);
	return deflater;
}

/* May be called twice. */
static void
end_deflater(void *arg)
{
	Deflater   *deflater = arg;

	if (!deflater->ended)
		(void) deflateEnd(&deflater->stream);
	deflater->ended = true;
}

/*
 * Compresses the input at hand, and with nothing left of the content the end,
 * too.  Returns false once more than "max" bytes have come out.
 */
static bool
deflate_step(z_stream *stream, size_t left, StringInfo dst, size_t max)
{
	int			flush = left == 0 ? Z_FINISH : Z_NO_FLUSH;

	do
	{
		enlargeStringInfo(dst, OUTPUT_STEP);
		stream->next_out = (Bytef *) dst->data + dst->len;
		stream->avail_out = OUTPUT_STEP;
		if (deflate(stream, flush) == Z_STREAM_ERROR)
			elog(ERROR, "could not compress an object");
		dst->len += OUTPUT_STEP - stream->avail_out;
		if (dst->len > max)
			return false;
	} while (stream->avail_out == 0);
	return true;
}

static void
throw_out_of_memory(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("out of memory"),
			 errdetail("%s", detail)));
}

bool
s3_gunzip(S3Slice gzip, uint64 max, StringInfo dst, S3Error *err)
{
	Inflater   *inflater = start_inflater(gzip);
	size_t		start = dst->len;
	int			status = Z_OK;

	while (status == Z_OK)
	{
		CHECK_FOR_INTERRUPTS();
		status = inflate_step(inflater, dst);
		if (dst->len - start > max)
			return too_large(max, err);
		/* Members may follow one another. */
		if (status == Z_STREAM_END && has_input(inflater))
			status = inflateReset(&inflater->stream);
	}
	return status == Z_STREAM_END || damaged(err);
}

S3Gunzip *
s3_gunzip_start(uint64 max, S3GunzipSink sink, void *arg)
{
	S3Gunzip   *gunzip = palloc0(sizeof(S3Gunzip));

	gunzip->inflater = start_inflater(s3_slice(NULL, 0));
	gunzip->max = max;
	gunzip->sink = sink;
	gunzip->arg = arg;
	initStringInfo(&gunzip->out);
	return gunzip;
}

bool
s3_gunzip_add(S3Gunzip *gunzip, S3Slice gzip, S3Error *err)
{
	Inflater   *inflater = gunzip->inflater;

	inflater->rest = gzip;
	/* A full step of output may have left some inside. */
	do
	{
		CHECK_FOR_INTERRUPTS();
		/* Members may follow one another. */
		if (gunzip->status == Z_STREAM_END && has_input(inflater))
			gunzip->status = inflateReset(&inflater->stream);
		if (gunzip->status == Z_OK)
			gunzip->status = inflate_step(inflater, &gunzip->out);
		/* That there was nothing to do is no error: more may come. */
		if (gunzip->status == Z_BUF_ERROR)
			gunzip->status = Z_OK;
		if (gunzip->status != Z_OK && gunzip->status != Z_STREAM_END)
			return damaged(err);
		gunzip->total += gunzip->out.len;
		if (gunzip->total > gunzip->max)
			return too_large(gunzip->max, err);
		if (gunzip->out.len > 0)
			gunzip->sink(gunzip->arg, gunzip->out.data, gunzip->out.len);
		resetStringInfo(&gunzip->out);
	} while (has_input(inflater) ||
			 (gunzip->status == Z_OK && inflater->stream.avail_out == 0));
	return true;
}

bool
s3_gunzip_end(const S3Gunzip *gunzip, S3Error *err)
{
	return gunzip->status == Z_STREAM_END || damaged(err);
}

static Inflater *
start_inflater(S3Slice gzip)
{
	Inflater   *inflater = palloc0(sizeof(Inflater));

	inflater->rest = gzip;
	if (inflateInit2(&inflater->stream, GZIP_ONLY) != Z_OK)
		throw_out_of_memory("Failed while uncompressing an object.");
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

/*
 * Takes a step of the input in, if zlib has used up the last one, and a step
 * of the output out.  Neither may be anything.
 */
static int
inflate_step(Inflater *inflater, StringInfo dst)
{
	z_stream   *stream = &inflater->stream;
	int			status;

	if (stream->avail_in == 0 && inflater->rest.len > 0)
	{
		size_t		step = Min(inflater->rest.len, INPUT_STEP);

		stream->next_in = (Bytef *) unconstify(char *, inflater->rest.data);
		stream->avail_in = (uInt) step;
		inflater->rest = s3_slice(inflater->rest.data + step, inflater->rest.len - step);
	}
	enlargeStringInfo(dst, OUTPUT_STEP);
	stream->next_out = (Bytef *) dst->data + dst->len;
	stream->avail_out = OUTPUT_STEP;
	status = inflate(stream, Z_NO_FLUSH);
	dst->len += OUTPUT_STEP - stream->avail_out;
	dst->data[dst->len] = '\0';
	return status;
}

static bool
has_input(const Inflater *inflater)
{
	return inflater->stream.avail_in > 0 || inflater->rest.len > 0;
}

static bool
too_large(uint64 max, S3Error *err)
{
	s3_error_set(err, S3_ERROR_TOO_LARGE, "the uncompressed object is too large");
	s3_error_detail(err, "It has more than %llu bytes.", (unsigned long long) max);
	return max == S3_GUNZIP_MAX ? false :
		s3_error_hint(err, "s3store.max_object_size sets the limit.");
}

static bool
damaged(S3Error *err)
{
	s3_error_set(err, S3_ERROR_PROTOCOL, "could not uncompress the object");
	s3_error_detail(err, "Its content encoding is gzip, but its content is not, or not complete.");
	return s3_error_hint(err, "Pass params => '{\"Range\": \"bytes=0-\"}' to read the content as it is stored.");
}
