/*-------------------------------------------------------------------------
 *
 * digest.c
 *	  SHA-256, SHA-1, HMAC and MD5.
 *
 * Pure; the only file that includes OpenSSL.  Leaves nothing in OpenSSL's
 * error queue, and keeps no key.
 *
 * Most of the time that a link takes goes into SHA-256, so that is computed
 * by OpenSSL's functions for it alone: their state is a plain struct, copied
 * by an assignment.  With EVP, digests fetched once and contexts copied, a
 * link takes a quarter longer and allocates four times; in one-shot calls it
 * takes four times as long (OpenSSL 3.0).  OpenSSL 3 calls those functions
 * deprecated, and they know nothing of its providers: where FIPS is asked
 * for, or OpenSSL is built without them, everything goes through EVP, in
 * one-shot calls.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/digest.h"
#include "common/base64.h"

struct S3Digest
{
	EVP_MD_CTX *context;
	const char *name;
	bool		failed;
};

static S3Digest *start_digest(const EVP_MD *md, const char *name, S3Error *err);
static bool end_digest(S3Digest *digest, uint8 *hash, unsigned int *len, S3Error *err);

/* RFC 2104 */
#define INNER_PAD	0x36
#define OUTER_PAD	0x5c

/* A test defines S3_DIGEST_BY_EVP. */
#if !defined(OPENSSL_NO_DEPRECATED_3_0) && !defined(S3_DIGEST_BY_EVP)
#define HAVE_SHA256_STATE

static bool use_state(void);
static void start_hmac(uint64 *state, const uint8 *key, uint8 pad);
static void finish_hash(const uint64 *state, S3Slice data, uint8 *out);
#endif

/* The digits of all bytes: a table, since each link needs two digests in hex. */
static const char hex_pairs[] =
"000102030405060708090a0b0c0d0e0f"
"101112131415161718191a1b1c1d1e1f"
"202122232425262728292a2b2c2d2e2f"
"303132333435363738393a3b3c3d3e3f"
"404142434445464748494a4b4c4d4e4f"
"505152535455565758595a5b5c5d5e5f"
"606162636465666768696a6b6c6d6e6f"
"707172737475767778797a7b7c7d7e7f"
"808182838485868788898a8b8c8d8e8f"
"909192939495969798999a9b9c9d9e9f"
"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
"b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
"c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
"d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
"e0e1e2e3e4e5e6e7e8e9eaebecedeeef"
"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

static bool digest(const EVP_MD *md, const char *name, S3Slice data,
				   uint8 *out, S3Error *err);
static bool hmac(const EVP_MD *md, const char *name, S3Slice key, S3Slice data,
				 uint8 *out, S3Error *err);
static bool refused(const char *name, S3Error *err);

bool
s3_sha256(S3Slice data, uint8 out[S3_SHA256_LEN], S3Error *err)
{
#ifdef HAVE_SHA256_STATE
	if (use_state())
	{
		SHA256_CTX	state;

		SHA256_Init(&state);
		SHA256_Update(&state, data.data, data.len);
		SHA256_Final(out, &state);
		return true;
	}
#endif
	return digest(EVP_sha256(), "SHA-256", data, out, err);
}

bool
s3_md5(S3Slice data, uint8 out[S3_MD5_LEN], S3Error *err)
{
	return digest(EVP_md5(), "MD5", data, out, err);
}

