/*-------------------------------------------------------------------------
 *
 * response.c
 *	  What an S3 server's answer means.
 *
 * Pure.  An answer without a body (HEAD) is told by its status alone, and a
 * 403 never passes for "does not exist".
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/date.h"
#include "s3/credentials_syntax.h"
#include "s3/metadata.h"
#include "s3/region.h"
#include "s3/response.h"

#define LENGTH_DIGITS_MAX	18
#define ETAG_MAX			1024
#define SKEW_CODE			"RequestTimeTooSkewed"

/* Error codes that say more than the HTTP status. */
static const struct
{
	const char *code;
	S3ErrorKind kind;
	const char *message;
	const char *hint;
}			known_codes[] =
{
	{"AccessDenied", S3_ERROR_DENIED, "access denied",
	"Check that the configured credentials allow this operation on this object."},
	{"AuthorizationHeaderMalformed", S3_ERROR_ARGUMENT, "the signature is for another region", NULL},
	{"ConditionalRequestConflict", S3_ERROR_CONFLICT, "the object is being written by somebody else", NULL},
	{"EntityTooLarge", S3_ERROR_TOO_LARGE, "the object is too large for the server", NULL},
	{"ExpiredToken", S3_ERROR_DENIED, "the session token has expired",
	"Set a fresh s3store.session_token together with its access keys."},
	{"InvalidAccessKeyId", S3_ERROR_DENIED, "the server does not have this access key",
	"Check s3store.access_key_id, or the credentials file, and the endpoint they belong to."},
	{"InvalidTokenId", S3_ERROR_DENIED, "the session token is invalid", NULL},
	{"InvalidToken", S3_ERROR_DENIED, "the session token is invalid", NULL},
	{"KeyTooLongError", S3_ERROR_TOO_LARGE, "the key is too long for the server", NULL},
	{"MethodNotAllowed", S3_ERROR_UNSUPPORTED, "the server does not allow this operation here", NULL},
	{"NoSuchBucket", S3_ERROR_NOT_FOUND, "bucket does not exist", NULL},
	{"NoSuchKey", S3_ERROR_NOT_FOUND, "object does not exist", NULL},
	{"NoSuchVersion", S3_ERROR_NOT_FOUND, "version does not exist", NULL},
	{"NotImplemented", S3_ERROR_UNSUPPORTED, "the server does not support this", NULL},
	{"PermanentRedirect", S3_ERROR_ARGUMENT, "the bucket is in another region", NULL},
	{"PreconditionFailed", S3_ERROR_CONFLICT, "a condition of the request does not hold", NULL},
	{"RequestExpired", S3_ERROR_DENIED, "the request has expired",
	"Check the clock of the database server."},
	{SKEW_CODE, S3_ERROR_DENIED, "the clocks of the two servers differ too much",
	"Set the clock of the database server; S3 allows 15 minutes."},
	{"RequestTimeout", S3_ERROR_SERVER, "the server waited too long for the request", NULL},
	{"SignatureDoesNotMatch", S3_ERROR_DENIED, "the server computed another signature",
	"Check the secret access key, and that no proxy changes the request."},
	{"SlowDown", S3_ERROR_SERVER, "the server asks for fewer requests", NULL},
	{"TemporaryRedirect", S3_ERROR_ARGUMENT, "the bucket is in another region", NULL}
};

/* An answer's headers, one at a time. */
typedef struct HeaderLine
{
	S3Slice		name;
	S3Slice		value;
} HeaderLine;

/* What an object is described by, but for its metadata. */
typedef enum ObjectHeader
{
	HEADER_LENGTH,
	HEADER_STORED_LENGTH,
	HEADER_LAST_MODIFIED,
	HEADER_ETAG,
	HEADER_TYPE,
	HEADER_ENCODING,
	HEADER_DISPOSITION,
	HEADER_LANGUAGE,
	HEADER_CACHE_CONTROL,
	HEADER_STORAGE_CLASS,
	HEADER_VERSION_ID,
	HEADER_ENCRYPTION,
	HEADER_CUSTOMER_KEY,
	OBJECT_HEADERS
} ObjectHeader;

