/*-------------------------------------------------------------------------
 *
 * link.c
 *	  Links in Signature Version 4: one, or many that differ in their keys
 *	  alone.
 *
 * Pure.  All that does not depend on the key is done when a plan is made.  A
 * link of a plan takes its two hashes, the copying of its bytes, and no
 * allocation.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/uri.h"
#include "s3/link.h"

#define SIGNATURE_LEN	(S3_SHA256_HEX - 1)
#define QUERY_START		"?"
#define QUERY_END		"&X-Amz-Signature="
#define AROUND_LEN		(sizeof(QUERY_START QUERY_END) - 1 + SIGNATURE_LEN)

static void set_text(StringInfo dst, const char *text);
static bool sign(const S3LinkPlan *plan, S3LinkWork *work, char *end, S3Error *err);
static char *append(char *out, const char *data, size_t len);

/* The plan's path is the whole one, and its key is empty. */
bool
s3_link_presign(const S3Request *request, const S3Signing *signing, int expires,
				StringInfo url, S3Error *err)
{
	S3LinkPlan	plan;
	S3LinkWork	work;
	bool		ok;

	s3_link_plan_init(&plan);
	s3_link_work_init(&work);
	ok = s3_link_plan_signed(&plan, request, signing, expires, err) &&
		s3_link_make(&plan, s3_slice("", 0), &work, err);
	if (ok)
	{
		size_t		len = s3_link_length(&plan, &work);

		enlargeStringInfo(url, (int) len);
		s3_link_write(&plan, &work, url->data + url->len);
		url->len += (int) len;
		url->data[url->len] = '\0';
	}
	explicit_bzero(&plan, sizeof(plan));
	return ok;
}

void
s3_link_plan_init(S3LinkPlan *plan)
{
	memset(plan, 0, sizeof(*plan));
	initStringInfo(&plan->url);
	initStringInfo(&plan->query);
	initStringInfo(&plan->head);
	initStringInfo(&plan->tail);
	s3_sigv4_frame_init(&plan->frame);
}

void
s3_link_work_init(S3LinkWork *work)
{
	memset(work, 0, sizeof(*work));
	initStringInfo(&work->canonical);
}

void
s3_link_plan_plain(S3LinkPlan *plan, S3Slice url)
{
	plan->is_signed = false;
	resetStringInfo(&plan->url);
	appendBinaryStringInfo(&plan->url, url.data, (int) url.len);
	set_text(&plan->query, "");
	set_text(&plan->head, "");
	set_text(&plan->tail, "");
}

void
s3_link_plan_forget_keys(S3LinkPlan *plan)
{
	plan->frame.ready = false;
}

bool
s3_link_plan_signed(S3LinkPlan *plan, const S3Request *request,
					const S3Signing *signing, int expires, S3Error *err)
{
	plan->is_signed = true;
	set_text(&plan->url, request->tls ? "https://" : "http://");
	appendStringInfoString(&plan->url, request->host);
	if (request->path_prefix != NULL)
		appendStringInfoString(&plan->url, request->path_prefix);
	appendStringInfoString(&plan->url, request->path);
	set_text(&plan->head, request->method);
	appendStringInfoChar(&plan->head, '\n');
	appendStringInfoString(&plan->head, request->path);
	set_text(&plan->query, "");
	set_text(&plan->tail, "");
	return s3_sigv4_presign_parts(request, signing, expires, &plan->frame, &plan->query,
								  &plan->tail, err);
}

bool
s3_link_make(const S3LinkPlan *plan, S3Slice key, S3LinkWork *work, S3Error *err)
{
	size_t		size = plan->head.len + S3_URI_GROWTH * key.len + plan->tail.len;
	char	   *start;
	char	   *end;

	Assert(key.len <= S3_KEY_MAX);
	if (size >= work->canonical.maxlen)
		enlargeStringInfo(&work->canonical, (int) size);
	start = append(work->canonical.data, plan->head.data, plan->head.len);
	end = s3_uri_write_path(start, key, &work->ascii);
	work->key = s3_slice(start, end - start);
	return !plan->is_signed || sign(plan, work, end, err);
}

size_t
s3_link_length(const S3LinkPlan *plan, const S3LinkWork *work)
{
	return plan->url.len + work->key.len + plan->query.len +
		(plan->is_signed ? AROUND_LEN : 0);
}

void
s3_link_write(const S3LinkPlan *plan, const S3LinkWork *work, char *out)
{
	out = append(out, plan->url.data, plan->url.len);
	out = append(out, work->key.data, work->key.len);
	if (!plan->is_signed)
		return;
	out = append(out, QUERY_START, strlen(QUERY_START));
	out = append(out, plan->query.data, plan->query.len);
	out = append(out, QUERY_END, strlen(QUERY_END));
	(void) append(out, work->signature, SIGNATURE_LEN);
}

static void
set_text(StringInfo dst, const char *text)
{
	resetStringInfo(dst);
	appendStringInfoString(dst, text);
}

/* The buffer has room for the tail. */
static bool
sign(const S3LinkPlan *plan, S3LinkWork *work, char *end, S3Error *err)
{
	const char *canonical = work->canonical.data;
	uint8		hash[S3_SHA256_LEN];

	end = append(end, plan->tail.data, plan->tail.len);
	if (!s3_sha256(s3_slice(canonical, end - canonical), hash, err))
		return false;
	s3_hex(hash, sizeof(hash), work->signature);
	if (!s3_hmac_final(&plan->frame.hmac, s3_slice(work->signature, SIGNATURE_LEN), hash, err))
		return false;
	s3_hex(hash, sizeof(hash), work->signature);
	return true;
}

/* Returns the end of what it has written. */
static char *
append(char *out, const char *data, size_t len)
{
	memcpy(out, data, len);
	return out + len;
}