bool
s3_hmac_sha256(S3Slice key, S3Slice data, uint8 out[S3_SHA256_LEN], S3Error *err)
{
	S3Hmac		state;
	bool		ok;

	ok = s3_hmac_init(&state, key, err) && s3_hmac_final(&state, data, out, err);
	explicit_bzero(&state, sizeof(state));
	return ok;
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
s3_digest_sha1(S3Error *err)
{
	return start_digest(EVP_sha1(), "SHA-1", err);
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
	digest->name = name;
	if (digest->context != NULL && EVP_DigestInit_ex(digest->context, md, NULL) == 1)
		return digest;
	s3_digest_free(digest);
	refused(name, err);
	return NULL;
}

void
s3_digest_add(S3Digest *digest, const char *data, size_t len)
{
	if (!digest->failed && EVP_DigestUpdate(digest->context, data, len) != 1)
		digest->failed = true;
}

char *
s3_digest_hex(S3Digest *digest, S3Error *err)
{
	uint8		hash[EVP_MAX_MD_SIZE];
	unsigned int len;
	char	   *hex;

	if (!end_digest(digest, hash, &len, err))
		return NULL;
	hex = palloc(2 * len + 1);
	s3_hex(hash, len, hex);
	return hex;
}

char *
s3_digest_base64(S3Digest *digest, S3Error *err)
{
	uint8		hash[EVP_MAX_MD_SIZE];
	unsigned int len;

	return end_digest(digest, hash, &len, err) ? s3_base64(hash, len) : NULL;
}

static bool
end_digest(S3Digest *digest, uint8 *hash, unsigned int *len, S3Error *err)
{
	if (digest->failed || EVP_DigestFinal_ex(digest->context, hash, len) != 1)
		return refused(digest->name, err);
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

bool
s3_hmac_init(S3Hmac *state, S3Slice key, S3Error *err)
{
	uint8		hash[S3_SHA256_LEN];
	bool		ok = true;

	memset(state, 0, sizeof(*state));
	if (key.len > sizeof(state->key))
	{
		ok = s3_sha256(key, hash, err);
		key = s3_slice((char *) hash, sizeof(hash));
	}
	memcpy(state->key, key.data, key.len);
	state->key_len = key.len;
#ifdef HAVE_SHA256_STATE
	if (use_state())
	{
		start_hmac(state->inner, state->key, INNER_PAD);
		start_hmac(state->outer, state->key, OUTER_PAD);
		explicit_bzero(state->key, sizeof(state->key));
	}
#endif
	explicit_bzero(hash, sizeof(hash));
	return ok;
}

void
s3_hmac_update(S3Hmac *state, S3Slice start)
{
	Assert(state->start_len + start.len <= sizeof(state->start));
#ifdef HAVE_SHA256_STATE
	if (use_state())
	{
		SHA256_CTX	inner;

		memcpy(&inner, state->inner, sizeof(inner));
		SHA256_Update(&inner, start.data, start.len);
		memcpy(state->inner, &inner, sizeof(inner));
	}
#endif
	memcpy(state->start + state->start_len, start.data, start.len);
	state->start_len += start.len;
}

bool
s3_hmac_final(const S3Hmac *state, S3Slice rest, uint8 out[S3_SHA256_LEN], S3Error *err)
{
	StringInfoData message;
	bool		ok;

#ifdef HAVE_SHA256_STATE
	if (use_state())
	{
		finish_hash(state->inner, rest, out);
		finish_hash(state->outer, s3_slice((char *) out, S3_SHA256_LEN), out);
		return true;
	}
#endif
	initStringInfo(&message);
	appendBinaryStringInfo(&message, state->start, (int) state->start_len);
	appendBinaryStringInfo(&message, rest.data, (int) rest.len);
	ok = hmac(EVP_sha256(), "HMAC-SHA-256",
			  s3_slice((const char *) state->key, state->key_len),
			  s3_slice(message.data, message.len), out, err);
	pfree(message.data);
	return ok;
}

void
s3_hex(const uint8 *data, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		memcpy(out + 2 * i, hex_pairs + 2 * data[i], 2);
	out[2 * len] = '\0';
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

#ifdef HAVE_SHA256_STATE

/* Not where FIPS is configured: only OpenSSL's certified provider counts then. */
static bool
use_state(void)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
	static int	fips = -1;

	if (fips < 0)
		fips = EVP_default_properties_is_fips_enabled(NULL);
	return !fips;
#else
	return true;
#endif
}

/* The key is a whole block, with zeros behind it. */
static void
start_hmac(uint64 *state, const uint8 *key, uint8 pad)
{
	uint8		block[S3_HMAC_KEY_MAX];
	SHA256_CTX	start;

	StaticAssertStmt(sizeof(start) <= sizeof(((S3Hmac *) NULL)->inner),
					 "a state of SHA-256 does not fit");
	for (int i = 0; i < sizeof(block); i++)
		block[i] = key[i] ^ pad;
	SHA256_Init(&start);
	SHA256_Update(&start, block, sizeof(block));
	memcpy(state, &start, sizeof(start));
	explicit_bzero(block, sizeof(block));
	explicit_bzero(&start, sizeof(start));
}

static void
finish_hash(const uint64 *state, S3Slice data, uint8 *out)
{
	SHA256_CTX	copy;

	memcpy(&copy, state, sizeof(copy));
	SHA256_Update(&copy, data.data, data.len);
	SHA256_Final(out, &copy);
}

#endif

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
