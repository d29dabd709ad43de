/*
 * Unit tests of the response room: errors, headers, dates.
 */
#include "s3/response.h"
#include "tap.h"

static const struct
{
	int			status;
	S3ErrorKind kind;
	const char *message;
}			status_cases[] =
{
	{100, S3_ERROR_ARGUMENT, "the server refused the request"},
	{199, S3_ERROR_ARGUMENT, "the server refused the request"},
	{300, S3_ERROR_ARGUMENT, "the server redirects to another address"},
	{301, S3_ERROR_ARGUMENT, "the server redirects to another address"},
	{304, S3_ERROR_CONFLICT, "the object has not been modified"},
	{307, S3_ERROR_ARGUMENT, "the server redirects to another address"},
	{399, S3_ERROR_ARGUMENT, "the server redirects to another address"},
	{400, S3_ERROR_ARGUMENT, "the server refused the request"},
	{401, S3_ERROR_DENIED, "access denied"},
	{402, S3_ERROR_ARGUMENT, "the server refused the request"},
	{403, S3_ERROR_DENIED, "access denied"},
	{404, S3_ERROR_NOT_FOUND, "object does not exist"},
	{405, S3_ERROR_UNSUPPORTED, "the server does not support this"},
	{408, S3_ERROR_SERVER, "the server waited too long for the request"},
	{409, S3_ERROR_CONFLICT, "a condition of the request does not hold"},
	{411, S3_ERROR_ARGUMENT, "the server refused the request"},
	{412, S3_ERROR_CONFLICT, "a condition of the request does not hold"},
	{413, S3_ERROR_TOO_LARGE, "the object is too large for the server"},
	{416, S3_ERROR_ARGUMENT, "the range lies outside the object"},
	{429, S3_ERROR_SERVER, "the server asks for fewer requests"},
	{499, S3_ERROR_ARGUMENT, "the server refused the request"},
	{500, S3_ERROR_SERVER, "the server failed"},
	{501, S3_ERROR_UNSUPPORTED, "the server does not support this"},
	{502, S3_ERROR_SERVER, "the server failed"},
	{503, S3_ERROR_SERVER, "the server failed"},
	{504, S3_ERROR_SERVER, "the server failed"},
	{599, S3_ERROR_SERVER, "the server failed"}
};

