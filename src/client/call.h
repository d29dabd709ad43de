/*-------------------------------------------------------------------------
 *
 * call.h
 *	  One call of S3's API: from a URL to a request, and how its failure is
 *	  reported.
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
#define S3_DOCUMENT_MAX		(1024 * 1024)	/* bytes of what else is no object */

/*
 * The answer to a HEAD has no words.  Why it has failed is asked for by a GET:
 * where it was refused (400, or a redirect), or also where access was denied,
 * which those who go on with another request need not know.
 */
typedef enum S3Explains
{
	S3_EXPLAINS_NOTHING,
	S3_EXPLAINS_REFUSALS,
	S3_EXPLAINS_ALL
} S3Explains;

/*
 * One call.  Lives in the memory context in which it was opened.  It refers to
 * the settings' cache, so no SQL may run between opening and using it.
 */
typedef struct S3Call
{
	const S3Operation *operation;
	const char *command;		/* the SQL function, such as "s3_put()" */
	const S3Endpoint *endpoint;
	uint64		generation;		/* of the settings, when the call was opened */
	S3Location	location;		/* the URL, in UTF-8 */
	StringInfoData key;			/* of the object on the server, or what the
								 * keys to list begin with; may be empty for a
								 * bucket */
	const char *endpoint_host;	/* of the endpoint, when the call was opened */
	const char *region;			/* that requests are signed for */
	S3SignatureVersion signature_version;	/* that the request was made for */
	uint64		max_body;		/* bytes of the answer to accept */
	S3Explains	explains;		/* of a HEAD that fails: when to ask why */
	int			timeout;		/* ms for the whole call, from when it is
								 * first sent; 0: as long as it makes progress */
	S3Request	request;		/* add headers and query before performing */
} S3Call;

/* A call that came to its end. */
typedef struct S3Finished
{
	S3Call	   *call;
	void	   *tag;			/* the caller's */
	bool		ok;				/* there was an answer, and its status is 2xx */
	S3HttpResponse response;	/* also of an answer that is not ok; status 0:
								 * there was none */
	S3Error		err;			/* why it is not ok */
} S3Finished;

typedef enum S3CallPurpose
{
	S3_CALL_REQUEST,			/* it is sent from here */
	S3_CALL_LINK				/* it is signed, for somebody else to send */
} S3CallPurpose;

/*
 * Opens a call for the object that a URL names.  Returns false when the URL
 * means "no file" ('' and '-').  Throws for every other URL that does not name
 * an object of a configured endpoint, and 25006 when the operation changes
 * something and the endpoint is read-only.
 */
extern bool s3_call_open(S3Call *call, S3OperationId operation, const char *command,
						 S3CallPurpose purpose, text *url);

/*
 * The same for S3_CALL_REQUEST, but "err" says it when the URL does not name an
 * object of a configured endpoint.
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
 * Limits the time of each call that is opened from now on, in ms; 0: no more.
 * Returns the limit before, which the caller sets again, also after an error.
 */
extern int	s3_call_limit_time(int timeout);

/* For attempt.c, which sends the request. */
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

/* Reports "err" as the failure of this call; NULL: of none. */
extern void s3_call_throw(const S3Call *call, const S3Error *err) pg_attribute_noreturn();

#endif							/* S3STORE_CALL_H */
