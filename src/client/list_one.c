/*-------------------------------------------------------------------------
 *
 * list_one.c
 *	  What a list says of one object.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "client/list_one.h"
#include "client/listing.h"
#include "client/pipeline.h"
#include "s3/copy_headers.h"

void
s3_list_one_open(S3Call *call, const char *command, text *url, const char *key)
{
	(void) s3_call_open_bucket(call, S3_LIST_OBJECTS_V2, command, url);
	s3_listing_add_query(call, key, 1);
}

bool
s3_list_one_find(const S3Finished *finished, const char *key, S3ListItem *item, S3Error *err)
{
	S3ListPage	page;

	memset(err, 0, sizeof(*err));
	if (!finished->ok)
	{
		*err = finished->err;
		return false;
	}
	if (!s3_list_page_parse(s3_slice(finished->response.body, finished->response.body_len),
							S3_LIST_PAGE_OBJECTS, &page, err) ||
		page.count == 0 || !s3_slice_equal(page.items[0].key, s3_slice_cstring(key)))
		return false;
	*item = page.items[0];
	return true;
}

bool
s3_list_one_is_there(text *url, const char *command, const S3Fields *given)
{
	S3Finished	finished = {0};
	S3Call		object;
	S3Call		call;
	S3ListItem	item;
	S3Error		err;

	(void) s3_call_open(&object, S3_HEAD_OBJECT, command, S3_CALL_REQUEST, url);
	s3_list_one_open(&call, command, url, object.key.data);
	s3_copy_headers_add_common(&call.request.headers, given);
	finished.ok = s3_call_perform(&call, &finished.response, &finished.err);
	return s3_list_one_find(&finished, object.key.data, &item, &err);
}