/* Each with the status that S3's API Reference gives for it */
static const struct
{
	const char *code;
	int			status;
	S3ErrorKind kind;
	const char *message;
	const char *hint;			/* how it begins, or NULL */
}			code_cases[] =
{
	{"AccessDenied", 403, S3_ERROR_DENIED, "access denied", "Check that the configured"},
	{"AuthorizationHeaderMalformed", 400, S3_ERROR_ARGUMENT, "the signature is for another region", NULL},
	{"ConditionalRequestConflict", 409, S3_ERROR_CONFLICT, "the object is being written by somebody else", NULL},
	{"EntityTooLarge", 400, S3_ERROR_TOO_LARGE, "the object is too large for the server", NULL},
	{"ExpiredToken", 400, S3_ERROR_DENIED, "the session token has expired", "Set a fresh"},
	{"InvalidAccessKeyId", 403, S3_ERROR_DENIED, "the server does not have this access key", "Check s3store.access_key_id"},
	{"InvalidTokenId", 403, S3_ERROR_DENIED, "the session token is invalid", NULL},
	{"InvalidToken", 400, S3_ERROR_DENIED, "the session token is invalid", NULL},
	{"KeyTooLongError", 400, S3_ERROR_TOO_LARGE, "the key is too long for the server", NULL},
	{"MethodNotAllowed", 405, S3_ERROR_UNSUPPORTED, "the server does not allow this operation here", NULL},
	{"NoSuchBucket", 404, S3_ERROR_NOT_FOUND, "bucket does not exist", NULL},
	{"NoSuchKey", 404, S3_ERROR_NOT_FOUND, "object does not exist", NULL},
	{"NoSuchVersion", 404, S3_ERROR_NOT_FOUND, "version does not exist", NULL},
	{"NotImplemented", 501, S3_ERROR_UNSUPPORTED, "the server does not support this", NULL},
	{"PermanentRedirect", 301, S3_ERROR_ARGUMENT, "the bucket is in another region", NULL},
	{"PreconditionFailed", 412, S3_ERROR_CONFLICT, "a condition of the request does not hold", NULL},
	{"RequestExpired", 400, S3_ERROR_DENIED, "the request has expired", "Check the clock"},
	{"RequestTimeTooSkewed", 403, S3_ERROR_DENIED, "the clocks of the two servers differ too much", "Set the clock"},
	{"RequestTimeout", 400, S3_ERROR_SERVER, "the server waited too long for the request", NULL},
	{"SignatureDoesNotMatch", 403, S3_ERROR_DENIED, "the server computed another signature", "Check the secret"},
	{"SlowDown", 503, S3_ERROR_SERVER, "the server asks for fewer requests", NULL},
	{"TemporaryRedirect", 307, S3_ERROR_ARGUMENT, "the bucket is in another region", NULL},

	/* Codes that say no more than the status */
	{"InternalError", 500, S3_ERROR_SERVER, "the server failed", NULL},
	{"InvalidArgument", 400, S3_ERROR_ARGUMENT, "the server refused the request", NULL},
	{"nosuchkey", 400, S3_ERROR_ARGUMENT, "the server refused the request", NULL},
	{"NoSuchKeyToo", 404, S3_ERROR_NOT_FOUND, "object does not exist", NULL},
	{"", 404, S3_ERROR_NOT_FOUND, "object does not exist", NULL},

	/* Only a 404 means that something does not exist. */
	{"NoSuchKey", 403, S3_ERROR_DENIED, "access denied", "Check the credentials"},
	{"NoSuchBucket", 401, S3_ERROR_DENIED, "access denied", "Check the credentials"},
	{"NoSuchVersion", 500, S3_ERROR_SERVER, "the server failed", NULL},
	{"NoSuchKey", 301, S3_ERROR_ARGUMENT, "the server redirects to another address", NULL},
	{"AccessDenied", 404, S3_ERROR_DENIED, "access denied", "Check that the configured"}
};

#define ERROR_XML(elements) \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>" elements "</Error>"

/* What of a body, and of headers, shows in the error */
typedef struct AnswerCase
{
	const char *name;
	int			status;
	const char *headers;
	const char *body;
	const char *code;
	const char *server_message;
	const char *request_id;
	const char *region;
	bool		region_hint;
} AnswerCase;

