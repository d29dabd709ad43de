/*-------------------------------------------------------------------------
 *
 * sigv4.c
 *	  AWS Signature Version 4 for S3.
 *
 *	  canonical request -> string to sign -> signature
 *
 * Pure.  Names in comments are those of "Authenticating Requests (AWS
 * Signature Version 4)" in the Amazon S3 API Reference.  What a function
 * derives from the secret key is wiped before it returns, unless it is what the
 * caller asks for (a key, a frame).  Links are put together in link.c, of parts
 * that are made here.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <time.h>

#include "base/digest.h"
#include "s3/sigv4.h"

#define ALGORITHM			"AWS4-HMAC-SHA256"
#define UNSIGNED_PAYLOAD	"UNSIGNED-PAYLOAD"
#define BLANKS				" \t"
#define AMZ_DATE_SIZE		sizeof("YYYYMMDDTHHMMSSZ")
#define DATE_LEN			8	/* YYYYMMDD at the start of an x-amz-date */

typedef struct CanonicalHeaders
{
	char	   *lines;			/* CanonicalHeaders */
	char	   *names;			/* SignedHeaders */
} CanonicalHeaders;

static bool format_amz_date(int64 time, char *amz_date, S3Error *err);
static char *authorization(const S3Signing *signing, const char *amz_date,
						   const char *signed_headers, const char *signature);
static char *credential(const S3Signing *signing, const char *amz_date);
static void append_scope(StringInfo dst, const char *amz_date, const char *region);
static void append_to_sign(StringInfo dst, const char *amz_date, const char *region);
static bool make_frame(S3SigV4Frame *frame, const S3Signing *signing, int expires,
					   const char *names, S3Error *err);
static void append_own_query(StringInfo dst, const S3Signing *signing, int expires,
							 const char *amz_date, const char *names);
static void append_query(StringInfo dst, const S3Request *request, const S3SigV4Frame *frame);
static CanonicalHeaders canonical_headers(const S3Request *request);
static void append_trimmed(StringInfo dst, const char *value);
static bool sign_request(const S3Request *request, const CanonicalHeaders *headers,
						 const char *payload_hash, const S3Signing *signing,
						 const char *amz_date, char *signature, S3Error *err);
static void append_tail(StringInfo dst, const char *query, const CanonicalHeaders *headers,
						const char *payload_hash);
static bool sign_text(S3Slice to_sign, const S3Signing *signing, char *signature, S3Error *err);
static const S3SigV4Key *find_key(const S3Signing *signing, S3SigV4Key *derived, S3Error *err);
static bool signing_key(const S3Signing *signing, const char *amz_date,
						uint8 key[S3_SHA256_LEN], S3Error *err);

bool
s3_sigv4_sign(S3Request *request, const S3Signing *signing, S3Error *err)
{
	const S3Credentials *credentials = signing->credentials;
	char		amz_date[AMZ_DATE_SIZE];
	char		signature[S3_SHA256_HEX];
	uint8		hash[S3_SHA256_LEN];
	const char *payload_hash = request->payload_hash;
	CanonicalHeaders headers;

	if (!format_amz_date(signing->time, amz_date, err))
		return false;
	if (payload_hash == NULL)
	{
		char	   *hex = palloc(S3_SHA256_HEX);

		if (!s3_sha256(request->body, hash, err))
			return false;
		s3_hex(hash, sizeof(hash), hex);
		payload_hash = hex;
	}
	s3_fields_add(&request->headers, "x-amz-content-sha256", payload_hash);
	s3_fields_add(&request->headers, "x-amz-date", pstrdup(amz_date));
	if (credentials->session_token != NULL)
		s3_fields_add(&request->headers, "x-amz-security-token", credentials->session_token);

	headers = canonical_headers(request);
	if (!sign_request(request, &headers, payload_hash, signing, amz_date, signature, err))
		return false;
	s3_fields_add(&request->headers, "authorization",
				  authorization(signing, amz_date, headers.names, signature));
	return true;
}

