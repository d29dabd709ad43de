/*-------------------------------------------------------------------------
 *
 * copy_check.c
 *	  Keeps an object from being copied onto itself.
 *
 * A rename of an object to itself would delete it.  Two addresses may lead to
 * one server, which no setting shows: so the object at the target, if any, is
 * compared with the source.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "client/object_requests.h"
#include "objects/copy_check.h"
#include "settings/same_server.h"

static bool is_same_name(const S3Call *a, const S3Call *b);
static void throw_same_object(const char *detail) pg_attribute_noreturn();

void
s3_copy_check_difference(const S3CopyWork *copy)
{
	bool		same_name = is_same_name(&copy->source, &copy->target);
	S3ObjectInfo there;
	S3Call		call;
	S3Error		err;

	if (s3_endpoint_same_server(copy->source.endpoint, copy->target.endpoint))
	{
		if (same_name)
			throw_same_object("They name the same object of the same server.");
		return;
	}
	/* Another address may have another name for the same object. */
	if (!same_name && !copy->arguments->is_rename)
		return;
	s3_copy_open_target(copy, S3_HEAD_OBJECT, &call);
	if (s3_object_look_up(&call, &there, &err) && s3_object_is_same(copy->info, &there))
		throw_same_object("The endpoints differ, but what stands there has the same ETag, size and time.");
}

bool
s3_copy_is_onto_itself(const S3CopyWork *copy)
{
	return s3_endpoint_same_server(copy->source.endpoint, copy->target.endpoint) &&
		is_same_name(&copy->source, &copy->target);
}

static bool
is_same_name(const S3Call *a, const S3Call *b)
{
	return s3_slice_equal(a->location.bucket, b->location.bucket) &&
		s3_slice_equal(s3_slice(a->key.data, a->key.len), s3_slice(b->key.data, b->key.len));
}

static void
throw_same_object(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("source and target are the same object"),
			 errdetail("%s", detail)));
}
