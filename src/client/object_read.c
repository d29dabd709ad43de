/*-------------------------------------------------------------------------
 *
 * object_read.c
 *	  Reads from objects, one or a batch of them: whether they exist, what
 *	  their servers know of them, their content.
 *
 *	  open -> HEAD, GET or a page of a list -> result; another page, if need be
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/gzip.h"
#include "client/object_read.h"
#include "client/object_requests.h"
#include "client/params.h"
#include "s3/content_encoding.h"
#include "s3/copy_headers.h"

static S3Call *open_read(S3BatchItem *item, const S3ReadArguments *arguments);
static S3Call *ask_bucket(S3BatchItem *item, const S3ReadArguments *arguments);
static S3Call *note_bucket(S3BatchItem *item, const S3Finished *finished,
						   const S3ReadArguments *arguments);
static void take_list_headers(S3ObjectRead *read, Jsonb *params);
static bool is_prefix(const text *url);
static S3Call *next_page(S3ObjectRead *read);
static bool take_answer(S3ObjectRead *read, const S3ReadArguments *arguments, S3Error *err);
static bool undo_gzip(S3ObjectRead *read, S3Error *err);

S3Call *
s3_object_read_step(S3BatchItem *item, const S3Finished *finished,
					const S3ReadArguments *arguments)
{
	S3ObjectRead *read = item->state;
	S3Error		err;

	if (finished == NULL)
		return open_read(item, arguments);
	if (read->asks_bucket)
		return note_bucket(item, finished, arguments);
	read->response = finished->response;
	if (!finished->ok)
	{
		if (read->call.operation->id == S3_HEAD_OBJECT &&
			finished->err.kind == S3_ERROR_NOT_FOUND)
			return s3_bucket_is_known(&read->call) ? NULL : ask_bucket(item, arguments);
		return s3_batch_fail(item, &read->call, &finished->err);
	}
	if (!take_answer(read, arguments, &err))
		return s3_batch_fail(item, &read->call, &err);
	return read->listing == NULL ? NULL : next_page(read);
}

static S3Call *
open_read(S3BatchItem *item, const S3ReadArguments *arguments)
{
	S3ObjectRead *read = palloc0(sizeof(S3ObjectRead));
	S3ListOptions list = {.command = arguments->command,.url = item->url,.max_items = 1};
	S3OperationId operation = S3_HEAD_OBJECT;

	item->state = read;
	read->no_file = true;
	if (item->url == NULL)
		return NULL;
	if (arguments->kind == S3_READ_CONTENT)
		operation = S3_GET_OBJECT;
	else if (arguments->kind == S3_READ_EXISTS && is_prefix(item->url))
		operation = S3_LIST_OBJECTS_V2;
	if (s3_batch_open(item, &read->call, operation, arguments->command) == NULL)
		return NULL;
	read->no_file = false;
	read->call.explains = S3_EXPLAINS_ALL;
	if (operation == S3_LIST_OBJECTS_V2)
	{
		read->listing = s3_listing_start(&list);
		take_list_headers(read, arguments->params);
		return next_page(read);
	}
	if (arguments->params != NULL)	/* none is required */
		s3_params_apply(read->call.operation, arguments->params, &read->call.request);
	return &read->call;
}

/* No such object; or no such bucket? */
static S3Call *
ask_bucket(S3BatchItem *item, const S3ReadArguments *arguments)
{
	S3ObjectRead *read = item->state;

	if (s3_batch_open(item, &read->call, S3_GET_OBJECT, arguments->command) == NULL)
		return NULL;
	s3_bucket_prepare_question(&read->call);
	read->asks_bucket = true;
	return &read->call;
}

static S3Call *
note_bucket(S3BatchItem *item, const S3Finished *finished, const S3ReadArguments *arguments)
{
	S3ObjectRead *read = item->state;

	if (!s3_bucket_is_missing(&read->call, finished->ok, &finished->err))
		return NULL;
	/* It is the object that was to be looked up. */
	if (s3_batch_open(item, &read->call, S3_HEAD_OBJECT, arguments->command) == NULL)
		return NULL;
	return s3_batch_fail(item, &read->call, &finished->err);
}

/* The params are head_object's, even where the URL needs a list. */
static void
take_list_headers(S3ObjectRead *read, Jsonb *params)
{
	S3Request	look = {0};

	if (params == NULL)
		return;
	s3_params_apply(s3_operation(S3_HEAD_OBJECT), params, &look);
	s3_copy_headers_add_common(&read->list_headers, &look.headers);
}

static bool
is_prefix(const text *url)
{
	size_t		len = VARSIZE_ANY_EXHDR(url);

	return len > 0 && VARDATA_ANY(url)[len - 1] == '/';
}

/* Returns NULL when all is known. */
static S3Call *
next_page(S3ObjectRead *read)
{
	read->found = s3_listing_next_of_page(read->listing) != NULL;
	if (read->found || !s3_listing_goes_on(read->listing))
		return NULL;
	s3_listing_open_page(read->listing, &read->call);
	s3_fields_add_all(&read->call.request.headers, &read->list_headers);
	return &read->call;
}

static bool
take_answer(S3ObjectRead *read, const S3ReadArguments *arguments, S3Error *err)
{
	if (read->listing != NULL)
		return s3_listing_try_take_page(read->listing, &read->response, err);
	if (arguments->kind == S3_READ_INFO && !s3_response_object(&read->response, &read->info, err))
		return false;
	if (arguments->kind == S3_READ_SIZE &&
		!s3_response_sized_object(&read->response, &read->info, err))
		return false;
	if (arguments->kind == S3_READ_CONTENT)
	{
		if (!undo_gzip(read, err))
			return false;
		/* There is room for the header. */
		read->content = (bytea *) (read->response.body - VARHDRSZ);
		SET_VARSIZE(read->content, read->response.body_len + VARHDRSZ);
	}
	read->found = true;
	return true;
}

/*
 * Uncompresses the content of a whole object in the gzip encoding, and leaves
 * any other as it is: part of a gzip stream cannot be uncompressed.
 */
static bool
undo_gzip(S3ObjectRead *read, S3Error *err)
{
	S3HttpResponse *response = &read->response;
	char	   *encoding = s3_response_header(response, "content-encoding");
	StringInfoData content;

	if (response->status != 200 || !s3_content_encoding_is_gzip(encoding) || response->body_len == 0)
		return true;
	initStringInfo(&content);
	appendStringInfoSpaces(&content, VARHDRSZ);
	if (!s3_gunzip(s3_slice(response->body, response->body_len),
				   Min(read->call.max_body, S3_GUNZIP_MAX), &content, err))
		return false;
	pfree(response->body - VARHDRSZ);
	response->body = content.data + VARHDRSZ;
	response->body_len = content.len - VARHDRSZ;
	return true;
}
