/*-------------------------------------------------------------------------
 *
 * fn_lo.c
 *	  SQL functions that move large objects: s3_put_lo, s3_get_lo.
 *
 * Whatever the size, only a few parts are in memory.  PostgreSQL's own functions
 * check that the caller may read or write the large object.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "fmgr.h"
#include "libpq/be-fsstubs.h"
#include "libpq/libpq-fs.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "client/download.h"
#include "client/url_notice.h"
#include "objects/put_flow.h"

#define PUT_COMMAND	"s3_put_lo()"
#define GET_COMMAND	"s3_get_lo()"
#define STEP_SIZE	(1024 * 1024)	/* bytes, between two checks for
									 * interrupts */

PG_FUNCTION_INFO_V1(s3store_put_lo);
PG_FUNCTION_INFO_V1(s3store_get_lo);

typedef struct LargeObject
{
	int			fd;
	int64		position;
} LargeObject;

static int	open_large_object(Oid oid, int mode);
static void close_large_object(int fd);
static int64 seek(int fd, int64 offset, int whence);
static void read_large_object(void *arg, int64 first, char *buffer, size_t len);
static void write_large_object(void *arg, const char *data, size_t len);

/*
 * s3_put_lo(url text, large_object oid, content_type text, metadata jsonb,
 *			 overwrite boolean, params jsonb) returns text
 */
Datum
s3store_put_lo(PG_FUNCTION_ARGS)
{
	LargeObject object = {0};
	S3PutSource source = {.read = read_large_object,.arg = &object};
	S3PutFlow	flow = {.command = PUT_COMMAND};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	flow.url = PG_GETARG_TEXT_PP(0);
	flow.overwrite = PG_ARGISNULL(4) ? -1 : PG_GETARG_BOOL(4);
	s3_put_take_arguments(fcinfo, &flow.arguments);

	object.fd = open_large_object(PG_GETARG_OID(1), INV_READ);
	source.size = seek(object.fd, 0, SEEK_END);
	object.position = source.size;
	flow.arguments.source = &source;
	s3_put_flow_run(&flow);
	close_large_object(object.fd);
	if (flow.step == S3_PUT_FLOW_NO_FILE)
	{
		s3_url_warn_no_file("stored");
		PG_RETURN_NULL();
	}
	PG_RETURN_TEXT_P(flow.name);
}

/* s3_get_lo(url text, params jsonb) returns oid: of a new large object */
Datum
s3store_get_lo(PG_FUNCTION_ARGS)
{
	LargeObject object = {0};
	Oid			oid;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PreventCommandIfReadOnly(GET_COMMAND);
	PreventCommandIfParallelMode(GET_COMMAND);
	oid = DatumGetObjectId(DirectFunctionCall1(be_lo_create, ObjectIdGetDatum(InvalidOid)));
	object.fd = open_large_object(oid, INV_WRITE);
	if (!s3_download(GET_COMMAND, PG_GETARG_TEXT_PP(0),
					 PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1),
					 write_large_object, &object))
	{
		close_large_object(object.fd);
		(void) DirectFunctionCall1(be_lo_unlink, ObjectIdGetDatum(oid));
		PG_RETURN_NULL();
	}
	close_large_object(object.fd);
	PG_RETURN_OID(oid);
}

static int
open_large_object(Oid oid, int mode)
{
	return DatumGetInt32(DirectFunctionCall2(be_lo_open, ObjectIdGetDatum(oid),
											 Int32GetDatum(mode)));
}

static void
close_large_object(int fd)
{
	(void) DirectFunctionCall1(be_lo_close, Int32GetDatum(fd));
}

static int64
seek(int fd, int64 offset, int whence)
{
	return DatumGetInt64(DirectFunctionCall3(be_lo_lseek64, Int32GetDatum(fd),
											 Int64GetDatum(offset), Int32GetDatum(whence)));
}

/* The content is that of the snapshot in which the object was opened. */
static void
read_large_object(void *arg, int64 first, char *buffer, size_t len)
{
	LargeObject *object = arg;

	if (object->position != first)
		(void) seek(object->fd, first, SEEK_SET);
	for (size_t at = 0; at < len;)
	{
		int			got;

		CHECK_FOR_INTERRUPTS();
		got = lo_read(object->fd, buffer + at, (int) Min(len - at, STEP_SIZE));
		if (got <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("large object ended while it was read")));
		at += got;
	}
	object->position = first + len;
}

static void
write_large_object(void *arg, const char *data, size_t len)
{
	LargeObject *object = arg;

	for (size_t at = 0; at < len;)
	{
		int			step = (int) Min(len - at, STEP_SIZE);

		CHECK_FOR_INTERRUPTS();
		if (lo_write(object->fd, data + at, step) != step)
			elog(ERROR, "could not write a large object");
		at += step;
	}
}