static const AnswerCase answer_cases[] = {
	{"everything", 404, "",
		ERROR_XML("<Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>"
				  "<Key>k</Key><RequestId>0A1B</RequestId><HostId>h</HostId>"),
	"NoSuchKey", "The specified key does not exist.", "0A1B", "", false},
	{"a namespace", 404, "",
		"<Error xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Code>NoSuchKey</Code></Error>",
	"NoSuchKey", "", "", "", false},
	{"the request ID of the header wins", 404, "x-amz-request-id: HEADER\r\n",
	ERROR_XML("<RequestId>BODY</RequestId>"), "", "", "HEADER", "", false},
	{"headers without a body", 404, "X-Amz-Request-Id:  0A1B \r\nx-amz-bucket-region: eu-west-1\r\n",
	"", "", "", "0A1B", "eu-west-1", false},
	{"elements too deep do not count", 404, "",
		ERROR_XML("<Inner><Code>NoSuchBucket</Code></Inner><Code>NoSuchKey</Code>"),
	"NoSuchKey", "", "", "", false},
	{"the last of two counts", 404, "", ERROR_XML("<Code>A</Code><Code>B</Code>"), "B", "", "", "", false},
	{"unclean words", 400, "x-amz-request-id: a\x1b[31m\xff\r\n",
	ERROR_XML("<Code>A\n</Code><Message>a\tb</Message>"), "A?", "a?b", "a?[31m?", "", false},
	{"HTML", 502, "", "<html><body>Bad Gateway</body></html>", "", "", "", "", false},
	{"text", 503, "", "upstream connect error", "", "", "", "", false},
	{"a truncated document", 404, "", "<Error><Code>NoSuchKey</Code>", "", "", "", "", false},
	{"another document", 404, "", "<ListBucketResult><Code>A</Code></ListBucketResult>", "", "", "", "", false},
	{"a document type", 404, "", "<!DOCTYPE Error><Error><Code>A</Code></Error>", "", "", "", "", false},

	{"301 names the region", 301, "x-amz-bucket-region: eu-west-1\r\n", "", "", "", "", "eu-west-1", true},
	{"307 names the region", 307, "x-amz-bucket-region: eu-west-1\r\n", "", "", "", "", "eu-west-1", true},
	{"304 does not mean another region", 304, "x-amz-bucket-region: eu-west-1\r\n", "", "", "", "", "eu-west-1", false},
	{"403 does not either", 403, "x-amz-bucket-region: eu-west-1\r\n", "", "", "", "", "eu-west-1", false},
	{"a malformed authorization names it", 400, "",
		ERROR_XML("<Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region>"),
	"AuthorizationHeaderMalformed", "", "", "eu-west-1", true},
	{"... but need not", 400, "", ERROR_XML("<Code>AuthorizationHeaderMalformed</Code>"),
	"AuthorizationHeaderMalformed", "", "", "", false},
	{"400 to a HEAD names it", 400, "x-amz-bucket-region: eu-west-1\r\n", "", "", "", "", "eu-west-1", true},
	{"400 with another code does not", 400, "x-amz-bucket-region: eu-west-1\r\n",
	ERROR_XML("<Code>InvalidArgument</Code>"), "InvalidArgument", "", "", "eu-west-1", false},
	{"a permanent redirect without region", 301, "",
		ERROR_XML("<Code>PermanentRedirect</Code><Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint>"),
	"PermanentRedirect", "", "", "", false},
	{"a region that is none", 301, "x-amz-bucket-region: ../../x\r\n", "", "", "", "", "", false},
	{"a region with blanks", 301, "", ERROR_XML("<Region>eu west</Region>"), "", "", "", "", false},
	{"a region too long", 301, "", ERROR_XML("<Region>a2345678901234567890123456789012345</Region>"),
	"", "", "", "", false},
	{"the region of the header wins", 301, "x-amz-bucket-region: eu-west-1\r\n",
	ERROR_XML("<Region>eu-west-2</Region>"), "", "", "", "eu-west-1", true},
	{"a wrong one of the header does not", 301, "x-amz-bucket-region: EU\r\n",
	ERROR_XML("<Region>eu-west-2</Region>"), "", "", "", "eu-west-2", true}
};

static const struct
{
	const char *headers;
	const char *name;
	const char *want;
}			header_cases[] =
{
	{"", "a", NULL},
	{"a: 1\r\n", "a", "1"},
	{"A: 1\r\n", "a", "1"},
	{"a: 1\r\n", "A", "1"},
	{"a:1\r\n", "a", "1"},
	{"a: \t 1 2 \t\r\n", "a", "1 2"},
	{"a:\r\n", "a", ""},
	{"a: \r\n", "a", ""},
	{"a: 1:2\r\n", "a", "1:2"},
	{"a: 1\r\na: 2\r\n", "a", "1"},
	{"ab: 1\r\na: 2\r\n", "a", "2"},
	{"a: 1\r\n", "ab", NULL},
	{"a: 1\r\n", "", NULL},
	{": 1\r\n", "", "1"},
	{"a: 1", "a", "1"},
	{"a: 1\r", "a", "1"},
	{"a: 1\nb: 2\n", "b", "2"},
	{"HTTP/1.1 200 OK\r\na: 1\r\n", "a", "1"},
	{"no colon\r\n\r\na: 1\r\n", "a", "1"},
	{"a : 1\r\n", "a", NULL},
	{"x: a: 1\r\n", "a", NULL}
};

