/*-------------------------------------------------------------------------
 *
 * attempt_again.c
 *	  Whether a failed attempt is made again, and what is learnt from it.
 *
 * By what retry.c says of the failure, the number of attempts that the settings
 * allow, the call's deadline, and the server's budget for retries.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <time.h>

#include "base/date.h"
#include "base/random.h"
#include "client/attempt.h"
#include "client/server_facts.h"
#include "s3/response.h"

#define CLOCK_OFFSET_MAX	SECS_PER_DAY	/* a server's clock, to be
											 * believed */

static bool learn_clock(S3Attempt *attempt);
static bool learn_region(S3Attempt *attempt);
static bool take_tokens(S3Attempt *attempt, S3RetryReason reason);
static void forget_answer(S3HttpResponse *response);

bool
s3_attempt_again(S3Attempt *attempt, S3RetryReason reason)
{
	S3Finished *finished = &attempt->finished;
	bool		at_once = (reason == S3_RETRY_CLOCK && learn_clock(attempt)) ||
		(reason == S3_RETRY_REGION && learn_region(attempt));
	int64		due = s3_http_now();

	if (!at_once)
	{
		if (reason == S3_RETRY_NEVER || reason == S3_RETRY_CLOCK || reason == S3_RETRY_REGION ||
			attempt->attempts >= attempt->attempts_max)
			return false;
		due += s3_retry_delay(attempt->attempts, s3_random_fraction(),
							  finished->response.status == 0 ? NULL :
							  s3_response_header(&finished->response, "retry-after"));
	}
	if (attempt->deadline > 0 && due >= attempt->deadline)
		return false;
	if (!at_once && !take_tokens(attempt, reason))
		return false;

	/*
	 * A server that failed, or a proxy before it, may have served it all the
	 * same.
	 */
	if (reason == S3_RETRY_FAILED)
		attempt->lost = true;
	forget_answer(&finished->response);
	attempt->due = due;
	return true;
}

void
s3_attempt_return_tokens(const S3Attempt *attempt)
{
	S3ServerFacts *server = s3_server_facts_find(attempt->finished.call->endpoint_host);

	server->retry_tokens = Min(server->retry_tokens + Max(attempt->tokens, 1),
							   S3_RETRY_TOKENS_MAX);
}

/*
 * Signs for the server's clock from now on.  An offset that did not help, and
 * one that no clock would have, is not believed.
 */
static bool
learn_clock(S3Attempt *attempt)
{
	S3Finished *finished = &attempt->finished;
	char	   *date = s3_response_header(&finished->response, "date");
	int64		there;
	int64		offset;

	if (attempt->clock_tried || date == NULL || !s3_date_parse_http(date, &there))
		return false;
	attempt->clock_tried = true;
	offset = there - (int64) time(NULL);
	if (offset > CLOCK_OFFSET_MAX || offset < -CLOCK_OFFSET_MAX)
		return false;
	s3_server_facts_find(finished->call->endpoint_host)->clock_offset = offset;
	return true;
}

/* Once a call: no server sends it around in circles. */
static bool
learn_region(S3Attempt *attempt)
{
	S3Call	   *call = attempt->finished.call;
	const char *region = attempt->finished.err.region;
	S3Error		err;

	if (attempt->region_tried || strcmp(region, call->region) == 0)
		return false;
	attempt->region_tried = true;
	if (!s3_attempt_follow_settings(attempt, &err))
		return false;
	s3_server_facts_learn_bucket_region(call->endpoint_host, call->location.bucket, region);
	return s3_call_use_region(call, region, &err);
}

static bool
take_tokens(S3Attempt *attempt, S3RetryReason reason)
{
	S3ServerFacts *server = s3_server_facts_find(attempt->finished.call->endpoint_host);
	int			cost = s3_retry_cost(reason);

	if (server->retry_tokens < cost)
		return false;
	server->retry_tokens -= cost;
	attempt->tokens = cost;
	return true;
}

/* So that no number of retries adds up. */
static void
forget_answer(S3HttpResponse *response)
{
	if (response->headers != NULL)
		pfree(response->headers);
	if (response->body != NULL)
		pfree(response->body - VARHDRSZ);
	memset(response, 0, sizeof(*response));
}
