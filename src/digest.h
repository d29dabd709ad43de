/*-------------------------------------------------------------------------
 *
 * digest.h
 *	  SHA-256, SHA-1, HMAC and MD5.  Pure; the only user of OpenSSL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_DIGEST_H
#define S3STORE_DIGEST_H

#include "error.h"

#define S3_SHA256_LEN	32
#define S3_SHA256_HEX	(S3_SHA256_LEN * 2 + 1)
#define S3_SHA1_LEN		20
#define S3_MD5_LEN		16

/*
 * All of them return false, with an S3_ERROR_UNSUPPORTED in "err", only where
 * OpenSSL refuses the digest (MD5, and one day SHA-1, in a FIPS installation).
 */
extern bool s3_sha256(S3Slice data, uint8 out[S3_SHA256_LEN], S3Error *err);
extern bool s3_hmac_sha256(S3Slice key, S3Slice data, uint8 out[S3_SHA256_LEN],
						   S3Error *err);
extern bool s3_hmac_sha1(S3Slice key, S3Slice data, uint8 out[S3_SHA1_LEN],
						 S3Error *err);
extern bool s3_sha1(S3Slice data, uint8 out[S3_SHA1_LEN], S3Error *err);
extern bool s3_md5(S3Slice data, uint8 out[S3_MD5_LEN], S3Error *err);

/* Writes 2 * len lower-case hex digits and a NUL. */
extern void s3_hex(const uint8 *data, size_t len, char *out);

/* Returns the palloc'd base64 form (RFC 4648). */
extern char *s3_base64(const uint8 *data, size_t len);

#endif							/* S3STORE_DIGEST_H */