static const S3Slice object_headers[OBJECT_HEADERS] = {
	[HEADER_LENGTH] = S3_SLICE_LITERAL("content-length"),
	[HEADER_STORED_LENGTH] = S3_SLICE_LITERAL("x-goog-stored-content-length"),
	[HEADER_LAST_MODIFIED] = S3_SLICE_LITERAL("last-modified"),
	[HEADER_ETAG] = S3_SLICE_LITERAL("etag"),
	[HEADER_TYPE] = S3_SLICE_LITERAL("content-type"),
	[HEADER_ENCODING] = S3_SLICE_LITERAL("content-encoding"),
	[HEADER_DISPOSITION] = S3_SLICE_LITERAL("content-disposition"),
	[HEADER_LANGUAGE] = S3_SLICE_LITERAL("content-language"),
	[HEADER_CACHE_CONTROL] = S3_SLICE_LITERAL("cache-control"),
	[HEADER_STORAGE_CLASS] = S3_SLICE_LITERAL("x-amz-storage-class"),
	[HEADER_VERSION_ID] = S3_SLICE_LITERAL("x-amz-version-id"),
	[HEADER_ENCRYPTION] = S3_SLICE_LITERAL("x-amz-server-side-encryption"),
	[HEADER_CUSTOMER_KEY] = S3_SLICE_LITERAL("x-amz-server-side-encryption-customer-algorithm")
};

static bool is_etag(const char *value);
static bool refuse_length(S3Error *err);
static void read_object_headers(const S3HttpResponse *response, char **values, S3Fields *metadata);
static int	find_name(S3Slice name, const S3Slice *names, int count);
static bool next_header(const S3HttpResponse *response, size_t *pos, HeaderLine *line);
static S3Slice body_of(const S3HttpResponse *response);
static bool read_error_body(const S3HttpResponse *response, S3Error *err);
static void set_by_status(S3Error *err, int status);
static void refine_by_code(S3Error *err);
static void read_error_element(void *arg, int depth, const char *name, S3Slice text);
static void take_region(S3Error *err, const char *region);
static void tell_delete_marker(S3Error *err);
static void add_region_hint(S3Error *err);

char *
s3_response_header(const S3HttpResponse *response, const char *name)
{
	HeaderLine	line;
	size_t		pos = 0;
	size_t		len = strlen(name);

	while (next_header(response, &pos, &line))
	{
		if (line.name.len == len && pg_strncasecmp(line.name.data, name, len) == 0)
			return s3_slice_dup(line.value);
	}
	return NULL;
}

void
s3_response_headers(const S3HttpResponse *response, const S3Slice *names, int count, char **values)
{
	HeaderLine	line;
	size_t		pos = 0;

	memset(values, 0, count * sizeof(char *));
	while (next_header(response, &pos, &line))
	{
		int			i = find_name(line.name, names, count);

		if (i < count && values[i] == NULL)
			values[i] = s3_slice_dup(line.value);
	}
}

bool
s3_response_date(const S3HttpResponse *response, int64 *seconds)
{
	char	   *date = s3_response_header(response, "date");

	return date != NULL && s3_date_parse_http(date, seconds);
}

bool
s3_response_check(const S3HttpResponse *response, S3Error *err)
{
	char	   *value;

	if (response->status >= 200 && response->status <= 299)
		return true;

	set_by_status(err, response->status);
	(void) read_error_body(response, err);
	if ((value = s3_response_header(response, "x-amz-bucket-region")) != NULL)
		take_region(err, value);
	refine_by_code(err);
	if ((value = s3_response_header(response, "x-amz-delete-marker")) != NULL &&
		pg_strcasecmp(value, "true") == 0)
		tell_delete_marker(err);
	add_region_hint(err);
	return false;
}

bool
s3_response_document(const S3HttpResponse *response, const char *root,
					 S3XmlElementEnd element_end, void *arg, S3Error *err)
{
	return s3_response_check_late(response, err) &&
		s3_xml_parse(body_of(response), root, element_end, arg, err);
}

bool
s3_response_check_late(const S3HttpResponse *response, S3Error *err)
{
	S3Error		failure;

	if (response->body_len == 0)
		return true;
	s3_error_set(&failure, S3_ERROR_SERVER, "the server failed");
	failure.http_status = response->status;
	if (!read_error_body(response, &failure))
		return true;
	*err = failure;
	refine_by_code(err);
	return false;
}

bool
s3_response_is_empty(const S3HttpResponse *response)
{
	return body_of(response).len == 0;
}

void
s3_response_code_error(const char *code, const char *message, int status, S3Error *err)
{
	s3_error_set(err, S3_ERROR_SERVER, "the server refused");
	err->http_status = status;
	strlcpy(err->code, code, sizeof(err->code));
	strlcpy(err->server_message, message, sizeof(err->server_message));
	refine_by_code(err);
}

