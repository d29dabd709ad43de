/*-------------------------------------------------------------------------
 *
 * digest.c
 *	  SHA-256, HMAC and MD5.
 *
 * Pure; the only file that includes OpenSSL.  Leaves nothing in OpenSSL's
 * error queue, and keeps no key.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/base64.h"
#include "digest.h"

struct S3Digest
{
	EVP_MD_CTX *context;
	const EVP_MD *md;
	const char *name;
	bool		failed;
};

static S3Digest *start_digest(const EVP_MD *md, const char *name, S3Error *err);
static bool digest(const EVP_MD *md, const char *name, S3Slice data,
				   uint8 *out, S3Error *err);
static bool hmac(const EVP_MD *md, const char *name, S3Slice key, S3Slice data,
				 uint8 *out, S3Error *err);
static bool refused(const char *name, S3Error *err);

bool
s3_sha256(S3Slice data, uint8 out[S3_SHA256_LEN], S3Error *err)
{
	return digest(EVP_sha256(), "SHA-256", data, out, err);
}

bool
s3_sha1(S3Slice data, uint8 out[S3_SHA1_LEN], S3Error *err)
{
	return digest(EVP_sha1(), "SHA-1", data, out, err);
}

bool
s3_md5(S3Slice data, uint8 out[S3_MD5_LEN], S3Error *err)
{
	return digest(EVP_md5(), "MD5", data, out, err);
}

bool
s3_hmac_sha256(S3Slice key, S3Slice data, uint8 out[S3_SHA256_LEN], S3Error *err)
{
	return hmac(EVP_sha256(), "HMAC-SHA-256", key, data, out, err);
}

bool
s3_hmac_sha1(S3Slice key, S3Slice data, uint8 out[S3_SHA1_LEN], S3Error *err)
{
	return hmac(EVP_sha1(), "HMAC-SHA-1", key, data, out, err);
}

S3Digest *
s3_digest_sha256(S3Error *err)
{
	return start_digest(EVP_sha256(), "SHA-256", err);
}

S3Digest *
s3_digest_md5(S3Error *err)
{
	return start_digest(EVP_md5(), "MD5", err);
}

static S3Digest *
start_digest(const EVP_MD *md, const char *name, S3Error *err)
{
	S3Digest   *digest = calloc(1, sizeof(S3Digest));

	if (digest == NULL)
	{
		refused(name, err);
		return NULL;
	}
	digest->context = EVP_MD_CTX_new();
	digest->md = md;
	digest->name = name;
	s3_digest_restart(digest);
	if (!digest->failed)
		return digest;
	s3_digest_free(digest);
	refused(name, err);
	return NULL;
}

void
s3_digest_restart(S3Digest *digest)
{
	digest->failed = digest->context == NULL ||
		EVP_DigestInit_ex(digest->context, digest->md, NULL) != 1;
}

void
s3_digest_add(S3Digest *digest, const char *data, size_t len)
{
	if (!digest->failed && EVP_DigestUpdate(digest->context, data, len) != 1)
		digest->failed = true;
}

bool
s3_digest_hex(S3Digest *digest, char *out, S3Error *err)
{
	uint8		hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (digest->failed || EVP_DigestFinal_ex(digest->context, hash, &len) != 1)
		return refused(digest->name, err);
	s3_hex(hash, len, out);
	return true;
}

void
s3_digest_free(S3Digest *digest)
{
	if (digest == NULL)
		return;
	EVP_MD_CTX_free(digest->context);
	free(digest);
}

void
s3_hex(const uint8 *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++)
	{
		*out++ = digits[data[i] >> 4];
		*out++ = digits[data[i] & 15];
	}
	*out = '\0';
}

char *
s3_base64(const uint8 *data, size_t len)
{
	int			size = pg_b64_enc_len((int) len);
	char	   *out = palloc(size + 1);
	int			used = pg_b64_encode((const void *) data, (int) len, out, size);

	Assert(used >= 0);
	out[used] = '\0';
	return out;
}

static bool
digest(const EVP_MD *md, const char *name, S3Slice data, uint8 *out, S3Error *err)
{
	if (EVP_Digest(data.data, data.len, out, NULL, md, NULL) != 1)
		return refused(name, err);
	return true;
}

static bool
hmac(const EVP_MD *md, const char *name, S3Slice key, S3Slice data, uint8 *out, S3Error *err)
{
	if (HMAC(md, key.data, (int) key.len, (const unsigned char *) data.data, data.len,
			 out, NULL) == NULL)
		return refused(name, err);
	return true;
}

static bool
refused(const char *name, S3Error *err)
{
	ERR_clear_error();
	s3_error_set(err, S3_ERROR_UNSUPPORTED, "%s is not available", name);
	return s3_error_detail(err, "The server's cryptographic library refuses this digest.");
}
