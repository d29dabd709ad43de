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
#include "client/params.h"

static S3Call *open_read(S3BatchItem *item, const S3ReadArguments *arguments);
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
	read->response = finished->response;
	if (!finished->ok)
	{
		if (read->call.operation->id == S3_HEAD_OBJECT &&
			finished->err.kind == S3_ERROR_NOT_FOUND)
			return NULL;
		return s3_batch_fail(item, &read->call, &finished->err);
	}
	if (!take_answer(read, arguments, &err))
		return s3_batch_fail(item, &read->call, &err);
	return read->listing == NULL ? NULL : next_page(read);
}

S3ObjectRead *
s3_object_read(text *url, const S3ReadArguments *arguments)
{
	S3BatchItem item = {.url = url,.context = CurrentMemoryContext};
	S3Finished	finished;
	S3Call	   *call = s3_object_read_step(&item, NULL, arguments);

	while (call != NULL)
	{
		finished.ok = s3_call_perform(call, &finished.response, &finished.err);
		call = s3_object_read_step(&item, &finished, arguments);
	}
	if (item.failed)
		s3_call_throw(item.failed_call, &item.err);
	return item.state;
}

static S3Call *
open_read(S3BatchItem *item, const S3ReadArguments *arguments)
{
	S3ObjectRead *read = palloc0(sizeof(S3ObjectRead));
	S3ListOptions list = {.command = arguments->command,.url = item->url,.max_items = 1};
	S3OperationId operation = S3_HEAD_OBJECT;
	S3Error		err;

	item->state = read;
	read->no_file = true;
	if (item->url == NULL)
		return NULL;
	if (arguments->kind == S3_READ_CONTENT)
		operation = S3_GET_OBJECT;
	else if (arguments->kind == S3_READ_EXISTS && is_prefix(item->url))
		operation = S3_LIST_OBJECTS_V2;
	switch (s3_call_try_open(&read->call, operation, arguments->command, item->url, &err))
	{
		case S3_CALL_NO_FILE:
			return NULL;
		case S3_CALL_FAILED:
			return s3_batch_fail(item, NULL, &err);
		case S3_CALL_OPENED:
			break;
	}
	read->no_file = false;
	if (operation == S3_LIST_OBJECTS_V2)
	{
		read->listing = s3_listing_start(&list);
		return next_page(read);
	}
	s3_params_apply(read->call.operation, arguments->params, &read->call.request);
	return &read->call;
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
	return &read->call;
}

static bool
take_answer(S3ObjectRead *read, const S3ReadArguments *arguments, S3Error *err)
{
	if (read->listing != NULL)
		return s3_listing_try_take_page(read->listing, &read->response, err);
	if (arguments->kind == S3_READ_INFO && !s3_response_object(&read->response, &read->info, err))
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

	if (response->status != 200 || encoding == NULL ||
		pg_strcasecmp(encoding, "gzip") != 0 || response->body_len == 0)
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
