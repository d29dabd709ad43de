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
	Checksum	compute;
}			checksums[] =
{
	{"x-amz-checksum-crc32", checksum_crc32},
	{"x-amz-checksum-crc32c", checksum_crc32c},
	{"x-amz-checksum-crc64nvme", checksum_crc64nvme},
	{"x-amz-checksum-sha1", checksum_sha1},
	{"x-amz-checksum-sha256", checksum_sha256}
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
			return differs(direction, checksums[i].header, theirs, ours, err);
	}
	return true;
}

static bool
compare_etag(const S3HttpResponse *response, S3Slice content,
			 S3IntegrityDirection direction, S3Error *err)
{
	char	   *etag = s3_response_header(response, "etag");
	uint8		md5[S3_MD5_LEN];
	char		ours[S3_MD5_LEN * 2 + 1];
	S3Error		refusal;
	size_t		len;

	if (etag == NULL || !is_plain(response))
		return true;
	len = strlen(etag);
	if (len >= 2 && etag[0] == '"' && etag[len - 1] == '"')
	{
		etag[len - 1] = '\0';
		etag++;
	}
	/* A FIPS installation has no MD5, so nothing to compare. */
	if (!is_md5(etag) || !s3_md5(content, md5, &refusal))
		return true;
	s3_hex(md5, sizeof(md5), ours);
	if (pg_strcasecmp(etag, ours) == 0)
		return true;
	return differs(direction, "ETag", etag, ours, err);
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
