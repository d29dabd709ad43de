/*-------------------------------------------------------------------------
 *
 * integrity.c
 *	  Whether the content here is the one that the server has.
 *
 * An ETag is the MD5 of the content unless the object came in parts, or was
 * encrypted with a key that is not S3's own.  Checksums are of the content
 * unless they are composite, which their value shows ("-" and the number of
 * parts).  No digest is computed that the server does not give.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/crc.h"
#include "base/digest.h"
#include "s3/integrity.h"

#define ENCRYPTION_OWN		"AES256"	/* S3's own keys leave the MD5 alone */

#define ETAG_HINT \
	" Or this server's ETags are no MD5s: then switch off \"verify_etag\" in its endpoint's entry in s3store.endpoints."

/* The headers that count: what an ETag is of, and the checksums. */
typedef enum Header
{
	HEADER_ETAG,
	HEADER_ENCRYPTION,
	HEADER_CUSTOMER_KEY,
	HEADER_CRC32,
	HEADER_CRC32C,
	HEADER_CRC64NVME,
	HEADER_SHA1,
	HEADER_SHA256,
	HEADERS
} Header;

static const S3Slice headers[HEADERS] = {
	[HEADER_ETAG] = S3_SLICE_LITERAL("etag"),
	[HEADER_ENCRYPTION] = S3_SLICE_LITERAL("x-amz-server-side-encryption"),
	[HEADER_CUSTOMER_KEY] = S3_SLICE_LITERAL("x-amz-server-side-encryption-customer-algorithm"),
	[HEADER_CRC32] = S3_SLICE_LITERAL("x-amz-checksum-crc32"),
	[HEADER_CRC32C] = S3_SLICE_LITERAL("x-amz-checksum-crc32c"),
	[HEADER_CRC64NVME] = S3_SLICE_LITERAL("x-amz-checksum-crc64nvme"),
	[HEADER_SHA1] = S3_SLICE_LITERAL("x-amz-checksum-sha1"),
	[HEADER_SHA256] = S3_SLICE_LITERAL("x-amz-checksum-sha256")
};

/* How one of the digests is computed: as a CRC, or else by OpenSSL. */
typedef struct Rule
{
	Header		header;
	const char *name;
	uint64		(*crc) (uint64 crc, S3Slice data);
	int			crc_len;		/* bytes */
	S3Digest   *(*start) (S3Error *err);
} Rule;

static const Rule rules[] = {
	{HEADER_ETAG, "ETag", NULL, 0, s3_digest_md5},
	{HEADER_CRC32, "CRC32", s3_crc32, 4, NULL},
	{HEADER_CRC32C, "CRC32C", s3_crc32c, 4, NULL},
	{HEADER_CRC64NVME, "CRC64NVME", s3_crc64nvme, 8, NULL},
	{HEADER_SHA1, "SHA1", NULL, 0, s3_digest_sha1},
	{HEADER_SHA256, "SHA256", NULL, 0, s3_digest_sha256}
};

/* One of them, of a content. */
typedef struct Check
{
	const char *theirs;			/* NULL: nothing to compare */
	const char *ours;			/* known from the start */
	uint64		crc;
	S3Digest   *digest;
} Check;

struct S3Integrity
{
	Check		checks[lengthof(rules)];
};

static const Rule *find_checksum(const char *algorithm);
static const char *expected(const Rule *rule, char **values);
static const char *etag_md5(char **values);
static bool is_md5(const char *etag);
static bool matches(const Rule *rule, const Check *check, S3IntegrityDirection direction,
					S3Error *err);
static const char *computed(const Rule *rule, const Check *check);
static bool differs(const Rule *rule, S3IntegrityDirection direction, const char *theirs,
					const char *ours, S3Error *err);
static char *base64_crc(uint64 crc, int len);

S3Integrity *
s3_integrity_start(const S3HttpResponse *response, bool verify_etag, const char *md5)
{
	S3Integrity *integrity = palloc0(sizeof(S3Integrity));
	char	   *values[HEADERS];

	s3_response_headers(response, headers, HEADERS, values);
	if (!verify_etag)
		values[HEADER_ETAG] = NULL;
	for (int i = 0; i < lengthof(rules); i++)
		integrity->checks[i].theirs = expected(&rules[i], values);
	/* Nothing throws once there is a digest. */
	for (int i = 0; i < lengthof(rules); i++)
	{
		Check	   *check = &integrity->checks[i];
		S3Error		refusal;

		if (check->theirs == NULL || rules[i].start == NULL)
			continue;
		if (rules[i].header == HEADER_ETAG && md5 != NULL)
			check->ours = md5;
		/* A FIPS installation has no MD5, so nothing to compare. */
		else if ((check->digest = rules[i].start(&refusal)) == NULL)
			check->theirs = NULL;
	}
	return integrity;
}

void
s3_integrity_add(S3Integrity *integrity, S3Slice content)
{
	for (int i = 0; i < lengthof(rules); i++)
	{
		Check	   *check = &integrity->checks[i];

		if (check->digest != NULL)
			s3_digest_add(check->digest, content.data, content.len);
		else if (check->theirs != NULL && rules[i].crc != NULL)
			check->crc = rules[i].crc(check->crc, content);
	}
}

bool
s3_integrity_end(S3Integrity *integrity, S3IntegrityDirection direction, S3Error *err)
{
	for (int i = 0; i < lengthof(rules); i++)
	{
		const Check *check = &integrity->checks[i];

		if (check->theirs != NULL && !matches(&rules[i], check, direction, err))
			return false;
	}
	return true;
}

void
s3_integrity_free(S3Integrity *integrity)
{
	for (int i = 0; integrity != NULL && i < lengthof(rules); i++)
	{
		s3_digest_free(integrity->checks[i].digest);
		integrity->checks[i].digest = NULL;
	}
}

