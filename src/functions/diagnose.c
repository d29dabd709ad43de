/*-------------------------------------------------------------------------
 *
 * diagnose.c
 *	  Makes a request step by step, and tells which step fails.
 *
 * The steps are those of a call: what they throw is what a call would throw.
 * The server gets two requests: one without a signature, for which any answer
 * will do, and one as a call would send it.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <time.h>

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "backend/error_report.h"
#include "base/date.h"
#include "client/call.h"
#include "client/listing.h"
#include "client/pipeline.h"
#include "credentials/credentials.h"
#include "functions/diagnose.h"
#include "removal/trigger_events.h"
#include "s3/credentials_syntax.h"
#include "s3/response.h"

#define SKEW_MAX		(15 * 60)	/* seconds; S3 allows no more */
#define ANSWER_MAX		(64 * 1024)

struct S3Diagnosis
{
	text	   *url;
	const char *command;
	int			next;			/* step */
	bool		failed;

	/* Of the first request, once it was sent. */
	bool		asked;
	bool		answered;
	S3Error		err;
	bool		knows_skew;
	int64		skew;			/* seconds that the server is ahead */

	S3UnseenEvents unseen;
};

/* Returns a sentence when all is well; throws what is wrong. */
typedef char *(*CheckStep) (S3Diagnosis *check, S3Call *call);

typedef struct Step
{
	const char *name;
	CheckStep	run;
	const char *hint;			/* when the error has none of its own */
} Step;

static bool applies(S3Diagnosis *check, const Step *step);
static void run_step(S3Diagnosis *check, const Step *step, S3DiagnosisRow *row);
static bool is_finding(const ErrorData *error);
static char *sentences_of(const ErrorData *error);
static char *hint_of(const ErrorData *error, const Step *step);
static void open_call(const S3Diagnosis *check, S3OperationId operation, S3Call *call);
static bool is_prefix(const S3Call *call);
static char *check_settings(S3Diagnosis *check, S3Call *call);
static char *check_resolve(S3Diagnosis *check, S3Call *call);
static char *check_connect(S3Diagnosis *check, S3Call *call);
static char *check_tls(S3Diagnosis *check, S3Call *call);
static char *check_answer(S3Diagnosis *check, S3Call *call);
static void ask(S3Diagnosis *check, S3Call *call);
static bool send_request(const S3Call *call, S3HttpResponse *response, S3Error *err);
static void note_skew(S3Diagnosis *check, const S3HttpResponse *response);
static char *check_credentials(S3Diagnosis *check, S3Call *call);
static char *check_sign(S3Diagnosis *check, S3Call *call);
static char *check_list(S3Diagnosis *check, S3Call *call);
static char *check_get(S3Diagnosis *check, S3Call *call);
static void check_region(const S3Diagnosis *check);
static char *check_follow(S3Diagnosis *check, S3Call *call);

static const Step steps[] = {
	{"settings", check_settings, "SELECT * FROM s3_settings('scheme') shows what is in force."},
	{"resolve", check_resolve,
	"Check the host in endpoint_url, and that the database server can look it up."},
	{"connect", check_connect,
	"Check the port in endpoint_url, that the S3 server is running, and that no firewall is in between."},
	{"TLS", check_tls,
	"Check that endpoint_url is for https and for this port, and that its host name is in the certificate."},
	{"answer", check_answer,
	"Check that an S3 server listens at endpoint_url, and whether it wants http or https."},
	{"credentials", check_credentials, "SELECT * FROM s3_credentials('scheme') shows where the access keys come from."},
	{"sign", check_sign, "Set the clock of the database server, or of the S3 server."},
	{"list", check_list,
	"Check the bucket in the URL, and that it is on this endpoint and in this region."},
	{"get", check_get,
	"Check bucket and key in the URL; key_prefix and normalize_keys change the key, too."},
	{"follow", check_follow,
	"Make the trigger anew, with s3_unfollow and s3_follow, or enable it."},
};

S3Diagnosis *
s3_diagnose_start(text *url, const char *command)
{
	S3Diagnosis *check;

	if (s3_location_is_none(s3_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url))))
		return NULL;
	check = palloc0(sizeof(S3Diagnosis));
	check->url = url;
	check->command = command;
	return check;
}

bool
s3_diagnose_next(S3Diagnosis *check, S3DiagnosisRow *row)
{
	while (!check->failed && check->next < lengthof(steps))
	{
		const Step *step = &steps[check->next++];

		if (!applies(check, step))
			continue;
		run_step(check, step, row);
		check->failed = !row->ok;
		return true;
	}
	return false;
}

/*
 * TLS is for https; list is for a prefix, and get for an object; follow is for a
 * database in which objects follow rows.
 */
