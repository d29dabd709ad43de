/*-------------------------------------------------------------------------
 *
 * retry.c
 *	  Whether and when a request that failed is sent again, as the standard
 *	  retry mode of AWS's SDKs has it.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "s3/response.h"
#include "s3/retry.h"

#define DELAY_FIRST			1000	/* ms */
#define DELAY_MAX			20000	/* ms */
#define COST				5	/* tokens */
#define COST_OF_TIMEOUT		10

#define HTTP_TOO_MANY_REQUESTS	429

static bool is_one_of(const char *code, const char *const *codes, int count);
static bool is_throttled(const S3Error *err);
static bool has_failed(const S3Error *err);

S3RetryReason
s3_retry_reason(const S3Error *err, bool repeatable)
{
	if (err->http_status == 0)
		return err->transient && (repeatable || err->unsent) ? S3_RETRY_LOST : S3_RETRY_NEVER;
	if (is_throttled(err))
		return S3_RETRY_THROTTLED;
	if (has_failed(err))
		return repeatable ? S3_RETRY_FAILED : S3_RETRY_NEVER;
	if (strcmp(err->code, "RequestTimeTooSkewed") == 0)
		return S3_RETRY_CLOCK;
	if (s3_response_is_other_region(err))
		return S3_RETRY_REGION;
	return S3_RETRY_NEVER;
}

int
s3_retry_delay(int retry, double fraction, const char *retry_after)
{
	int			shift = Min(retry - 1, 5);
	int			span = Min(DELAY_FIRST << shift, DELAY_MAX);
	int			delay = (int) (span * fraction);
	int64		asked;

	if (retry_after != NULL && s3_parse_length(s3_slice_cstring(retry_after), &asked))
		delay = (int) Max(delay, Min(asked, DELAY_MAX / 1000) * 1000);
	return delay;
}

int
s3_retry_cost(S3RetryReason reason)
{
	return reason == S3_RETRY_LOST ? COST_OF_TIMEOUT : COST;
}

static bool
is_one_of(const char *code, const char *const *codes, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

static bool
is_throttled(const S3Error *err)
{
	static const char *const codes[] = {
		"BandwidthLimitExceeded",
		"EC2ThrottledException",
		"LimitExceededException",
		"PriorRequestNotComplete",
		"ProvisionedThroughputExceededException",
		"RequestLimitExceeded",
		"RequestThrottled",
		"RequestThrottledException",
		"SlowDown",
		"ThrottledException",
		"Throttling",
		"ThrottlingException",
		"TooManyRequestsException",
		"TransactionInProgressException"
	};

	return err->http_status == HTTP_TOO_MANY_REQUESTS ||
		is_one_of(err->code, codes, lengthof(codes));
}

/* An answer of 200 may have an error in its body, too. */
static bool
has_failed(const S3Error *err)
{
	static const char *const codes[] = {
		"InternalError",
		"RequestTimeout",
		"RequestTimeoutException",
		"ServiceUnavailable"
	};

	return err->http_status == 500 || err->http_status == 502 ||
		err->http_status == 503 || err->http_status == 504 || err->http_status == 408 ||
		is_one_of(err->code, codes, lengthof(codes));
}