bool
s3_response_check_range(const S3HttpResponse *response, int64 first, int64 last, int64 size,
						S3Error *err)
{
	int64		len = last - first + 1;
	char	   *range = s3_response_header(response, "content-range");
	char	   *wanted = psprintf("bytes %lld-%lld/%lld", (long long) first,
								  (long long) last, (long long) size);
	bool		right = len == size ? response->status == 200 :
		response->status == 206 && range != NULL && strcmp(range, wanted) == 0;

	if (right && response->body_len == (size_t) len)
		return true;
	s3_error_set(err, S3_ERROR_PROTOCOL, "server sent another part of the object");
	return s3_error_detail(err, "Asked for %s, it sent %zu bytes of \"%s\".", wanted,
						   response->body_len, range == NULL ? "all" : range);
}

bool
s3_response_condition_failed(const S3Error *err)
{
	return err->http_status == 412;
}

bool
s3_response_is_conflict(const S3Error *err)
{
	return s3_response_condition_failed(err) ||
		strcmp(err->code, "ConditionalRequestConflict") == 0;
}

/* A 404 and a failure of the server say enough by their status. */
bool
s3_response_hides_reason(const S3Error *err)
{
	int			status = err->http_status;

	return err->code[0] == '\0' && !s3_response_is_other_region(err) &&
		(status == 301 || status == 307 || status == 400 || status == 401 || status == 403);
}

/* S3 calls the request invalid; there is no code of its own for this. */
bool
s3_response_wants_customer_key(const S3Error *err)
{
	return err->http_status == 400 && err->kind == S3_ERROR_ARGUMENT &&
		!s3_response_is_other_region(err) &&
		(err->code[0] == '\0' || strcmp(err->code, "InvalidRequest") == 0 ||
		 strcmp(err->code, "InvalidArgument") == 0);
}

/* The detail still shows what the server has sent: no error code. */
void
s3_response_tell_skew(S3Error *err)
{
	strlcpy(err->code, SKEW_CODE, sizeof(err->code));
	refine_by_code(err);
	err->code[0] = '\0';
}

/* A 403 stays one, whatever another request says of the object. */
void
s3_response_tell_reason(S3Error *err, const S3Error *told)
{
	if (told->code[0] != '\0' && (told->kind == S3_ERROR_DENIED || told->kind == S3_ERROR_ARGUMENT))
		*err = *told;
}

/* The answer to a HEAD has no body, and so no code: then the status must do. */
bool
s3_response_is_other_region(const S3Error *err)
{
	int			status = err->http_status;
	bool		redirected = status >= 300 && status <= 399 && status != 304;
	bool		malformed = strcmp(err->code, "AuthorizationHeaderMalformed") == 0;
	bool		head_refused = status == 400 && err->code[0] == '\0';

	return err->region[0] != '\0' && (redirected || malformed || head_refused);
}

bool
s3_response_object(const S3HttpResponse *response, S3ObjectInfo *info, S3Error *err)
{
	char	   *values[OBJECT_HEADERS] = {NULL};
	char	   *length;
	char	   *date;

	memset(info, 0, sizeof(*info));
	read_object_headers(response, values, &info->metadata);
	length = values[values[HEADER_STORED_LENGTH] == NULL ? HEADER_LENGTH : HEADER_STORED_LENGTH];
	info->size = S3_SIZE_UNKNOWN;
	if (length != NULL && !s3_parse_length(s3_slice_cstring(length), &info->size))
		return refuse_length(err);
	date = values[HEADER_LAST_MODIFIED];
	info->has_last_modified = date != NULL && s3_date_parse_http(date, &info->last_modified);
	if (values[HEADER_ETAG] != NULL && is_etag(values[HEADER_ETAG]))
		info->etag = s3_slice_dup(s3_etag_unquote(s3_slice_cstring(values[HEADER_ETAG])));
	info->content_type = values[HEADER_TYPE];
	info->content_encoding = values[HEADER_ENCODING];
	info->content_disposition = values[HEADER_DISPOSITION];
	info->content_language = values[HEADER_LANGUAGE];
	info->cache_control = values[HEADER_CACHE_CONTROL];
	info->storage_class = values[HEADER_STORAGE_CLASS];
	if (info->storage_class == NULL)
		info->storage_class = pstrdup("STANDARD");
	info->version_id = values[HEADER_VERSION_ID];
	info->server_side_encryption = values[HEADER_ENCRYPTION];
	info->customer_key = values[HEADER_CUSTOMER_KEY] != NULL;
	return true;
}