bool
s3_sigv4_key(const S3Signing *signing, S3SigV4Key *key, S3Error *err)
{
	char		amz_date[AMZ_DATE_SIZE];
	uint8		bytes[S3_SHA256_LEN];
	bool		ok;

	if (!format_amz_date(signing->time, amz_date, err))
		return false;
	key->day = s3_sigv4_day(signing->time);
	ok = signing_key(signing, amz_date, bytes, err) &&
		s3_hmac_init(&key->hmac, s3_slice((char *) bytes, sizeof(bytes)), err);
	explicit_bzero(bytes, sizeof(bytes));
	return ok;
}

void
s3_sigv4_frame_init(S3SigV4Frame *frame)
{
	memset(frame, 0, sizeof(*frame));
	initStringInfo(&frame->names);
	initStringInfo(&frame->query);
}

bool
s3_sigv4_presign_parts(const S3Request *request, const S3Signing *signing, int expires,
					   S3SigV4Frame *frame, StringInfo query, StringInfo tail, S3Error *err)
{
	CanonicalHeaders headers = canonical_headers(request);
	size_t		start = query->len;

	if (!frame->ready || frame->time != signing->time || frame->expires != expires ||
		strcmp(frame->names.data, headers.names) != 0)
	{
		if (!make_frame(frame, signing, expires, headers.names, err))
			return false;
	}
	append_query(query, request, frame);
	append_tail(tail, query->data + start, &headers, UNSIGNED_PAYLOAD);
	return true;
}

bool
s3_sigv4_start_form(const S3Signing *signing, S3Fields *fields, S3Error *err)
{
	char	   *amz_date = palloc(AMZ_DATE_SIZE);

	if (!format_amz_date(signing->time, amz_date, err))
		return false;
	s3_fields_add(fields, "x-amz-algorithm", ALGORITHM);
	s3_fields_add(fields, "x-amz-credential", credential(signing, amz_date));
	s3_fields_add(fields, "x-amz-date", amz_date);
	return true;
}

/* The string to sign is the policy itself. */
bool
s3_sigv4_sign_form(const S3Signing *signing, const char *policy, S3Fields *fields,
				   S3Error *err)
{
	char	   *signature = palloc(S3_SHA256_HEX);

	if (!sign_text(s3_slice_cstring(policy), signing, signature, err))
		return false;
	s3_fields_add(fields, "policy", policy);
	s3_fields_add(fields, "x-amz-signature", signature);
	return true;
}

/* ISO 8601 basic format, as in x-amz-date. */
static bool
format_amz_date(int64 time, char *amz_date, S3Error *err)
{
	time_t		seconds = (time_t) time;
	struct tm	tm;

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < 70 || tm.tm_year > 9999 - 1900)
	{
		s3_error_set(err, S3_ERROR_ARGUMENT, "signing time out of range");
		return s3_error_detail(err, "A signature's time lies between the years 1970 and 9999.");
	}
	strftime(amz_date, AMZ_DATE_SIZE, "%Y%m%dT%H%M%SZ", &tm);
	return true;
}

/* The Authorization header. */
static char *
authorization(const S3Signing *signing, const char *amz_date, const char *signed_headers,
			  const char *signature)
{
	StringInfoData value;

	initStringInfo(&value);
	appendStringInfoString(&value, ALGORITHM " Credential=");
	appendStringInfoString(&value, credential(signing, amz_date));
	appendStringInfoString(&value, ", SignedHeaders=");
	appendStringInfoString(&value, signed_headers);
	appendStringInfoString(&value, ", Signature=");
	appendStringInfoString(&value, signature);
	return value.data;
}

static char *
credential(const S3Signing *signing, const char *amz_date)
{
	StringInfoData value;

	initStringInfo(&value);
	appendStringInfoString(&value, signing->credentials->access_key_id);
	appendStringInfoChar(&value, '/');
	append_scope(&value, amz_date, signing->region);
	return value.data;
}

/* CredentialScope: date/region/s3/aws4_request */
static void
append_scope(StringInfo dst, const char *amz_date, const char *region)
{
	appendBinaryStringInfo(dst, amz_date, DATE_LEN);
	appendStringInfoChar(dst, '/');
	appendStringInfoString(dst, region);
	appendStringInfoString(dst, "/s3/aws4_request");
}