static bool
applies(S3Diagnosis *check, const Step *step)
{
	S3Call		call;

	if (step->run == check_follow)
	{
		s3_trigger_events_find_unseen(&check->unseen);
		return check->unseen.columns > 0;
	}
	if (step->run != check_tls && step->run != check_list && step->run != check_get)
		return true;
	open_call(check, S3_LIST_OBJECTS_V2, &call);
	if (step->run == check_tls)
		return call.request.tls;
	return is_prefix(&call) == (step->run == check_list);
}

static void
run_step(S3Diagnosis *check, const Step *step, S3DiagnosisRow *row)
{
	MemoryContext context = CurrentMemoryContext;
	uint64		mark = s3_http_mark();
	S3Call		call;

	memset(row, 0, sizeof(*row));
	row->step = step->name;
	PG_TRY();
	{
		open_call(check, S3_LIST_OBJECTS_V2, &call);
		row->detail = step->run(check, &call);
		row->ok = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!is_finding(error))
			PG_RE_THROW();
		FlushErrorState();
		s3_http_release_since(mark);
		row->detail = sentences_of(error);
		row->hint = hint_of(error, step);
	}
	PG_END_TRY();
}

/* A cancel, a lack of memory or a bug says nothing about the endpoint. */
static bool
is_finding(const ErrorData *error)
{
	static const int codes[] = {
		ERRCODE_INVALID_TEXT_REPRESENTATION, ERRCODE_ZERO_LENGTH_CHARACTER_STRING,
		ERRCODE_INVALID_PARAMETER_VALUE, ERRCODE_UNDEFINED_OBJECT,
		ERRCODE_FEATURE_NOT_SUPPORTED, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
		ERRCODE_INSUFFICIENT_PRIVILEGE, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
		ERRCODE_UNDEFINED_FILE, ERRCODE_DUPLICATE_FILE, ERRCODE_IO_ERROR,
		ERRCODE_CONNECTION_FAILURE, ERRCODE_PROTOCOL_VIOLATION
	};

	for (int i = 0; i < lengthof(codes); i++)
	{
		if (error->sqlerrcode == codes[i])
			return true;
	}
	return false;
}

static char *
sentences_of(const ErrorData *error)
{
	if (error->detail == NULL)
		return psprintf("%s.", error->message);
	return psprintf("%s. %s", error->message, error->detail);
}

/* Without the part that names s3_check() itself. */
static char *
hint_of(const ErrorData *error, const Step *step)
{
	char	   *end = error->hint == NULL ? NULL : strstr(error->hint, S3_CHECK_HINT);

	if (error->hint == NULL || end == error->hint)
		return pstrdup(step->hint);
	if (end != NULL)
		end[-1] = '\0';			/* the blank before it */
	return error->hint;
}

/* The settings may have changed since the last step. */
static void
open_call(const S3Diagnosis *check, S3OperationId operation, S3Call *call)
{
	bool		opened;

	if (s3_operation(operation)->on_bucket)
		opened = s3_call_open_bucket(call, operation, check->command, check->url);
	else
		opened = s3_call_open(call, operation, check->command, S3_CALL_REQUEST, check->url);
	if (!opened)
		elog(ERROR, "the URL of a check means no file");
}

static bool
is_prefix(const S3Call *call)
{
	S3Slice		key = call->location.key;

	return key.len == 0 || key.data[key.len - 1] == '/';
}

static char *
check_settings(S3Diagnosis *check, S3Call *call)
{
	const S3Endpoint *endpoint = call->endpoint;

	return psprintf("Requests for endpoint \"%s\" go to %s://%s, region \"%s\".", endpoint->scheme,
					call->request.tls ? "https" : "http", call->request.host,
					endpoint->settings.region);
}

static char *
check_resolve(S3Diagnosis *check, S3Call *call)
{
	ask(check, call);
	if (!check->answered && check->err.step == S3_STEP_RESOLVE)
		s3_error_throw(&check->err);
	return pstrdup("The host name has an address.");
}

static char *
check_connect(S3Diagnosis *check, S3Call *call)
{
	if (!check->answered && check->err.step == S3_STEP_CONNECT)
		s3_error_throw(&check->err);
	return pstrdup(call->endpoint->settings.proxy[0] == '\0' ?
				   "The server accepts connections." : "The proxy accepts connections.");
}

static char *
check_tls(S3Diagnosis *check, S3Call *call)
{
	if (!check->answered && check->err.step == S3_STEP_TLS)
		s3_error_throw(&check->err);
	return pstrdup(call->endpoint->settings.verify_tls ?
				   "The server's certificate is good." :
				   "The connection is encrypted, but the certificate is not checked: verify_tls is off.");
}

static char *
check_answer(S3Diagnosis *check, S3Call *call)
{
	if (!check->answered)
		s3_error_throw(&check->err);
	return pstrdup("The server answers.");
}

/* Sends the first request, without a signature. */
static void
ask(S3Diagnosis *check, S3Call *call)
{
	S3HttpResponse response;

	if (check->asked)
		return;
	check->answered = send_request(call, &response, &check->err);
	check->asked = true;
	if (check->answered)
		note_skew(check, &response);
}

