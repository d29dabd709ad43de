/*-------------------------------------------------------------------------
 *
 * call.h
 *	  The corridor: one call of S3's API, from an URL to the answer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CALL_H
#define S3STORE_CALL_H

#include "client/params.h"
#include "http/http.h"
#include "s3/location.h"
#include "settings/settings.h"

#define S3_LIST_PAGE_MAX	(8 * 1024 * 1024)	/* bytes of a list's page */

/*
 * One call under way.  Lives in the memory context it was opened in; refers
 * to the settings' cache, so no SQL may run between opening and using it.
 */
typedef struct S3Call
{
	const S3Operation *operation;
	const char *command;		/* the SQL function, such as "s3_put()" */
	const S3Endpoint *endpoint;
	uint64		generation;		/* of the settings that it is of */
	S3Location	location;		/* the URL, in UTF-8 */
	StringInfoData key;			/* of the object on the server, or what the
								 * keys to list begin with; may be empty for a
								 * bucket */
	const char *endpoint_host;	/* of the endpoint, when the call was opened */
	const char *region;			/* that requests are signed for */
	S3SignatureVersion signature_version;	/* that the request was made for */
	uint64		max_body;		/* bytes of the answer to accept */
	int			timeout;		/* ms for the whole call; 0: as the settings
								 * say */
	S3Request	request;		/* add headers and query before performing */
} S3Call;

typedef enum S3CallPurpose
{
	S3_CALL_REQUEST,			/* we send it */
	S3_CALL_LINK				/* somebody else will */
} S3CallPurpose;

/*
 * Takes the URL apart and prepares the request for its object.  Returns false
 * when the URL means "no file" ('' and '-').  Throws for every other URL that
 * does not name an object of a configured endpoint, and 25006 when the
 * operation changes something and the endpoint is read-only.
 */
extern bool s3_call_open(S3Call *call, S3OperationId operation, const char *command,
						 S3CallPurpose purpose, text *url);

/*
 * The same for a request, but a URL that does not name an object of a
 * configured endpoint is told in "err" instead of thrown.
 */
typedef enum S3CallOpened
{
	S3_CALL_OPENED,
	S3_CALL_NO_FILE,
	S3_CALL_FAILED
} S3CallOpened;

extern S3CallOpened s3_call_try_open(S3Call *call, S3OperationId operation,
									 const char *command, text *url, S3Error *err);

/* As s3_call_open, for the bucket itself (the key may be empty). */
extern bool s3_call_open_bucket(S3Call *call, S3OperationId operation,
								const char *command, text *url);

/*
 * Signs the request, sends it and waits for the answer; again where that
 * helps.  Returns false, with
 * the reason in "err", when there was none or its status is not 2xx; throws
 * when the query is cancelled, without credentials, and where the endpoint has
 * become read-only.
 */
extern bool s3_call_perform(S3Call *call, S3HttpResponse *response, S3Error *err);

/* The parts of that which pipeline.c puts together. */
extern void s3_call_prevent_change(const S3Call *call);
extern S3Signing s3_call_signing(const S3Call *call, int64 time);
extern bool s3_call_use_region(S3Call *call, const char *region, S3Error *err);

/*
 * Completes the request of a list, whose params have been applied, by what the
 * keys begin with: the URL's key, or where it has none the parameter "Prefix".
 */
extern void s3_call_add_prefix(S3Call *call);

/* Whether the endpoint's requests and links are signed by nobody. */
extern bool s3_call_is_unsigned(const S3Call *call);

/* What s3_call_throw says, as palloc'd text in the database's encoding. */
extern char *s3_call_error_message(const S3Call *call, const S3Error *err);

/* Reports "err" as the failure of this call. */
extern void s3_call_throw(const S3Call *call, const S3Error *err) pg_attribute_noreturn();

#endif							/* S3STORE_CALL_H */
