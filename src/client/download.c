/*-------------------------------------------------------------------------
 *
 * download.c
 *	  A download in ranges, in bounded memory.
 *
 *	  look up -> range, range, range -> in order -> gunzip -> sink
 *
 * Every range is requested with If-Match and the ETag that was looked up, so
 * that the content is never made of two objects.  s3store.max_object_size
 * limits only what comes out of gzip, since a small object can become gigabytes
 * of zeroes; what is passed on as it is stored has no limit.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "lib/ilist.h"
#include "utils/memutils.h"

#include "backend/gzip.h"
#include "client/download.h"
#include "client/pipeline.h"
#include "s3/content_encoding.h"
#include "s3/integrity.h"
#include "s3/response.h"

#define RANGE_SIZE		(8 * 1024 * 1024)	/* bytes */

typedef struct Range
{
	dlist_node	node;			/* in the order of their content */
	MemoryContext context;		/* of this, and all that it needs */
	S3Call		call;
	int64		first;
	size_t		len;
	bool		done;
	S3Slice		content;
} Range;

typedef struct Download
{
	const char *command;
	text	   *url;
	Jsonb	   *params;
	MemoryContext context;
	S3DownloadSink sink;
	void	   *arg;
	S3Call		look;			/* HeadObject */
	S3HttpResponse head;
	S3ObjectInfo info;
	char	   *etag;			/* with its quotes, or NULL */
	S3Gunzip   *gunzip;			/* NULL: it is not compressed */
	S3Integrity *integrity;		/* of what is stored */
	MemoryContextCallback release;
	S3Pipeline *pipeline;
	dlist_head	ranges;			/* asked for, and not yet passed on */
	int64		asked;			/* bytes */
	int64		passed_on;
} Download;

static bool look_up(Download *download);
static void check_params(const S3Request *get);
static void start_integrity(Download *download);
static void free_integrity(void *arg);
static void start_gunzip(Download *download);
static bool has_room(const Download *download);
static size_t next_len(const Download *download);
static void ask_for_range(Download *download);
static void wait_for_range(Download *download);
static void pass_on(Download *download);
static void pass_on_range(Download *download, const Range *range);
static void finish(Download *download);

bool
s3_download(const char *command, text *url, Jsonb *params, S3DownloadSink sink, void *arg)
{
	Download   *download = palloc0(sizeof(Download));

	download->command = command;
	download->url = url;
	download->params = params;
	download->context = CurrentMemoryContext;
	download->sink = sink;
	download->arg = arg;
	dlist_init(&download->ranges);
	if (!look_up(download))
		return false;
	start_integrity(download);
	start_gunzip(download);
	download->pipeline = s3_pipeline_create(download->look.endpoint->settings.max_pool_connections);
	while (download->passed_on < download->info.size)
	{
		while (has_room(download))
			ask_for_range(download);
		wait_for_range(download);
		pass_on(download);
	}
	s3_pipeline_free(download->pipeline);
	finish(download);
	return true;
}

static bool
look_up(Download *download)
{
	S3Call	   *look = &download->look;
	const char *version_id;
	S3Call		get;
	S3Error		err;

	if (!s3_call_open(look, S3_HEAD_OBJECT, download->command, S3_CALL_REQUEST, download->url) ||
		!s3_call_open(&get, S3_GET_OBJECT, download->command, S3_CALL_REQUEST, download->url))
		return false;
	look->explains = S3_EXPLAINS_ALL;
	s3_params_apply(get.operation, download->params, &get.request);
	check_params(&get.request);
	version_id = s3_fields_find(&get.request.query, "versionId");
	if (version_id != NULL)
		s3_fields_add(&look->request.query, "versionId", version_id);
	s3_fields_add_all(&look->request.headers, &get.request.headers);
	/* Any failure is reported as that of the GET. */
	if (!s3_call_perform(look, &download->head, &err) ||
		!s3_response_sized_object(&download->head, &download->info, &err))
		s3_call_throw(&get, &err);
	download->etag = s3_response_header(&download->head, "etag");
	return true;
}

static void
check_params(const S3Request *get)
{
	const char *name = NULL;

	if (s3_fields_find(&get->headers, "range") != NULL)
		name = "Range";
	else if (s3_fields_find(&get->query, "partNumber") != NULL)
		name = "PartNumber";
	if (name != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"%s\" is not for a download in ranges", name),
				 errhint("s3_get() takes it.")));
}

