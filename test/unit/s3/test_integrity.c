/*
 * Unit tests of the integrity room: which digests are compared, and how.  The
 * digests are what Python's hashlib, zlib and a bitwise CRC gave.
 */
#include "base/crc.h"
#include "s3/integrity.h"
#include "tap.h"

#define SHA1		"98O8HYCOBHMq32eZZczDTKeuNEE="
#define SHA256		"FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="
#define MD5			"25f9e794323b453885f5181f1b624d0b"
#define OTHER_MD5	"25f9e794323b453885f5181f1b624d0c"

static const char content[] = "123456789";

static const struct
{
	const char *name;
	const char *headers;
	bool		good;
}			cases[] =
{
	{"nothing to compare", "Content-Length: 9\r\n", true},
	{"the MD5", "ETag: \"" MD5 "\"\r\n", true},
	{"the MD5 without quotes", "ETag: " MD5 "\r\n", true},
	{"the MD5 in upper case", "ETag: \"25F9E794323B453885F5181F1B624D0B\"\r\n", true},
	{"another MD5", "ETag: \"" OTHER_MD5 "\"\r\n", false},
	{"the ETag of an upload in parts", "ETag: \"" OTHER_MD5 "-2\"\r\n", true},
	{"an ETag that is no MD5", "ETag: \"d41d8cd98f00b204e9800998ecf8427\"\r\n", true},
	{"an empty ETag", "ETag: \"\"\r\n", true},
	{"half a quote", "ETag: \"\r\n", true},
	{"S3's own encryption", "ETag: \"" OTHER_MD5 "\"\r\nx-amz-server-side-encryption: AES256\r\n", false},
	{"a key of KMS", "ETag: \"" OTHER_MD5 "\"\r\nx-amz-server-side-encryption: aws:kms\r\n", true},
	{"two keys of KMS", "ETag: \"" OTHER_MD5 "\"\r\nx-amz-server-side-encryption: aws:kms:dsse\r\n", true},
	{"a customer's key", "ETag: \"" OTHER_MD5 "\"\r\nx-amz-server-side-encryption-customer-algorithm: AES256\r\n", true},
	{"CRC-32", "x-amz-checksum-crc32: y/Q5Jg==\r\n", true},
	{"CRC-32 of another content", "x-amz-checksum-crc32: y/Q5Jw==\r\n", false},
	{"CRC-32C", "x-amz-checksum-crc32c: 4waSgw==\r\n", true},
	{"CRC-32C of another content", "x-amz-checksum-crc32c: 4waShw==\r\n", false},
	{"CRC-64", "x-amz-checksum-crc64nvme: rosUhgp5mIg=\r\n", true},
	{"CRC-64 of another content", "x-amz-checksum-crc64nvme: rosUhgp5mIo=\r\n", false},
	{"SHA-1", "x-amz-checksum-sha1: " SHA1 "\r\n", true},
	{"SHA-1 of another content", "x-amz-checksum-sha1: A" SHA1 "\r\n", false},
	{"SHA-256", "x-amz-checksum-sha256: " SHA256 "\r\n", true},
	{"SHA-256 of another content", "x-amz-checksum-sha256: A" SHA256 "\r\n", false},
	{"a composite checksum", "x-amz-checksum-sha256: A" SHA256 "-3\r\n", true},
	{"a checksum of a customer's object", "x-amz-server-side-encryption: aws:kms\r\n"
	"x-amz-checksum-crc32: y/Q5Jw==\r\n", false},
	{"an empty checksum", "x-amz-checksum-crc32: \r\n", true},
	{"the MD5, and another checksum", "ETag: \"" MD5 "\"\r\nx-amz-checksum-crc32: AAAAAA==\r\n", false}
};

static bool verify_etag = true;

static void test_cases(void);
static void test_words(void);
static void test_crc(void);
static void test_known_md5(void);
static void test_etag_that_is_no_md5(void);
static bool check(const char *headers, S3Slice what, S3IntegrityDirection direction, S3Error *err);
static bool check_pieces(const S3HttpResponse *response, S3Slice what, const char *md5,
						 S3IntegrityDirection direction, S3Error *err);

int
main(void)
{
	test_cases();
	test_words();
	test_crc();
	test_known_md5();
	test_etag_that_is_no_md5();
	return tap_done();
}

static void
test_cases(void)
{
	for (int i = 0; i < lengthof(cases); i++)
	{
		S3Error		err = {0};
		bool		good = check(cases[i].headers, s3_slice_cstring(content),
								 S3_INTEGRITY_RECEIVED, &err);

		ok(good == cases[i].good, "%s", cases[i].name);
		if (!cases[i].good)
			is_int(err.kind, S3_ERROR_PROTOCOL, "%s: the kind of the error", cases[i].name);
	}
}