/* StringToSign, up to the hash. */
static void
append_to_sign(StringInfo dst, const char *amz_date, const char *region)
{
	appendStringInfoString(dst, ALGORITHM "\n");
	appendStringInfoString(dst, amz_date);
	appendStringInfoChar(dst, '\n');
	append_scope(dst, amz_date, region);
	appendStringInfoChar(dst, '\n');
}

static bool
make_frame(S3SigV4Frame *frame, const S3Signing *signing, int expires, const char *names,
		   S3Error *err)
{
	char		amz_date[AMZ_DATE_SIZE];
	S3SigV4Key	derived;
	const S3SigV4Key *key;
	StringInfoData to_sign;

	frame->ready = false;
	if (!format_amz_date(signing->time, amz_date, err) ||
		(key = find_key(signing, &derived, err)) == NULL)
		return false;
	frame->hmac = key->hmac;
	explicit_bzero(&derived, sizeof(derived));
	initStringInfo(&to_sign);
	append_to_sign(&to_sign, amz_date, signing->region);
	s3_hmac_update(&frame->hmac, s3_slice(to_sign.data, to_sign.len));

	resetStringInfo(&frame->names);
	appendStringInfoString(&frame->names, names);
	resetStringInfo(&frame->query);
	append_own_query(&frame->query, signing, expires, amz_date, names);
	frame->time = signing->time;
	frame->expires = expires;
	frame->ready = true;
	return true;
}

/* The parameters of the signature, but for the signature itself. */
static void
append_own_query(StringInfo dst, const S3Signing *signing, int expires, const char *amz_date,
				 const char *names)
{
	const S3Credentials *credentials = signing->credentials;
	S3Fields	query = {0};

	s3_fields_add(&query, "X-Amz-Algorithm", ALGORITHM);
	s3_fields_add(&query, "X-Amz-Credential", credential(signing, amz_date));
	s3_fields_add(&query, "X-Amz-Date", amz_date);
	s3_fields_add(&query, "X-Amz-Expires", psprintf("%d", expires));
	s3_fields_add(&query, "X-Amz-SignedHeaders", names);
	if (credentials->session_token != NULL)
		s3_fields_add(&query, "X-Amz-Security-Token", credentials->session_token);
	appendStringInfoString(dst, s3_fields_encode(&query, false));
}

/*
 * CanonicalQueryString, which is sorted: the frame's parameters go between
 * those of the request.  None of S3's has a name that begins with "X".
 */
static void
append_query(StringInfo dst, const S3Request *request, const S3SigV4Frame *frame)
{
	const char *query = request->query.count == 0 ? "" : s3_fields_encode(&request->query, false);
	const char *rest = query;

	while (*rest != '\0' && (unsigned char) *rest < 'X')
	{
		rest += strcspn(rest, "&");
		rest += *rest == '&';
	}
	appendBinaryStringInfo(dst, query, (int) (rest - query));
	if (rest > query && rest[-1] != '&')
		appendStringInfoChar(dst, '&');
	appendBinaryStringInfo(dst, frame->query.data, frame->query.len);
	if (*rest != '\0')
		appendStringInfo(dst, "&%s", rest);
}

/* Signs the host and every header that we send. */
static CanonicalHeaders
canonical_headers(const S3Request *request)
{
	CanonicalHeaders headers;
	S3Fields	sorted = {0};
	StringInfoData lines;
	StringInfoData names;

	s3_fields_add(&sorted, "host", request->host);
	for (int i = 0; i < request->headers.count; i++)
		s3_fields_add(&sorted, request->headers.items[i].name, request->headers.items[i].value);
	s3_fields_sort(&sorted);

	initStringInfo(&lines);
	initStringInfo(&names);
	for (int i = 0; i < sorted.count; i++)
	{
		appendStringInfoString(&lines, sorted.items[i].name);
		appendStringInfoChar(&lines, ':');
		append_trimmed(&lines, sorted.items[i].value);
		appendStringInfoChar(&lines, '\n');
		if (i > 0)
			appendStringInfoChar(&names, ';');
		appendStringInfoString(&names, sorted.items[i].name);
	}
	headers.lines = lines.data;
	headers.names = names.data;
	return headers;
}

