/*
 * Fuzzes answers: a byte for the status, header lines, an empty line, the
 * body.
 */
#include "fuzz.h"
#include "s3/address.h"
#include "s3/region.h"
#include "s3/response.h"

#define MALFORMED \
	"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"

const FuzzSeed fuzz_seeds[] = {
	SEED("0Content-Length: 42\r\nLast-Modified: Tue, 02 Jan 2024 03:04:05 GMT\r\nETag: \"abc\"\r\n"
		 "x-amz-meta-a: 1\r\nx-amz-version-id: v\r\n\n\n"),
	SEED("6x-amz-request-id: 0A1B\r\n\n\n<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>"),
	SEED("2x-amz-bucket-region: eu-west-1\r\n\n\n"),
	SEED("3\n\n" MALFORMED),
	SEED("5\n\n<Error><Code>NoSuchKey</Code><RequestId>0A1B</RequestId></Error>"),
	SEED("5\n\n<Error><Code>SignatureDoesNotMatch</Code></Error>"),
	SEED("9\n\n<html><body>Bad Gateway</body></html>"),
	{NULL, 0}
};

static const int statuses[] = {200, 206, 301, 400, 401, 403, 404, 409, 412, 503};

static void check_info(const S3ObjectInfo *info, size_t headers_len);

void
fuzz_one(const uint8 *data, size_t size)
{
	S3HttpResponse response = {0};
	S3ObjectInfo info;
	S3Error		err;
	S3Error		ignored;
	const char *gap;

	if (size < 1)
		return;
	response.status = statuses[data[0] % lengthof(statuses)];
	response.headers = (char *) data + 1;
	response.headers_len = size - 1;
	for (gap = response.headers; gap + 1 < (char *) data + size; gap++)
	{
		if (gap[0] != '\n' || gap[1] != '\n')
			continue;
		response.headers_len = gap - response.headers;
		response.body_len = (char *) data + size - gap - 2;
		response.body = palloc(response.body_len + 1);
		memcpy(response.body, gap + 2, response.body_len);
		break;
	}

	if (s3_response_check(&response, &err))
		MUST(response.status < 300);
	else
	{
		must_be_error(&err);
		MUST(err.http_status == response.status);
		MUST(err.kind != S3_ERROR_NOT_FOUND || response.status == 404);
		MUST(err.region[0] == '\0' || s3_check_region(err.region, &ignored));
	}
	if (s3_response_object(&response, &info, &err))
		check_info(&info, response.headers_len);
	else
		must_be_error(&err);
}

static void
check_info(const S3ObjectInfo *info, size_t headers_len)
{
	MUST(info->size >= 0 || info->size == S3_SIZE_UNKNOWN);
	MUST(info->storage_class != NULL);
	MUST(info->metadata.count <= headers_len / strlen("x-amz-meta-a:"));
	for (int i = 0; i < info->metadata.count; i++)
	{
		MUST(strpbrk(info->metadata.items[i].name, ":\n") == NULL);
		MUST(strpbrk(info->metadata.items[i].value, "\n") == NULL);
	}
}