static void
start_integrity(Download *download)
{
	download->release.func = free_integrity;
	download->release.arg = download;
	MemoryContextRegisterResetCallback(download->context, &download->release);
	download->integrity = s3_integrity_start(&download->head,
											 download->look.endpoint->settings.verify_etag, NULL);
}

static void
free_integrity(void *arg)
{
	s3_integrity_free(((Download *) arg)->integrity);
}

static void
start_gunzip(Download *download)
{
	const char *encoding = download->info.content_encoding;
	uint64		max = (uint64) download->look.endpoint->settings.max_object_size * 1024;

	if (download->info.size > 0 && s3_content_encoding_is_gzip(encoding))
		download->gunzip = s3_gunzip_start(max, download->sink, download->arg);
}

/* One range is always asked for. */
static bool
has_room(const Download *download)
{
	int64		waiting = download->asked - download->passed_on;

	return download->asked < download->info.size &&
		s3_pipeline_has_room(download->pipeline) &&
		(waiting == 0 || waiting + (int64) next_len(download) <= S3_DOWNLOAD_MEMORY);
}

static size_t
next_len(const Download *download)
{
	return (size_t) Min(RANGE_SIZE, download->info.size - download->asked);
}

static void
ask_for_range(Download *download)
{
	MemoryContext context = AllocSetContextCreate(download->context, "s3store range",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	Range	   *range = palloc0(sizeof(Range));
	S3Fields   *headers = &range->call.request.headers;

	range->context = context;
	range->first = download->asked;
	range->len = next_len(download);
	download->asked += range->len;
	(void) s3_call_open(&range->call, S3_GET_OBJECT, download->command, S3_CALL_REQUEST,
						download->url);
	s3_params_apply(range->call.operation, download->params, &range->call.request);
	if (download->info.size > (int64) range->len)
		s3_fields_add(headers, "range", psprintf("bytes=%lld-%lld", (long long) range->first,
												 (long long) (range->first + range->len - 1)));
	if (download->etag != NULL && s3_fields_find(headers, "if-match") == NULL)
		s3_fields_add(headers, "if-match", download->etag);
	range->call.max_body = range->len;
	dlist_push_tail(&download->ranges, &range->node);
	s3_pipeline_start(download->pipeline, &range->call, range);
	MemoryContextSwitchTo(old_context);
}

static void
wait_for_range(Download *download)
{
	S3Finished	finished;
	Range	   *range;

	if (!s3_pipeline_next(download->pipeline, &finished))
		elog(ERROR, "a download has lost its ranges");
	range = finished.tag;
	if (!finished.ok)
		s3_call_throw(&range->call, &finished.err);
	if (!s3_response_check_range(&finished.response, range->first,
								 range->first + range->len - 1, download->info.size,
								 &finished.err))
		s3_call_throw(&range->call, &finished.err);
	range->content = s3_slice(finished.response.body, finished.response.body_len);
	range->done = true;
}

/* Passes on the ranges that have come, up to the first that has not. */
static void
pass_on(Download *download)
{
	while (!dlist_is_empty(&download->ranges))
	{
		Range	   *range = dlist_head_element(Range, node, &download->ranges);

		if (!range->done)
			break;
		pass_on_range(download, range);
		dlist_delete(&range->node);
		download->passed_on += range->len;
		MemoryContextDelete(range->context);
	}
}

static void
pass_on_range(Download *download, const Range *range)
{
	S3Error		err;

	s3_integrity_add(download->integrity, range->content);
	if (download->gunzip == NULL)
		download->sink(download->arg, range->content.data, range->content.len);
	else if (!s3_gunzip_add(download->gunzip, range->content, &err))
		s3_call_throw(&range->call, &err);
}

static void
finish(Download *download)
{
	S3Call		get;
	S3Error		err;

	(void) s3_call_open(&get, S3_GET_OBJECT, download->command, S3_CALL_REQUEST, download->url);
	if ((download->gunzip != NULL && !s3_gunzip_end(download->gunzip, &err)) ||
		!s3_integrity_end(download->integrity, S3_INTEGRITY_RECEIVED, &err))
		s3_call_throw(&get, &err);
}
