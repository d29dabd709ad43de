/*-------------------------------------------------------------------------
 *
 * digest.h
 *	  SHA-256, SHA-1, HMAC and MD5.  Pure; the only user of OpenSSL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_DIGEST_H
#define S3STORE_DIGEST_H

#include "base/error.h"

#define S3_SHA256_LEN	32
#define S3_SHA256_HEX	(S3_SHA256_LEN * 2 + 1)
#define S3_SHA1_LEN		20
#define S3_MD5_LEN		16
#define S3_HMAC_KEY_MAX		64	/* bytes; a longer key is hashed first */
#define S3_HMAC_START_MAX	128 /* bytes that s3_hmac_update may add in all */

/*
 * HMAC-SHA-256 of a key and the start of a message.  May be copied, and
 * finished any number of times.  It is as secret as the key: whoever keeps one
 * wipes it.
 */
typedef struct S3Hmac
{
	uint64		inner[14];		/* the states of both hashes */
	uint64		outer[14];
	uint8		key[S3_HMAC_KEY_MAX];	/* without such states */
	size_t		key_len;
	char		start[S3_HMAC_START_MAX];
	size_t		start_len;
} S3Hmac;

/*
 * All of them return false, with an S3_ERROR_UNSUPPORTED in "err", only where
 * OpenSSL refuses the digest (MD5, and one day SHA-1, in a FIPS installation).
 */
extern bool s3_sha256(S3Slice data, uint8 out[S3_SHA256_LEN], S3Error *err);
extern bool s3_hmac_sha256(S3Slice key, S3Slice data, uint8 out[S3_SHA256_LEN],
						   S3Error *err);
extern bool s3_hmac_sha1(S3Slice key, S3Slice data, uint8 out[S3_SHA1_LEN],
						 S3Error *err);
extern bool s3_md5(S3Slice data, uint8 out[S3_MD5_LEN], S3Error *err);

/*
 * A digest of data that comes in pieces.  The state is not palloc'd: whoever
 * makes one sees to it that it is freed (NULL is).
 */
typedef struct S3Digest S3Digest;

/* NULL, with "err" as above, where the digest is refused or memory runs out. */
extern S3Digest *s3_digest_sha256(S3Error *err);
extern S3Digest *s3_digest_sha1(S3Error *err);
extern S3Digest *s3_digest_md5(S3Error *err);
extern void s3_digest_add(S3Digest *digest, const char *data, size_t len);

/*
 * Return the digest of all that was added, palloc'd, as lower-case hex and in
 * base64; NULL, with "err" as above, where it failed.
 */
extern char *s3_digest_hex(S3Digest *digest, S3Error *err);
extern char *s3_digest_base64(S3Digest *digest, S3Error *err);
extern void s3_digest_free(S3Digest *digest);

/*
 * HMAC-SHA-256 in steps, for many messages with one key and one start.  No
 * step allocates anything.
 */
extern bool s3_hmac_init(S3Hmac *hmac, S3Slice key, S3Error *err);
extern void s3_hmac_update(S3Hmac *hmac, S3Slice start);
extern bool s3_hmac_final(const S3Hmac *hmac, S3Slice rest, uint8 out[S3_SHA256_LEN],
						  S3Error *err);

/* Writes 2 * len lower-case hex digits and a NUL. */
extern void s3_hex(const uint8 *data, size_t len, char *out);

/* Returns the palloc'd base64 form (RFC 4648). */
extern char *s3_base64(const uint8 *data, size_t len);

#endif							/* S3STORE_DIGEST_H */