/* What could not be text of a database is no ETag, as if there were none. */
static bool
is_etag(const char *value)
{
	S3Error		ignored;

	return s3_check_printable("ETag", value, ETAG_MAX, &ignored);
}

bool
s3_response_sized_object(const S3HttpResponse *response, S3ObjectInfo *info, S3Error *err)
{
	return s3_response_object(response, info, err) &&
		(info->size != S3_SIZE_UNKNOWN || refuse_length(err));
}

static bool
refuse_length(S3Error *err)
{
	s3_error_set(err, S3_ERROR_PROTOCOL, "could not understand the server's answer");
	return s3_error_detail(err, "There is no valid Content-Length.");
}

/* In one pass: a million objects are looked up this way. */
static void
read_object_headers(const S3HttpResponse *response, char **values, S3Fields *metadata)
{
	HeaderLine	line;
	size_t		pos = 0;
	size_t		prefix = strlen(S3_METADATA_PREFIX);

	while (next_header(response, &pos, &line))
	{
		int			i = find_name(line.name, object_headers, OBJECT_HEADERS);

		if (i < OBJECT_HEADERS)
		{
			if (values[i] == NULL)
				values[i] = s3_slice_dup(line.value);
		}
		else if (line.name.len > prefix &&
				 pg_strncasecmp(line.name.data, S3_METADATA_PREFIX, prefix) == 0)
			s3_fields_add(metadata, pnstrdup(line.name.data + prefix, line.name.len - prefix),
						  s3_slice_dup(line.value));
	}
}

/* Returns "count" for any other one. */
static int
find_name(S3Slice name, const S3Slice *names, int count)
{
	int			i = 0;

	while (i < count &&
		   (name.len != names[i].len ||
			pg_strncasecmp(name.data, names[i].data, name.len) != 0))
		i++;
	return i;
}

S3Slice
s3_etag_unquote(S3Slice etag)
{
	if (etag.len >= 2 && etag.data[0] == '"' && etag.data[etag.len - 1] == '"')
		return s3_slice(etag.data + 1, etag.len - 2);
	return etag;
}

bool
s3_parse_length(S3Slice text, int64 *length)
{
	if (text.len < 1 || text.len > LENGTH_DIGITS_MAX)
		return false;
	*length = 0;
	for (size_t i = 0; i < text.len; i++)
	{
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		*length = *length * 10 + (text.data[i] - '0');
	}
	return true;
}

/* Reads the header line at *pos; false at the end. */
static bool
next_header(const S3HttpResponse *response, size_t *pos, HeaderLine *line)
{
	while (*pos < response->headers_len)
	{
		const char *start = response->headers + *pos;
		size_t		left = response->headers_len - *pos;
		const char *newline = memchr(start, '\n', left);
		size_t		len = newline == NULL ? left : (size_t) (newline - start);
		const char *colon = memchr(start, ':', len);

		*pos += newline == NULL ? len : len + 1;
		if (colon == NULL)
			continue;			/* the status line, or the empty line */
		line->name = s3_slice(start, colon - start);
		line->value = s3_slice_trim(s3_slice(colon + 1, start + len - colon - 1));
		return true;
	}
	return false;
}

/* The blanks that keep a connection alive may come first. */
static S3Slice
body_of(const S3HttpResponse *response)
{
	S3Slice		body = s3_slice(response->body, response->body_len);

	while (body.len > 0 && s3_is_blank(body.data[0]))
	{
		body.data++;
		body.len--;
	}
	return body;
}

/*
 * Adds what the body says, if it is an error at all, and the request's ID.
 */
static bool
read_error_body(const S3HttpResponse *response, S3Error *err)
{
	S3Slice		document = body_of(response);
	S3Error		parse_error;
	S3Error		body;
	char	   *id = s3_response_header(response, "x-amz-request-id");
	bool		is_error;

	memset(&body, 0, sizeof(body));
	is_error = document.len > 0 &&
		s3_xml_parse(document, "Error", read_error_element, &body, &parse_error);
	if (is_error)
	{
		strlcpy(err->code, body.code, sizeof(err->code));
		strlcpy(err->server_message, body.server_message, sizeof(err->server_message));
		strlcpy(err->request_id, body.request_id, sizeof(err->request_id));
		strlcpy(err->region, body.region, sizeof(err->region));
	}
	if (id != NULL)
		s3_error_copy_text(err->request_id, sizeof(err->request_id), s3_slice_cstring(id));
	return is_error;
}

