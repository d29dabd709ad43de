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

#define ENCRYPTION_HEADER	"x-amz-server-side-encryption"
#define ENCRYPTION_OWN		"AES256"	/* S3's own keys leave the MD5 alone */

/* Returns the base64 form; NULL where it cannot be computed. */
typedef char *(*Checksum) (S3Slice content);

static bool compare_etag(const S3HttpResponse *response, S3Slice content,
						 S3IntegrityDirection direction, S3Error *err);
static char *etag_md5(const S3HttpResponse *response);
static bool is_plain(const S3HttpResponse *response);
static bool is_md5(const char *etag);
static bool differs(S3IntegrityDirection direction, const char *what, const char *theirs,
					const char *ours, S3Error *err);
static char *checksum_crc32(S3Slice content);
static char *checksum_crc32c(S3Slice content);
static char *checksum_crc64nvme(S3Slice content);
static char *checksum_sha1(S3Slice content);
static char *checksum_sha256(S3Slice content);
static char *base64_crc(uint64 crc, int len);

static const struct
{
	const char *header;
	const char *name;
	Checksum	compute;
}			checksums[] =
{
	{"x-amz-checksum-crc32", "CRC32", checksum_crc32},
	{"x-amz-checksum-crc32c", "CRC32C", checksum_crc32c},
	{"x-amz-checksum-crc64nvme", "CRC64NVME", checksum_crc64nvme},
	{"x-amz-checksum-sha1", "SHA1", checksum_sha1},
	{"x-amz-checksum-sha256", "SHA256", checksum_sha256}
};

bool
s3_integrity_check(const S3HttpResponse *response, S3Slice content,
				   S3IntegrityDirection direction, S3Error *err)
{
	if (!compare_etag(response, content, direction, err))
		return false;
	for (int i = 0; i < lengthof(checksums); i++)
	{
		char	   *theirs = s3_response_header(response, checksums[i].header);
		char	   *ours;

		if (theirs == NULL || *theirs == '\0' || strchr(theirs, '-') != NULL)
			continue;
		ours = checksums[i].compute(content);
		if (ours != NULL && strcmp(ours, theirs) != 0)
			return differs(direction, checksums[i].name, theirs, ours, err);
	}
	return true;
}

static bool
compare_etag(const S3HttpResponse *response, S3Slice content,
			 S3IntegrityDirection direction, S3Error *err)
{
	uint8		md5[S3_MD5_LEN];
	char		ours[S3_MD5_HEX];
	S3Error		refusal;

	/* A FIPS installation has no MD5, so nothing to compare. */
	if (!s3_integrity_has_md5(response) || !s3_md5(content, md5, &refusal))
		return true;
	s3_hex(md5, sizeof(md5), ours);
	return s3_integrity_check_md5(response, ours, direction, err);
}

bool
s3_integrity_has_md5(const S3HttpResponse *response)
{
	return is_plain(response) && etag_md5(response) != NULL;
}

bool
s3_integrity_check_md5(const S3HttpResponse *response, const char *ours,
					   S3IntegrityDirection direction, S3Error *err)
{
	char	   *theirs = etag_md5(response);

	return theirs == NULL || pg_strcasecmp(theirs, ours) == 0 ||
		differs(direction, "ETag", theirs, ours, err);
}

/* Returns the ETag without its quotes, if it is in the form of an MD5, or NULL. */
static char *
etag_md5(const S3HttpResponse *response)
{
	char	   *etag = s3_response_header(response, "etag");
	size_t		len;

	if (etag == NULL)
		return NULL;
	len = strlen(etag);
	if (len >= 2 && etag[0] == '"' && etag[len - 1] == '"')
	{
		etag[len - 1] = '\0';
		etag++;
	}
	return is_md5(etag) ? etag : NULL;
}

/* Is the ETag of the content, and not of what encryption made of it? */
static bool
is_plain(const S3HttpResponse *response)
{
	char	   *encryption = s3_response_header(response, ENCRYPTION_HEADER);

	if (encryption != NULL && strcmp(encryption, ENCRYPTION_OWN) != 0)
		return false;
	return s3_response_header(response, ENCRYPTION_HEADER "-customer-algorithm") == NULL;
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
