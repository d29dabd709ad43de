/*-------------------------------------------------------------------------
 *
 * customer_key.c
 *	  The key of our own that an endpoint encrypts its objects with (SSE-C).
 *
 * No message shows the key, or the path of its file.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "common/base64.h"

#include "base/digest.h"
#include "credentials/customer_key.h"
#include "credentials/small_file.h"

#define KEY_LEN			32		/* bytes, of AES-256 */
#define KEY_BASE64_LEN	44
#define ALGORITHM		"AES256"
#define OBJECT_PREFIX	"x-amz-server-side-encryption-customer-"
#define SOURCE_PREFIX	"x-amz-copy-source-server-side-encryption-customer-"

/* Of the headers, what follows the prefix. */
static const char *const parts[] = {"algorithm", "key", "key-md5"};

static bool has_any(const S3Fields *headers, const char *prefix);
static bool refuse_plain(const S3Endpoint *endpoint, S3Error *err);
static bool read_key(const S3Endpoint *endpoint, uint8 *key, S3Error *err);
static bool parse_key(const char *text, size_t len, uint8 *key);
static bool add_headers(const char *prefix, const uint8 *key, S3Fields *headers, S3Error *err);

bool
s3_customer_key_add(const S3Endpoint *endpoint, S3CustomerKeyOf of, S3Fields *headers,
					S3Error *err)
{
	const char *path = endpoint->settings.sse_customer_key_file;
	const char *prefix = of == S3_CUSTOMER_KEY_OF_SOURCE ? SOURCE_PREFIX : OBJECT_PREFIX;
	uint8		key[KEY_LEN];
	bool		good;

	if (*path == '\0' || has_any(headers, prefix))
		return true;
	if (!endpoint->base.tls && !s3_endpoint_url_is_loopback(&endpoint->base))
		return refuse_plain(endpoint, err);
	good = read_key(endpoint, key, err) && add_headers(prefix, key, headers, err);
	explicit_bzero(key, sizeof(key));
	return good;
}

/* A key of the caller's counts even where it lacks its algorithm. */
static bool
has_any(const S3Fields *headers, const char *prefix)
{
	for (int i = 0; i < lengthof(parts); i++)
	{
		if (s3_fields_find(headers, psprintf("%s%s", prefix, parts[i])) != NULL)
			return true;
	}
	return false;
}

static bool
refuse_plain(const S3Endpoint *endpoint, S3Error *err)
{
	s3_error_set(err, S3_ERROR_ARGUMENT, "the key of endpoint \"%s\" cannot be sent without TLS",
				 endpoint->scheme);
	s3_error_detail(err, "Everyone on the way could read the key that encrypts its objects.");
	return s3_error_hint(err, "Give the endpoint an https:// URL, or no \"sse_customer_key_file\".");
}

static bool
read_key(const S3Endpoint *endpoint, uint8 *key, S3Error *err)
{
	char	   *text = palloc(S3_SMALL_FILE_MAX + 2);
	size_t		len = 0;
	bool		good = s3_small_file_private("key file of endpoint", endpoint->scheme,
											 endpoint->settings.sse_customer_key_file, text, &len, err);

	if (good && !parse_key(text, len, key))
	{
		s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "key file of endpoint \"%s\" holds no key",
					 endpoint->scheme);
		good = s3_error_detail(err, "It must hold 32 bytes, or their base64 form.");
	}
	explicit_bzero(text, S3_SMALL_FILE_MAX + 2);
	pfree(text);
	return good;
}

/* 32 bytes, or their base64 form; a line end may follow. */
static bool
parse_key(const char *text, size_t len, uint8 *key)
{
	uint8		decoded[KEY_LEN + 3];	/* pg_b64_decode wants room for a
										 * whole group */
	bool		good;

	if (len == KEY_LEN + 1 && text[KEY_LEN] == '\n')
		len--;
	if (len == KEY_LEN)
	{
		memcpy(key, text, KEY_LEN);
		return true;
	}
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	good = len == KEY_BASE64_LEN &&
		pg_b64_decode(text, (int) len, (void *) decoded, sizeof(decoded)) == KEY_LEN;
	if (good)
		memcpy(key, decoded, KEY_LEN);
	explicit_bzero(decoded, sizeof(decoded));
	return good;
}

static bool
add_headers(const char *prefix, const uint8 *key, S3Fields *headers, S3Error *err)
{
	uint8		md5[S3_MD5_LEN];

	if (!s3_md5(s3_slice((const char *) key, KEY_LEN), md5, err))
		return false;
	s3_fields_add(headers, psprintf("%salgorithm", prefix), ALGORITHM);
	s3_fields_add(headers, psprintf("%skey", prefix), s3_base64(key, KEY_LEN));
	s3_fields_add(headers, psprintf("%skey-md5", prefix), s3_base64(md5, S3_MD5_LEN));
	return true;
}
