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
#include "s3store.h"

#include "crc.h"
#include "digest.h"
#include "integrity.h"

#define ENCRYPTION_OWN		"AES256"	/* S3's own keys leave the MD5 alone */

/* The headers that say what an ETag is of. */
typedef enum EtagHeader
{
	HEADER_ETAG,
	HEADER_ENCRYPTION,
	HEADER_CUSTOMER_KEY,
	ETAG_HEADERS
} EtagHeader;

/* Returns the base64 form; NULL where it cannot be computed. */
typedef char *(*Checksum) (S3Slice content);

static bool check_md5(char **values, S3Slice content, S3IntegrityDirection direction, S3Error *err);
static const char *etag_md5(char **values);
static bool compare_md5(const char *theirs, const char *ours, S3IntegrityDirection direction,
						S3Error *err);
static bool compare_checksum(int i, const char *theirs, S3Slice content,
							 S3IntegrityDirection direction, S3Error *err);
static bool is_md5(const char *etag);
static bool differs(S3IntegrityDirection direction, const char *what, const char *theirs,
					const char *ours, S3Error *err);
static char *checksum_crc32(S3Slice content);
static char *checksum_crc32c(S3Slice content);
static char *checksum_crc64nvme(S3Slice content);
static char *checksum_sha1(S3Slice content);
static char *checksum_sha256(S3Slice content);
static char *base64_crc(uint64 crc, int len);

/* Those of the ETag first, then one for each of the checksums below. */
static const S3Slice headers[] = {
	[HEADER_ETAG] = S3_SLICE_LITERAL("etag"),
	[HEADER_ENCRYPTION] = S3_SLICE_LITERAL("x-amz-server-side-encryption"),
	[HEADER_CUSTOMER_KEY] = S3_SLICE_LITERAL("x-amz-server-side-encryption-customer-algorithm"),
	S3_SLICE_LITERAL("x-amz-checksum-crc32"),
	S3_SLICE_LITERAL("x-amz-checksum-crc32c"),
	S3_SLICE_LITERAL("x-amz-checksum-crc64nvme"),
	S3_SLICE_LITERAL("x-amz-checksum-sha1"),
	S3_SLICE_LITERAL("x-amz-checksum-sha256")
};

static const struct
{
	const char *name;
	Checksum	compute;
}			checksums[] =
{
	{"CRC32", checksum_crc32},
	{"CRC32C", checksum_crc32c},
	{"CRC64NVME", checksum_crc64nvme},
	{"SHA1", checksum_sha1},
	{"SHA256", checksum_sha256}
};

StaticAssertDecl(lengthof(headers) == ETAG_HEADERS + lengthof(checksums),
				 "each checksum has a header");

bool
s3_integrity_check(const S3HttpResponse *response, S3Slice content,
				   S3IntegrityDirection direction, S3Error *err)
{
	char	   *values[lengthof(headers)];

	s3_response_headers(response, headers, lengthof(headers), values);
	if (!check_md5(values, content, direction, err))
		return false;
	for (int i = 0; i < lengthof(checksums); i++)
	{
		const char *theirs = values[ETAG_HEADERS + i];

		if (theirs != NULL && !compare_checksum(i, theirs, content, direction, err))
			return false;
	}
	return true;
}

bool
s3_integrity_has_md5(const S3HttpResponse *response)
{
	char	   *values[ETAG_HEADERS];

	s3_response_headers(response, headers, ETAG_HEADERS, values);
	return etag_md5(values) != NULL;
}

bool
s3_integrity_check_md5(const S3HttpResponse *response, const char *ours,
					   S3IntegrityDirection direction, S3Error *err)
{
	char	   *values[ETAG_HEADERS];
	const char *theirs;

	s3_response_headers(response, headers, ETAG_HEADERS, values);
	theirs = etag_md5(values);
	return theirs == NULL || compare_md5(theirs, ours, direction, err);
}

static bool
check_md5(char **values, S3Slice content, S3IntegrityDirection direction, S3Error *err)
{
	const char *theirs = etag_md5(values);
	uint8		md5[S3_MD5_LEN];
	char		ours[S3_MD5_HEX];
	S3Error		refusal;

	/* A FIPS installation has no MD5, so nothing to compare. */
	if (theirs == NULL || !s3_md5(content, md5, &refusal))
		return true;
	s3_hex(md5, sizeof(md5), ours);
	return compare_md5(theirs, ours, direction, err);
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
compare_md5(const char *theirs, const char *ours, S3IntegrityDirection direction, S3Error *err)
{
	return pg_strcasecmp(theirs, ours) == 0 || differs(direction, "ETag", theirs, ours, err);
}

static bool
compare_checksum(int i, const char *theirs, S3Slice content,
				 S3IntegrityDirection direction, S3Error *err)
{
	char	   *ours;

	if (*theirs == '\0' || strchr(theirs, '-') != NULL)
		return true;
	ours = checksums[i].compute(content);
	return ours == NULL || strcmp(ours, theirs) == 0 ||
		differs(direction, checksums[i].name, theirs, ours, err);
}

static bool
is_md5(const char *etag)
{
	return strlen(etag) == S3_MD5_LEN * 2 &&
		strspn(etag, "0123456789abcdefABCDEF") == S3_MD5_LEN * 2;
}

static bool
differs(S3IntegrityDirection direction, const char *what, const char *theirs,
		const char *ours, S3Error *err)
{
	char		cleaned[S3_ERROR_CODE_MAX];

	s3_error_copy_text(cleaned, sizeof(cleaned), s3_slice_cstring(theirs));
	s3_error_set(err, S3_ERROR_PROTOCOL, direction == S3_INTEGRITY_SENT ?
				 "the server has stored another content than was sent" :
				 "another content arrived than the server has");
	s3_error_detail(err, "The server's %s is \"%s\", that of the content is \"%s\".",
					what, cleaned, ours);
	return s3_error_hint(err, direction == S3_INTEGRITY_SENT ?
						 "The object may be damaged: store it again." :
						 "The content was damaged on its way, or in the store.");
}

static char *
checksum_crc32(S3Slice content)
{
	return base64_crc(s3_crc32(content), 4);
}

static char *
checksum_crc32c(S3Slice content)
{
	return base64_crc(s3_crc32c(content), 4);
}

static char *
checksum_crc64nvme(S3Slice content)
{
	return base64_crc(s3_crc64nvme(content), 8);
}

static char *
checksum_sha1(S3Slice content)
{
	uint8		digest[S3_SHA1_LEN];
	S3Error		refusal;

	return s3_sha1(content, digest, &refusal) ? s3_base64(digest, sizeof(digest)) : NULL;
}

static char *
checksum_sha256(S3Slice content)
{
	uint8		digest[S3_SHA256_LEN];
	S3Error		refusal;

	return s3_sha256(content, digest, &refusal) ? s3_base64(digest, sizeof(digest)) : NULL;
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