S3Integrity *
s3_integrity_start_checksum(const char *algorithm, S3Error *err)
{
	const Rule *rule = find_checksum(algorithm);
	S3Integrity *integrity = palloc0(sizeof(S3Integrity));
	Check	   *check;

	if (rule == NULL)
	{
		s3_error_set(err, S3_ERROR_ARGUMENT, "invalid checksum algorithm \"%s\"", algorithm);
		s3_error_detail(err, "Valid algorithms: CRC32, CRC32C, CRC64NVME, SHA1, SHA256.");
		return NULL;
	}
	check = &integrity->checks[rule - rules];
	if (rule->start != NULL && (check->digest = rule->start(err)) == NULL)
		return NULL;
	check->theirs = "";
	return integrity;
}

const char *
s3_integrity_value(S3Integrity *integrity, S3Error *err)
{
	for (int i = 0; i < lengthof(rules); i++)
	{
		Check	   *check = &integrity->checks[i];

		if (check->theirs != NULL)
			return rules[i].crc != NULL ? base64_crc(check->crc, rules[i].crc_len) :
				s3_digest_base64(check->digest, err);
	}
	Assert(false);
	return NULL;
}

const char *
s3_integrity_header(const char *algorithm)
{
	const Rule *rule = find_checksum(algorithm);

	return rule == NULL ? NULL : headers[rule->header].data;
}

bool
s3_integrity_check_link(const S3Fields *given, S3Error *err)
{
	const char *algorithm = s3_fields_find(given, S3_ALGORITHM_HEADER);
	const Rule *rule = algorithm == NULL ? NULL : find_checksum(algorithm);

	if (rule == NULL || s3_fields_find(given, headers[rule->header].data) != NULL)
		return true;
	s3_error_set(err, S3_ERROR_ARGUMENT, "parameter \"ChecksumAlgorithm\" needs the checksum in a link");
	s3_error_detail(err, "The checksum is signed, and only whoever has the content knows it.");
	return s3_error_hint(err, "Pass it as \"Checksum%s\", or leave both out.", rule->name);
}

/* NULL: none of that name.  The MD5 is no checksum to S3. */
static const Rule *
find_checksum(const char *algorithm)
{
	for (int i = 0; i < lengthof(rules); i++)
		if (rules[i].header != HEADER_ETAG && pg_strcasecmp(rules[i].name, algorithm) == 0)
			return &rules[i];
	return NULL;
}

/* What the server says, or NULL where that is not of the content. */
static const char *
expected(const Rule *rule, char **values)
{
	const char *value = values[rule->header];

	if (rule->header == HEADER_ETAG)
		return etag_md5(values);
	/* The checksum of parts has their number in it. */
	if (value == NULL || *value == '\0' || strchr(value, '-') != NULL)
		return NULL;
	return value;
}

/* Returns the ETag without its quotes where it is the MD5 of the content, or NULL. */
static const char *
etag_md5(char **values)
{
	const char *encryption = values[HEADER_ENCRYPTION];
	const char *etag;

	if (values[HEADER_ETAG] == NULL || values[HEADER_CUSTOMER_KEY] != NULL ||
		(encryption != NULL && strcmp(encryption, ENCRYPTION_OWN) != 0))
		return NULL;
	etag = s3_slice_dup(s3_etag_unquote(s3_slice_cstring(values[HEADER_ETAG])));
	return is_md5(etag) ? etag : NULL;
}

static bool
is_md5(const char *etag)
{
	return strlen(etag) == S3_MD5_LEN * 2 &&
		strspn(etag, "0123456789abcdefABCDEF") == S3_MD5_LEN * 2;
}

static bool
matches(const Rule *rule, const Check *check, S3IntegrityDirection direction, S3Error *err)
{
	const char *ours = computed(rule, check);

	/* The digits of hex may be in upper case; base64 is exact. */
	return ours == NULL ||
		(rule->header == HEADER_ETAG ? pg_strcasecmp(check->theirs, ours) :
		 strcmp(check->theirs, ours)) == 0 ||
		differs(rule, direction, check->theirs, ours, err);
}

static const char *
computed(const Rule *rule, const Check *check)
{
	S3Error		refusal;

	if (rule->crc != NULL)
		return base64_crc(check->crc, rule->crc_len);
	if (check->digest == NULL)
		return check->ours;
	return rule->header == HEADER_ETAG ? s3_digest_hex(check->digest, &refusal) :
		s3_digest_base64(check->digest, &refusal);
}

static bool
differs(const Rule *rule, S3IntegrityDirection direction, const char *theirs,
		const char *ours, S3Error *err)
{
	char		cleaned[S3_ERROR_CODE_MAX];

	s3_error_copy_text(cleaned, sizeof(cleaned), s3_slice_cstring(theirs));
	s3_error_set(err, S3_ERROR_PROTOCOL, direction == S3_INTEGRITY_SENT ?
				 "the server has stored another content than was sent" :
				 "another content arrived than the server has");
	s3_error_detail(err, "The server's %s is \"%s\", that of the content is \"%s\".",
					rule->name, cleaned, ours);
	return s3_error_hint(err, "%s%s", direction == S3_INTEGRITY_SENT ?
						 "The object may be damaged: store it again." :
						 "The content was damaged on its way, or in the store.",
						 rule->header == HEADER_ETAG ? ETAG_HINT : "");
}

/* The highest byte comes first. */
static char *
base64_crc(uint64 crc, int len)
{
	uint8		bytes[8];

	for (int i = 0; i < len; i++)
		bytes[i] = (uint8) (crc >> (8 * (len - 1 - i)));
	return s3_base64(bytes, len);
}
