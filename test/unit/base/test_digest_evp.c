/*
 * Unit tests of the digest room built the other way, for where OpenSSL's
 * functions for SHA-256 alone cannot be had: both ways agree.
 */
#include "base/digest.h"
#include "tap.h"

#include <sys/wait.h>
#include <unistd.h>

/* The room once more, under other names. */
#define S3_DIGEST_BY_EVP
#define s3_sha256		evp_sha256
#define s3_md5			evp_md5
#define s3_hmac_sha256	evp_hmac_sha256
#define s3_hmac_sha1	evp_hmac_sha1
#define s3_hmac_init	evp_hmac_init
#define s3_hmac_update	evp_hmac_update
#define s3_hmac_final	evp_hmac_final
#define s3_digest_sha256 evp_digest_sha256
#define s3_digest_md5	evp_digest_md5
#define s3_digest_sha1	evp_digest_sha1
#define s3_digest_add	evp_digest_add
#define s3_digest_hex	evp_digest_hex
#define s3_digest_base64 evp_digest_base64
#define s3_digest_free	evp_digest_free
#define s3_hex			evp_hex
#define s3_base64		evp_base64

extern void s3_digest_free(S3Digest *digest);
extern void s3_hex(const uint8 *data, size_t len, char *hex);
extern char *s3_base64(const uint8 *data, size_t len);
extern bool s3_hmac_init(S3Hmac *hmac, S3Slice key, S3Error *err);
extern void s3_hmac_update(S3Hmac *hmac, S3Slice start);
extern bool s3_hmac_final(const S3Hmac *hmac, S3Slice rest, uint8 out[S3_SHA256_LEN],
						  S3Error *err);

#include "base/digest.c"

#undef s3_sha256
#undef s3_hmac_sha256
#undef s3_hmac_init
#undef s3_hmac_update
#undef s3_hmac_final

#define DATA_MAX	400

static char data[DATA_MAX];

static void test_sha256(void);
static void test_hmac(void);
static void test_steps(void);
static void test_fips(void);
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static bool is_refused_with_fips(void);
#endif

int
main(void)
{
	for (int i = 0; i < DATA_MAX; i++)
		data[i] = (char) (i * 37 + i / 7);
	/* Before anything is hashed: the way is chosen once. */
	test_fips();
	test_sha256();
	test_hmac();
	test_steps();
	return tap_done();
}

static void
test_sha256(void)
{
	bool		good = true;

	for (int len = 0; len < DATA_MAX; len++)
	{
		uint8		ours[S3_SHA256_LEN];
		uint8		evp[S3_SHA256_LEN];
		S3Error		err;

		good = good && s3_sha256(s3_slice(data, len), ours, &err) &&
			evp_sha256(s3_slice(data, len), evp, &err) && memcmp(ours, evp, sizeof(ours)) == 0;
	}
	ok(good, "SHA-256 of all lengths below %d", DATA_MAX);
}

static void
test_hmac(void)
{
	bool		good = true;

	for (int len = 0; len < DATA_MAX; len++)
	{
		S3Slice		key = s3_slice(data, len % 150);
		uint8		ours[S3_SHA256_LEN];
		uint8		evp[S3_SHA256_LEN];
		S3Error		err;

		good = good && s3_hmac_sha256(key, s3_slice(data, len), ours, &err) &&
			evp_hmac_sha256(key, s3_slice(data, len), evp, &err) &&
			memcmp(ours, evp, sizeof(ours)) == 0;
	}
	ok(good, "HMAC with keys below and above a block");
}

/* Cut anywhere, a message has the same HMAC. */
static void
test_steps(void)
{
	bool		good = true;

	for (int cut = 0; cut <= S3_HMAC_START_MAX; cut++)
	{
		S3Slice		key = s3_slice(data + cut, cut);
		S3Slice		rest = s3_slice(data + cut, DATA_MAX - cut);
		uint8		whole[S3_SHA256_LEN];
		uint8		ours[S3_SHA256_LEN];
		uint8		evp[S3_SHA256_LEN];
		S3Hmac		hmac;
		S3Error		err;

		good = good && s3_hmac_sha256(key, s3_slice(data, DATA_MAX), whole, &err) &&
			s3_hmac_init(&hmac, key, &err);
		s3_hmac_update(&hmac, s3_slice(data, cut / 2));
		s3_hmac_update(&hmac, s3_slice(data + cut / 2, cut - cut / 2));
		for (int i = 0; i < 2; i++)
			good = good && s3_hmac_final(&hmac, rest, ours, &err) &&
				memcmp(ours, whole, sizeof(ours)) == 0;
		good = good && evp_hmac_init(&hmac, key, &err);
		evp_hmac_update(&hmac, s3_slice(data, cut));
		good = good && evp_hmac_final(&hmac, rest, evp, &err) &&
			memcmp(evp, whole, sizeof(evp)) == 0;
	}
	ok(good, "HMAC in steps");
}

/*
 * Nothing is hashed behind the back of a provider that was asked for: without
 * one (Debian has none), the digest is refused.
 */
static void
test_fips(void)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
	int			status = 1;
	pid_t		child = fork();

	if (child == 0)
		_exit(is_refused_with_fips() ? 0 : 1);
	ok(child > 0 && waitpid(child, &status, 0) == child && status == 0,
	   "where FIPS is asked for, OpenSSL decides");
#endif
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static bool
is_refused_with_fips(void)
{
	S3Slice		text = s3_slice_cstring("text");
	uint8		out[S3_SHA256_LEN];
	S3Error		err;

	return EVP_default_properties_enable_fips(NULL, 1) == 1 &&
		!s3_sha256(text, out, &err) && err.kind == S3_ERROR_UNSUPPORTED &&
		!s3_hmac_sha256(text, text, out, &err) && err.kind == S3_ERROR_UNSUPPORTED;
}
#endif
