/*
 * Unit tests of signature version 2: header, link and form, and when nothing
 * is signed.  The vectors come from vectors.py.
 */
#include "s3/signing.h"
#include "s3/sigv2.h"
#include "tap.h"

#define VECTOR_FIELDS_MAX	8

typedef struct SigningVector
{
	const char *name;
	const char *method;
	bool		tls;
	const char *host;
	const char *path;
	const char *resource;
	S3Field		query[VECTOR_FIELDS_MAX];
	S3Field		headers[VECTOR_FIELDS_MAX];
	int64		time;
	const char *secret;
	const char *token;
	int			expires;

	/* What comes out */
	const char *date;
	const char *signature;
	const char *link;
} SigningVector;

#include "sigv2_vectors.h"

static void make_request(const SigningVector *vector, S3Request *request);
static void test_sign(const SigningVector *vector);
static void test_presign(const SigningVector *vector);
static void test_times(void);
static void test_form(void);
static void test_unsigned(void);

int
main(void)
{
	for (int i = 0; i < lengthof(signing_vectors); i++)
	{
		test_sign(&signing_vectors[i]);
		test_presign(&signing_vectors[i]);
	}
	test_times();
	test_form();
	test_unsigned();
	return tap_done();
}

static void
make_request(const SigningVector *vector, S3Request *request)
{
	memset(request, 0, sizeof(*request));
	request->method = vector->method;
	request->tls = vector->tls;
	request->host = vector->host;
	request->path = vector->path;
	request->resource = vector->resource;
	for (int i = 0; vector->query[i].name != NULL; i++)
		s3_fields_add(&request->query, vector->query[i].name, vector->query[i].value);
	for (int i = 0; vector->headers[i].name != NULL; i++)
		s3_fields_add(&request->headers, vector->headers[i].name, vector->headers[i].value);
}

static void
test_sign(const SigningVector *vector)
{
	const S3Credentials credentials = {ACCESS_KEY_ID, vector->secret, vector->token};
	const S3Signing signing = {&credentials, NULL, vector->time, S3_SIGNATURE_S3};
	S3Request	request;
	S3Error		err = {0};

	make_request(vector, &request);
	if (!ok(s3_signing_sign(&request, &signing, &err), "%s: signed", vector->name))
		return;
	is_string(s3_fields_find(&request.headers, "date"), vector->date, "%s: date", vector->name);
	is_string(s3_fields_find(&request.headers, "x-amz-security-token"), vector->token,
			  "%s: session token", vector->name);
	is_string(s3_fields_find(&request.headers, "authorization"),
			  psprintf("AWS " ACCESS_KEY_ID ":%s", vector->signature),
			  "%s: authorization", vector->name);
}

static void
test_presign(const SigningVector *vector)
{
	const S3Credentials credentials = {ACCESS_KEY_ID, vector->secret, vector->token};
	const S3Signing signing = {&credentials, NULL, vector->time, S3_SIGNATURE_S3};
	S3Request	request;
	S3Error		err = {0};
	StringInfoData url;
	int			headers;

	make_request(vector, &request);
	headers = request.headers.count;
	initStringInfo(&url);
	ok(s3_signing_presign(&request, &signing, vector->expires, &url, &err),
	   "%s: presigned", vector->name);
	is_string(url.data, vector->link, "%s: link", vector->name);
	is_int(request.headers.count, headers, "%s: the request is not changed", vector->name);
}

static void
test_times(void)
{
	static const int64 times[] = {-1, INT64CONST(253402300800), PG_INT64_MAX, PG_INT64_MIN};
	const S3Credentials credentials = {ACCESS_KEY_ID, "secret", NULL};

	for (int i = 0; i < lengthof(times); i++)
	{
		const S3Signing signing = {&credentials, NULL, times[i], S3_SIGNATURE_S3};
		S3Request	request;
		S3Error		err = {0};
		StringInfoData url;

		make_request(&signing_vectors[0], &request);
		initStringInfo(&url);
		ok(!s3_sigv2_sign(&request, &signing, &err), "time %d is refused", i);
		is_int(err.kind, S3_ERROR_ARGUMENT, "... as an argument");
		is_int(request.headers.count, 0, "... and leaves the request alone");
		ok(!s3_sigv2_presign(&request, &signing, 60, &url, &err), "... for a link, too");
		is_string(url.data, "", "... which stays empty");
	}
}

/* The policy is only signed here; the signature is Python's hmac's. */
static void
test_form(void)
{
	const S3Credentials credentials = {ACCESS_KEY_ID, "form/secret", "to/ken"};
	const S3Signing signing = {&credentials, NULL, 0, S3_SIGNATURE_S3};
	S3Fields	fields = {0};
	S3Error		err = {0};

	ok(s3_signing_start_form(&signing, &fields, &err), "a form is started");
	is_int(fields.count, 1, "... with one field");
	is_string(s3_fields_find(&fields, "x-amz-security-token"), "to/ken", "... the token");
	ok(s3_signing_sign_form(&signing, "cG9saWN5", &fields, &err), "it is signed");
	is_string(s3_fields_find(&fields, "AWSAccessKeyId"), ACCESS_KEY_ID, "... by this key");
	is_string(s3_fields_find(&fields, "policy"), "cG9saWN5", "... this policy");
	is_string(s3_fields_find(&fields, "signature"), "TGURKnqQQ0JEsi2v1UN2n7wBDVk=", "... so");
}

static void
test_unsigned(void)
{
	const S3Signing signing = {NULL, NULL, 0, S3_SIGNATURE_UNSIGNED};
	S3Fields	fields = {0};
	S3Request	request;
	S3Error		err = {0};
	StringInfoData url;

	make_request(&signing_vectors[0], &request);
	s3_fields_add(&request.query, "uploads", NULL);
	ok(s3_signing_sign(&request, &signing, &err), "nothing to sign");
	is_int(request.headers.count, 0, "... adds nothing");
	initStringInfo(&url);
	ok(s3_signing_presign(&request, &signing, 0, &url, &err), "a link without a signature");
	is_string(url.data, psprintf("https://%s%s?uploads", request.host, request.path), "... is the URL");
	ok(s3_signing_start_form(&signing, &fields, &err) &&
	   s3_signing_sign_form(&signing, "cG9saWN5", &fields, &err), "a form without a signature");
	is_int(fields.count, 0, "... has no fields for it");
}