/* Trim(): no blanks at the ends, one for each run of them inside. */
static void
append_trimmed(StringInfo dst, const char *value)
{
	value += strspn(value, BLANKS);
	while (*value != '\0')
	{
		size_t		len = strcspn(value, BLANKS);

		appendBinaryStringInfo(dst, value, (int) len);
		value += len;
		value += strspn(value, BLANKS);
		if (*value != '\0')
			appendStringInfoChar(dst, ' ');
	}
}

/* CanonicalRequest -> StringToSign -> Signature. */
static bool
sign_request(const S3Request *request, const CanonicalHeaders *headers,
			 const char *payload_hash, const S3Signing *signing, const char *amz_date,
			 char *signature, S3Error *err)
{
	uint8		hash[S3_SHA256_LEN];
	char		hex[S3_SHA256_HEX];
	StringInfoData canonical;
	StringInfoData to_sign;

	initStringInfo(&canonical);
	appendStringInfo(&canonical, "%s\n%s", request->method, request->path);
	append_tail(&canonical, s3_fields_encode(&request->query, false), headers, payload_hash);
	if (!s3_sha256(s3_slice(canonical.data, canonical.len), hash, err))
		return false;
	s3_hex(hash, sizeof(hash), hex);

	initStringInfo(&to_sign);
	append_to_sign(&to_sign, amz_date, signing->region);
	appendStringInfoString(&to_sign, hex);
	return sign_text(s3_slice(to_sign.data, to_sign.len), signing, signature, err);
}

/* CanonicalRequest, from behind the path on. */
static void
append_tail(StringInfo dst, const char *query, const CanonicalHeaders *headers,
			const char *payload_hash)
{
	const char *const parts[] = {query, headers->lines, headers->names, payload_hash};

	for (int i = 0; i < lengthof(parts); i++)
	{
		appendStringInfoChar(dst, '\n');
		appendStringInfoString(dst, parts[i]);
	}
}

/* StringToSign -> Signature, in hex. */
static bool
sign_text(S3Slice to_sign, const S3Signing *signing, char *signature, S3Error *err)
{
	uint8		hash[S3_SHA256_LEN];
	S3SigV4Key	derived;
	const S3SigV4Key *key = find_key(signing, &derived, err);
	bool		ok = key != NULL && s3_hmac_final(&key->hmac, to_sign, hash, err);

	explicit_bzero(&derived, sizeof(derived));
	if (ok)
		s3_hex(hash, sizeof(hash), signature);
	return ok;
}

/* The SigningKey that is known, or else "derived"; NULL on failure. */
static const S3SigV4Key *
find_key(const S3Signing *signing, S3SigV4Key *derived, S3Error *err)
{
	if (signing->key != NULL && signing->key->day == s3_sigv4_day(signing->time))
		return signing->key;
	return s3_sigv4_key(signing, derived, err) ? derived : NULL;
}

/* SigningKey: HMAC("AWS4" + secret, date), region, "s3", "aws4_request". */
static bool
signing_key(const S3Signing *signing, const char *amz_date,
			uint8 key[S3_SHA256_LEN], S3Error *err)
{
	const S3Slice steps[] = {
		s3_slice(amz_date, DATE_LEN), s3_slice_cstring(signing->region),
		s3_slice_cstring("s3"), s3_slice_cstring("aws4_request")
	};
	char	   *secret = psprintf("AWS4%s", signing->credentials->secret_access_key);
	S3Slice		step_key = s3_slice_cstring(secret);
	bool		ok = true;

	for (int i = 0; ok && i < lengthof(steps); i++)
	{
		ok = s3_hmac_sha256(step_key, steps[i], key, err);
		step_key = s3_slice((char *) key, S3_SHA256_LEN);
	}
	explicit_bzero(secret, strlen(secret));
	pfree(secret);
	return ok;
}