/* What is known without a body. */
static void
set_by_status(S3Error *err, int status)
{
	if (status == 401 || status == 403)
	{
		s3_error_set(err, S3_ERROR_DENIED, "access denied");
		s3_error_hint(err, "Check the credentials and what they allow: without the right to list the bucket, S3 also answers so for objects that do not exist.");
	}
	else if (status == 404)
		s3_error_set(err, S3_ERROR_NOT_FOUND, "object does not exist");
	else if (status == 304)
		s3_error_set(err, S3_ERROR_CONFLICT, "the object has not been modified");
	else if (status == 405 || status == 501)
		s3_error_set(err, S3_ERROR_UNSUPPORTED, "the server does not support this");
	else if (status == 408)
		s3_error_set(err, S3_ERROR_SERVER, "the server waited too long for the request");
	else if (status == 409 || status == 412)
		s3_error_set(err, S3_ERROR_CONFLICT, "a condition of the request does not hold");
	else if (status == 413)
		s3_error_set(err, S3_ERROR_TOO_LARGE, "the object is too large for the server");
	else if (status == 416)
		s3_error_set(err, S3_ERROR_ARGUMENT, "the range lies outside the object");
	else if (status == 429)
		s3_error_set(err, S3_ERROR_SERVER, "the server asks for fewer requests");
	else if (status >= 500)
		s3_error_set(err, S3_ERROR_SERVER, "the server failed");
	else if (status >= 300 && status <= 399)
		s3_error_set(err, S3_ERROR_ARGUMENT, "the server redirects to another address");
	else
		s3_error_set(err, S3_ERROR_ARGUMENT, "the server refused the request");
	err->http_status = status;
}

/*
 * What the code in the body adds to it; the rest of "err" stays.  Whatever
 * the code, only a status of 404 means that something does not exist.
 */
static void
refine_by_code(S3Error *err)
{
	for (int i = 0; i < lengthof(known_codes); i++)
	{
		if (strcmp(err->code, known_codes[i].code) != 0)
			continue;
		if (known_codes[i].kind == S3_ERROR_NOT_FOUND && err->http_status != 404)
			continue;
		err->kind = known_codes[i].kind;
		strlcpy(err->message, known_codes[i].message, sizeof(err->message));
		err->hint[0] = '\0';
		if (known_codes[i].hint != NULL)
			s3_error_hint(err, "%s", known_codes[i].hint);
	}
}

static void
read_error_element(void *arg, int depth, const char *name, S3Slice text)
{
	S3Error    *body = arg;

	if (depth != 1)
		return;
	if (strcmp(name, "Code") == 0)
		s3_error_copy_text(body->code, sizeof(body->code), text);
	else if (strcmp(name, "Message") == 0)
		s3_error_copy_text(body->server_message, sizeof(body->server_message), text);
	else if (strcmp(name, "RequestId") == 0)
		s3_error_copy_text(body->request_id, sizeof(body->request_id), text);
	else if (strcmp(name, "Region") == 0)
	{
		char		region[S3_REGION_MAX + 2];

		s3_error_copy_text(region, sizeof(region), text);
		take_region(body, region);
	}
}

/* Keeps what a server named only when it can be a region. */
static void
take_region(S3Error *err, const char *region)
{
	S3Error		invalid;

	if (s3_check_region(region, &invalid))
		strlcpy(err->region, region, sizeof(err->region));
}

/*
 * The current version says so with a 404, one that was asked for by its ID
 * with a 405: neither has any content to give.
 */
static void
tell_delete_marker(S3Error *err)
{
	if (err->http_status != 404 && err->http_status != 405)
		return;
	err->kind = S3_ERROR_NOT_FOUND;
	strlcpy(err->message, "object does not exist", sizeof(err->message));
	s3_error_detail(err, err->http_status == 404 ?
					"Its current version is a delete marker." :
					"This version is a delete marker.");
	err->hint[0] = '\0';
	s3_error_hint(err, "Pass the VersionId of an older version, or delete the marker by its VersionId.");
}

static void
add_region_hint(S3Error *err)
{
	if (!s3_response_is_other_region(err))
		return;
	err->hint[0] = '\0';
	s3_error_hint(err, "The server named the region \"%s\": set it as s3store.region, or as \"region\" of this scheme in s3store.endpoints.",
				  err->region);
}