static void
test_words(void)
{
	const char *headers = "ETag: \"" OTHER_MD5 "\"\r\n";
	S3Error		err = {0};

	check(headers, s3_slice_cstring(content), S3_INTEGRITY_SENT, &err);
	is_string(err.message, "the server has stored another content than was sent", "sent");
	is_string(err.detail, "The server's ETag is \"" OTHER_MD5 "\", that of the content is \"" MD5 "\".",
			  "the detail has both");
	check(headers, s3_slice_cstring(content), S3_INTEGRITY_RECEIVED, &err);
	is_string(err.message, "another content arrived than the server has", "received");
	ok(check("ETag: \"d41d8cd98f00b204e9800998ecf8427e\"\r\n", s3_slice(NULL, 0),
			 S3_INTEGRITY_RECEIVED, &err), "nothing has an MD5, too");
}

/* A store's ETags may have the length of an MD5 and be none. */
static void
test_etag_that_is_no_md5(void)
{
	const char *etag = "ETag: \"" OTHER_MD5 "\"\r\n";
	S3Slice		what = s3_slice_cstring(content);
	S3Error		err = {0};

	check(etag, what, S3_INTEGRITY_RECEIVED, &err);
	ok(strstr(err.hint, "verify_etag") != NULL, "the hint names the setting");
	verify_etag = false;
	ok(check(etag, what, S3_INTEGRITY_RECEIVED, &err), "an ETag that does not count");
	err.hint[0] = '\0';
	ok(!check("ETag: \"" OTHER_MD5 "\"\r\nx-amz-checksum-crc32: y/Q5Jw==\r\n", what,
			  S3_INTEGRITY_RECEIVED, &err), "a checksum counts all the same");
	ok(strstr(err.hint, "verify_etag") == NULL, "the hint of a checksum does not name the setting");
	verify_etag = true;
}

/* It stands for the content, which is not hashed again. */
static void
test_known_md5(void)
{
	char		headers[] = "ETag: \"" MD5 "\"\r\n";
	S3HttpResponse response = {.status = 200,.headers = headers,.headers_len = sizeof(headers) - 1};
	S3Slice		nothing = s3_slice(NULL, 0);
	S3Error		err = {0};

	ok(check_pieces(&response, nothing, MD5, S3_INTEGRITY_SENT, &err), "a known MD5");
	ok(!check_pieces(&response, nothing, OTHER_MD5, S3_INTEGRITY_SENT, &err), "another known MD5");
	s3_integrity_free(NULL);
	ok(true, "nothing is freed");
}

/* Every length around the eight bytes that are taken at a time. */
static void
test_crc(void)
{
	char		bytes[256];

	for (int i = 0; i < 256; i++)
		bytes[i] = (char) i;
	is_int(s3_crc32(0, s3_slice(NULL, 0)), 0, "CRC-32 of nothing");
	is_int(s3_crc64nvme(0, s3_slice(NULL, 0)), 0, "CRC-64 of nothing");
	is_int(s3_crc32c(0, s3_slice_cstring("a")), 0xc1d04330, "CRC-32C of one byte");
	ok(s3_crc64nvme(0, s3_slice_cstring("a")) == UINT64CONST(0x8c2f8445b4cbfc3c), "CRC-64 of one byte");
	is_int(s3_crc32c(0, s3_slice_cstring("s3store")), 0x0a4e0b37, "CRC-32C of seven bytes");
	ok(s3_crc64nvme(0, s3_slice_cstring("s3store")) == UINT64CONST(0xd39d66b47d44236f),
	   "CRC-64 of seven bytes");
	is_int(s3_crc32(0, s3_slice(bytes, 256)), 0x29058c73, "CRC-32 of all bytes");
	is_int(s3_crc32c(0, s3_slice(bytes, 256)), 0x9c44184b, "CRC-32C of all bytes");
	ok(s3_crc64nvme(0, s3_slice(bytes, 256)) == UINT64CONST(0xff71e21279d9966e), "CRC-64 of all bytes");
}

static bool
check(const char *headers, S3Slice what, S3IntegrityDirection direction, S3Error *err)
{
	S3HttpResponse response = {.status = 200};

	response.headers = pstrdup(headers);
	response.headers_len = strlen(headers);
	return check_pieces(&response, what, NULL, direction, err);
}

/* Each byte is a piece. */
static bool
check_pieces(const S3HttpResponse *response, S3Slice what, const char *md5,
			 S3IntegrityDirection direction, S3Error *err)
{
	S3Integrity *integrity = s3_integrity_start(response, verify_etag, md5);
	bool		good;

	for (size_t i = 0; i < what.len; i++)
		s3_integrity_add(integrity, s3_slice(what.data + i, 1));
	good = s3_integrity_end(integrity, direction, err);
	s3_integrity_free(integrity);
	return good;
}
