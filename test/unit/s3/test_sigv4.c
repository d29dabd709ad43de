/*
 * Unit tests of the signer, stage by stage as far as they show in what it
 * returns: payload hash, date, scope, signed headers, canonical query,
 * signature.  The vectors come from vectors.py.
 */
#include "s3/signing.h"
#include "s3/sigv4.h"
#include "tap.h"

#define VECTOR_FIELDS_MAX	8

typedef struct SigningVector
{
	const char *name;
	const char *method;
	bool		tls;
	const char *host;
	const char *path;
	S3Field		query[VECTOR_FIELDS_MAX];
	S3Field		headers[VECTOR_FIELDS_MAX];
	const char *body;
	size_t		body_len;
	int64		time;
	const char *region;
	const char *secret;
	const char *token;
	int			expires;

	/* What comes out */
	const char *payload_hash;
	const char *scope;
	const char *signed_headers;
	const char *signature;
	const char *link;
	const char *url;
} SigningVector;

#include "signing_vectors.h"

static void make_request(const SigningVector *vector, S3Request *request);
static void test_sign(const SigningVector *vector, const S3SigV4Key *key);
static void test_kept_keys(const SigningVector *vector);
static void test_presign(const SigningVector *vector);
static void test_url(const SigningVector *vector);
static void test_times(void);
static void test_request_kept(void);

int
main(void)
{
	for (int i = 0; i < lengthof(signing_vectors); i++)
	{
		test_sign(&signing_vectors[i], NULL);
		test_kept_keys(&signing_vectors[i]);
		test_presign(&signing_vectors[i]);
		test_url(&signing_vectors[i]);
	}
	test_times();
	test_request_kept();
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
	request->body = s3_slice(vector->body, vector->body_len);
	for (int i = 0; vector->query[i].name != NULL; i++)
		s3_fields_add(&request->query, vector->query[i].name, vector->query[i].value);
	for (int i = 0; vector->headers[i].name != NULL; i++)
		s3_fields_add(&request->headers, vector->headers[i].name, vector->headers[i].value);
}

static void
test_sign(const SigningVector *vector, const S3SigV4Key *key)
{
	const S3Credentials credentials = {ACCESS_KEY_ID, vector->secret, vector->token};
	const S3Signing signing = {&credentials, vector->region, vector->time, S3_SIGNATURE_S3V4, key};
	S3Request	request;
	S3Error		err = {0};
	const char *date;

	make_request(vector, &request);
	if (!ok(s3_sigv4_sign(&request, &signing, &err), "%s: signed", vector->name))
		return;
	date = s3_fields_find(&request.headers, "x-amz-date");
	is_string(s3_fields_find(&request.headers, "x-amz-content-sha256"), vector->payload_hash,
			  "%s: payload hash", vector->name);
	ok(date != NULL && strlen(date) == strlen("YYYYMMDDTHHMMSSZ") &&
	   strncmp(date, vector->scope, strlen("YYYYMMDD")) == 0, "%s: date", vector->name);
	is_string(s3_fields_find(&request.headers, "x-amz-security-token"), vector->token,
			  "%s: session token", vector->name);
	is_string(s3_fields_find(&request.headers, "authorization"),
			  psprintf("AWS4-HMAC-SHA256 Credential=" ACCESS_KEY_ID "/%s, SignedHeaders=%s, Signature=%s",
					   vector->scope, vector->signed_headers, vector->signature),
			  "%s: authorization", vector->name);
}

/* A key that is known already signs the same; that of another day does not sign. */
static void
test_kept_keys(const SigningVector *vector)
{
	const S3Credentials credentials = {ACCESS_KEY_ID, vector->secret, vector->token};

	for (int day = -1; day <= 1; day++)
	{
		const S3Signing then = {&credentials, vector->region, vector->time + day * SECS_PER_DAY};
		S3SigV4Key	key;
		S3Error		err = {0};
		bool		made = s3_sigv4_key(&then, &key, &err);

		/* There is no day before the epoch, nor one after the year 9999. */
		ok(made || day != 0, "%s: key of day %d", vector->name, day);
		if (made)
			test_sign(vector, &key);
	}
}

static void
test_presign(const SigningVector *vector)
{
	const S3Credentials credentials = {ACCESS_KEY_ID, vector->secret, vector->token};
	const S3Signing signing = {&credentials, vector->region, vector->time};
	S3Request	request;
	S3Error		err = {0};
	StringInfoData url;

	make_request(vector, &request);
	initStringInfo(&url);
	ok(s3_signing_presign(&request, &signing, vector->expires, &url, &err),
	   "%s: presigned", vector->name);
	is_string(url.data, vector->link, "%s: link", vector->name);
}

static void
test_url(const SigningVector *vector)
{
	S3Request	request;
	StringInfoData url;

	make_request(vector, &request);
	initStringInfo(&url);
	appendStringInfoString(&url, "<");
	s3_request_url(&request, &url);
	is_string(url.data + 1, vector->url, "%s: unsigned URL", vector->name);
}

/* Four digits hold no other years. */
static void
test_times(void)
{
	static const int64 times[] = {
		-1, INT64CONST(-62135596800), INT64CONST(253402300800), PG_INT64_MAX, PG_INT64_MIN
	};
	const S3Credentials credentials = {ACCESS_KEY_ID, "secret", NULL};

	for (int i = 0; i < lengthof(times); i++)
	{
		const S3Signing signing = {&credentials, "us-east-1", times[i]};
		S3Request	request;
		S3Error		err = {0};
		StringInfoData url;

		make_request(&signing_vectors[0], &request);
		initStringInfo(&url);
		ok(!s3_sigv4_sign(&request, &signing, &err), "time %d is refused", i);
		is_int(err.kind, S3_ERROR_ARGUMENT, "... as an argument");
		is_int(request.headers.count, 0, "... and leaves the request alone");
		ok(!s3_signing_presign(&request, &signing, 60, &url, &err), "... for a link, too");
		is_string(url.data, "", "... which stays empty");
	}
}

/* A request can be made a link several times; signing shows no secret. */
static void
test_request_kept(void)
{
	const S3Credentials credentials = {ACCESS_KEY_ID, "a secret", NULL};
	const S3Signing signing = {&credentials, "us-east-1", 0};
	S3Request	request;
	S3Error		err = {0};
	StringInfoData first;
	StringInfoData second;

	make_request(&signing_vectors[0], &request);
	s3_fields_add(&request.query, "versionId", "1");
	initStringInfo(&first);
	initStringInfo(&second);
	ok(s3_signing_presign(&request, &signing, 60, &first, &err), "a link");
	ok(s3_signing_presign(&request, &signing, 60, &second, &err), "the same link again");
	is_string(second.data, first.data, "... is the same");
	is_int(request.query.count, 1, "the query is not changed");
	is_int(request.headers.count, 0, "nor are the headers");
	ok(strstr(first.data, "secret") == NULL, "no link holds the secret key");
}