static const struct
{
	const char *length;			/* NULL: no such header */
	int64		want;			/* -1: refused */
}			length_cases[] =
{
	{"0", 0},
	{"5", 5},
	{"  7  ", 7},
	{"0123", 123},
	{"5368709120", INT64CONST(5368709120)},
	{"999999999999999999", INT64CONST(999999999999999999)},
	{NULL, -1},
	{"", -1},
	{"1000000000000000000", -1},
	{"99999999999999999999999", -1},
	{"-1", -1},
	{"+1", -1},
	{"1 2", -1},
	{"1, 1", -1},
	{"0x10", -1},
	{"1e3", -1},
	{"five", -1}
};

/* PG_INT64_MIN: refused; the numbers come from Python's calendar.timegm */
static void make_response(S3HttpResponse *response, int status, const char *headers,
						  S3Slice body);
static void test_success(void);
static void test_statuses(void);
static void test_codes(void);
static void test_answers(void);
static void test_long_words(void);
static void test_headers(void);
static void test_object(void);
static void test_lengths(void);
static void test_stored_length(void);

int
main(void)
{
	test_success();
	test_statuses();
	test_codes();
	test_answers();
	test_long_words();
	test_headers();
	test_object();
	test_lengths();
	test_stored_length();
	return tap_done();
}

/* Exact copies: neither headers nor body have a NUL behind them. */
static void
make_response(S3HttpResponse *response, int status, const char *headers, S3Slice body)
{
	memset(response, 0, sizeof(*response));
	response->status = status;
	response->headers_len = strlen(headers);
	response->headers = palloc(Max(response->headers_len, 1));
	memcpy(response->headers, headers, response->headers_len);
	response->body_len = body.len;
	if (body.len > 0)
	{
		response->body = palloc(body.len);
		memcpy(response->body, body.data, body.len);
	}
}

static void
test_success(void)
{
	static const int statuses[] = {200, 201, 204, 206, 299};

	for (int i = 0; i < lengthof(statuses); i++)
	{
		S3HttpResponse response;
		S3Error		err = {0};

		make_response(&response, statuses[i], "",
					  s3_slice_cstring("<Error><Code>InternalError</Code></Error>"));
		ok(s3_response_check(&response, &err), "status %d is a success", statuses[i]);
	}
}

static void
test_statuses(void)
{
	for (int i = 0; i < lengthof(status_cases); i++)
	{
		int			status = status_cases[i].status;
		S3HttpResponse response;
		S3Error		err;

		memset(&err, 'x', sizeof(err));
		make_response(&response, status, "", s3_slice(NULL, 0));
		ok(!s3_response_check(&response, &err), "status %d is an error", status);
		is_int(err.kind, status_cases[i].kind, "kind of status %d", status);
		is_string(err.message, status_cases[i].message, "message of status %d", status);
		is_int(err.http_status, status, "status %d is in the error", status);
		is_string(err.code, "", "no code with status %d", status);
		is_string(err.region, "", "no region with status %d", status);
	}
}

static void
test_codes(void)
{
	for (int i = 0; i < lengthof(code_cases); i++)
	{
		const char *code = code_cases[i].code;
		char	   *body = psprintf(ERROR_XML("<Code>%s</Code>"), code);
		S3HttpResponse response;
		S3Error		err = {0};

		make_response(&response, code_cases[i].status, "", s3_slice_cstring(body));
		ok(!s3_response_check(&response, &err), "%d %s is an error", code_cases[i].status, code);
		is_int(err.kind, code_cases[i].kind, "kind of %d %s", code_cases[i].status, code);
		is_string(err.message, code_cases[i].message, "message of %d %s", code_cases[i].status, code);
		is_string(err.code, code, "code of %d %s", code_cases[i].status, code);
		if (code_cases[i].hint == NULL)
			is_string(err.hint, "", "no hint for %d %s", code_cases[i].status, code);
		else
			ok(strncmp(err.hint, code_cases[i].hint, strlen(code_cases[i].hint)) == 0,
			   "hint for %d %s", code_cases[i].status, code);
	}
}