static bool
send_request(const S3Call *call, S3HttpResponse *response, S3Error *err)
{
	const S3Settings *settings = &call->endpoint->settings;
	S3HttpRequest request = {0};
	StringInfoData url;

	initStringInfo(&url);
	s3_request_url(&call->request, &url);
	request.method = "HEAD";
	request.url = url.data;
	request.max_body = ANSWER_MAX;
	request.connect_timeout = settings->connect_timeout;
	request.request_timeout = settings->request_timeout;
	request.proxy = settings->proxy;
	request.ca_file = settings->ca_file;
	request.verify_tls = settings->verify_tls;
	return s3_http_perform(&request, response, err);
}

static void
note_skew(S3Diagnosis *check, const S3HttpResponse *response)
{
	char	   *date = s3_response_header(response, "date");
	int64		server_time;

	check->knows_skew = date != NULL && s3_date_parse_http(date, &server_time);
	if (check->knows_skew)
		check->skew = server_time - (int64) time(NULL);
}

static char *
check_credentials(S3Diagnosis *check, S3Call *call)
{
	const S3Credentials *keys;
	const char *end = "";

	if (s3_call_is_unsigned(call))
		return pstrdup("None are needed: signature_version is \"unsigned\".");
	keys = s3_credentials_find(call->endpoint);
	if (keys->expires_at != 0)
		end = psprintf(", until %s", timestamptz_to_str(s3_date_from_unix(keys->expires_at)));
	return psprintf("The access key ID is %s, from: %s%s.", s3_access_key_id_masked(keys->access_key_id),
					s3_credentials_source(), end);
}

static char *
check_sign(S3Diagnosis *check, S3Call *call)
{
	S3Error		err;

	if (s3_call_is_unsigned(call))
		return pstrdup("Nothing is signed.");
	if (!check->knows_skew)
		return pstrdup("The server does not tell its time.");
	if (check->skew >= -SKEW_MAX && check->skew <= SKEW_MAX)
		return pstrdup("The clocks of the two servers agree.");
	s3_error_set(&err, S3_ERROR_DENIED, "the clocks of the two servers differ too much");
	s3_error_detail(&err, "The S3 server's is %lld seconds %s; S3 allows 15 minutes.",
					(long long) (check->skew < 0 ? -check->skew : check->skew),
					check->skew < 0 ? "behind" : "ahead");
	s3_error_throw(&err);
}

static char *
check_list(S3Diagnosis *check, S3Call *call)
{
	S3ListOptions options = {.command = check->command,.url = check->url,.max_items = 1};

	bool		found = s3_listing_next(s3_listing_start(&options)) != NULL;

	check_region(check);
	return pstrdup(found ? "The bucket can be listed." :
				   "The bucket can be listed; there is nothing below the URL.");
}

/* Gets the first byte: unlike a HEAD, a GET is told what is wrong. */
static char *
check_get(S3Diagnosis *check, S3Call *call)
{
	S3Call		get;
	S3HttpResponse response;
	S3Error		err;

	open_call(check, S3_GET_OBJECT, &get);
	s3_fields_add(&get.request.headers, "range", "bytes=0-0");
	get.max_body = ANSWER_MAX;

	/* An empty object has no such range; a server that ignores it sends all. */
	if (!s3_call_perform(&get, &response, &err) && err.http_status != 416 &&
		err.kind != S3_ERROR_TOO_LARGE)
		s3_call_throw(&get, &err);
	check_region(check);
	return pstrdup("The object can be read.");
}

/* Calls learn a bucket's region from the server; links cannot. */
static void
check_region(const S3Diagnosis *check)
{
	S3Call		call;
	S3Error		err;

	open_call(check, S3_LIST_OBJECTS_V2, &call);
	if (strcmp(call.region, call.endpoint->signing_region) == 0)
		return;
	s3_error_set(&err, S3_ERROR_ARGUMENT, "the bucket is in region \"%s\"", call.region);
	s3_error_detail(&err, "Requests follow it there, but links would not work.");
	s3_error_hint(&err, "Set \"%s\" as s3store.region, or as \"region\" of this scheme in s3store.endpoints.",
				  call.region);
	s3_error_throw(&err);
}

/* Of all followed columns, whatever the URL: any of them might name the object. */
static char *
check_follow(S3Diagnosis *check, S3Call *call)
{
	const S3UnseenEvents *unseen = &check->unseen;
	S3Error		err;

	if (unseen->table == NULL)
		return pstrdup("The triggers of all columns that objects follow see each row.");
	s3_error_set(&err, S3_ERROR_ARGUMENT, "a trigger with s3_manage() does not see each %s", unseen->events);
	s3_error_detail(&err, "It is that of column \"%s\" of table %s. A row that it does not see may name an object that is being deleted.",
					unseen->column, unseen->table);
	s3_error_throw(&err);
}