static void
test_answers(void)
{
	for (int i = 0; i < lengthof(answer_cases); i++)
	{
		const AnswerCase *want = &answer_cases[i];
		S3HttpResponse response;
		S3Error		err = {0};

		make_response(&response, want->status, want->headers, s3_slice_cstring(want->body));
		ok(!s3_response_check(&response, &err), "%s: an error", want->name);
		is_int(err.http_status, want->status, "%s: status", want->name);
		is_string(err.code, want->code, "%s: code", want->name);
		is_string(err.server_message, want->server_message, "%s: message", want->name);
		is_string(err.request_id, want->request_id, "%s: request ID", want->name);
		is_string(err.region, want->region, "%s: region", want->name);
		is_int(strstr(err.hint, "The server named the region \"") != NULL, want->region_hint,
			   "%s: hint at the region", want->name);
	}
}

/* A server's words are cut; a code that is cut is no known code. */
static void
test_long_words(void)
{
	char		words[4096];
	S3HttpResponse response;
	S3Error		err = {0};

	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	make_response(&response, 404, psprintf("x-amz-request-id: %s\r\n", words),
				  s3_slice_cstring(psprintf(ERROR_XML("<Code>%s</Code><Message>%s</Message>"), words, words)));
	ok(!s3_response_check(&response, &err), "long words");
	is_int(strlen(err.code), S3_ERROR_CODE_MAX - 1, "... the code is cut");
	is_int(strlen(err.server_message), S3_ERROR_SERVER_MAX - 1, "... the message is cut");
	is_int(strlen(err.request_id), S3_REQUEST_ID_MAX - 1, "... the request ID is cut");
	is_int(err.kind, S3_ERROR_NOT_FOUND, "... and the status decides");
}

static void
test_headers(void)
{
	for (int i = 0; i < lengthof(header_cases); i++)
	{
		S3HttpResponse response;

		make_response(&response, 200, header_cases[i].headers, s3_slice(NULL, 0));
		is_string(s3_response_header(&response, header_cases[i].name), header_cases[i].want,
				  "header lines %d", i);
	}
}

static void
test_object(void)
{
	S3HttpResponse response;
	S3ObjectInfo info;
	S3Error		err = {0};

	make_response(&response, 200,
				  "Content-Length: 42\r\n"
				  "Last-Modified: Tue, 02 Jan 2024 03:04:05 GMT\r\n"
				  "ETag: \"0123abc-2\"\r\n"
				  "Content-Type: text/plain; charset=utf-8\r\n"
				  "Content-Encoding: gzip\r\n"
				  "Content-Disposition: attachment; filename=\"a.txt\"\r\n"
				  "Content-Language: de\r\n"
				  "Cache-Control: private,max-age=3600\r\n"
				  "x-amz-storage-class: STANDARD_IA\r\n"
				  "x-amz-version-id: v/1+2\r\n"
				  "x-amz-server-side-encryption: aws:kms\r\n"
				  "x-amz-server-side-encryption-customer-algorithm: AES256\r\n"
				  "x-amz-meta-a: 1\r\n"
				  "X-Amz-Meta-B-C:  two  \r\n"
				  "x-amz-meta-: nameless\r\n"
				  "x-amz-metadata: no\r\n"
				  "x-amz-meta-empty:\r\n", s3_slice(NULL, 0));
	ok(s3_response_object(&response, &info, &err), "an object with everything");
	is_int(info.size, 42, "... size");
	ok(info.has_last_modified, "... has a time");
	is_int(info.last_modified, 1704164645, "... time");
	is_string(info.etag, "0123abc-2", "... ETag");
	is_string(info.content_type, "text/plain; charset=utf-8", "... type");
	is_string(info.content_encoding, "gzip", "... encoding");
	is_string(info.content_disposition, "attachment; filename=\"a.txt\"", "... disposition");
	is_string(info.content_language, "de", "... language");
	is_string(info.cache_control, "private,max-age=3600", "... cache control");
	is_string(info.storage_class, "STANDARD_IA", "... storage class");
	is_string(info.version_id, "v/1+2", "... version");
	is_string(info.server_side_encryption, "aws:kms", "... encryption");
	ok(info.customer_key, "... key of its client's");
	is_int(info.metadata.count, 3, "... metadata");
	is_string(s3_fields_find(&info.metadata, "a"), "1", "... its first");
	is_string(s3_fields_find(&info.metadata, "B-C"), "two", "... its second");
	is_string(s3_fields_find(&info.metadata, "empty"), "", "... its third, empty");

	make_response(&response, 200, "content-length: 0\r\n", s3_slice(NULL, 0));
	memset(&info, 'x', sizeof(info));
	ok(s3_response_object(&response, &info, &err), "an object with nothing");
	is_int(info.size, 0, "... has its size");
	ok(!info.has_last_modified, "... no time");
	ok(!info.customer_key, "... no key of its client's");
	is_string(info.etag, NULL, "... no ETag");
	is_string(info.content_type, NULL, "... no type");
	is_string(info.storage_class, "STANDARD", "... the usual storage class");
	is_int(info.metadata.count, 0, "... no metadata");

	make_response(&response, 200,
				  "content-length: 1\r\nlast-modified: yesterday\r\netag: W/\"weak\"\r\n",
				  s3_slice(NULL, 0));
	ok(s3_response_object(&response, &info, &err), "an object with odd headers");
	ok(!info.has_last_modified, "... a date that is none is missing");
	is_string(info.etag, "W/\"weak\"", "... a weak ETag stays whole");

	make_response(&response, 200, "content-length: 1\r\netag: \"\xff\xfe\"\r\n", s3_slice(NULL, 0));
	ok(s3_response_object(&response, &info, &err), "an ETag that is no text");
	is_string(info.etag, NULL, "... is none");
	make_response(&response, 200, "content-length: 1\r\netag: \"\r\n", s3_slice(NULL, 0));
	ok(s3_response_object(&response, &info, &err), "an ETag of one quote");
	is_string(info.etag, "\"", "... stays");
	make_response(&response, 200, "content-length: 1\r\netag: \"\"\r\n", s3_slice(NULL, 0));
	ok(s3_response_object(&response, &info, &err), "an ETag of two quotes");
	is_string(info.etag, "", "... is empty");
}

/* What Google decompresses has the length of what is stored. */
static void
test_stored_length(void)
{
	S3HttpResponse response;
	S3ObjectInfo info;
	S3Error		err;

	make_response(&response, 200, "X-Goog-Stored-Content-Length: 7\r\n", s3_slice(NULL, 0));
	ok(s3_response_sized_object(&response, &info, &err), "the length of what is stored");
	is_int(info.size, 7, "it is that");
	make_response(&response, 200, "X-Goog-Stored-Content-Length: -7\r\n", s3_slice(NULL, 0));
	ok(!s3_response_object(&response, &info, &err), "a length of what is stored that is none");
}

static void
test_lengths(void)
{
	for (int i = 0; i < lengthof(length_cases); i++)
	{
		const char *length = length_cases[i].length;
		S3HttpResponse response;
		S3ObjectInfo info;
		S3Error		err = {0};
		bool		good;

		make_response(&response, 200, length == NULL ? "" : psprintf("content-length: %s\r\n", length),
					  s3_slice(NULL, 0));
		good = s3_response_sized_object(&response, &info, &err);
		is_int(good ? info.size : -1, length_cases[i].want, "length %d", i);
		is_int(err.kind, good ? S3_ERROR_NONE : S3_ERROR_PROTOCOL, "kind of length %d", i);
		ok(s3_response_object(&response, &info, &err) == (good || length == NULL),
		   "length %d where none is needed", i);
		if (length == NULL)
			is_int(info.size, S3_SIZE_UNKNOWN, "then, length %d", i);
	}
}
