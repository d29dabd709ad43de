/*-------------------------------------------------------------------------
 *
 * object_identity.c
 *	  Which object it is, whatever URL names it.
 *
 * An object is a server, a bucket, and the key on the server.  A server is the
 * address that requests go to, or the one that same_server_as says; the hosts of
 * AWS's regions are one server, as far as a partition of AWS goes, in which the
 * name of a bucket is unique.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "common/hashfn.h"

#include "settings/guards.h"
#include "settings/object_identity.h"
#include "settings/same_server.h"

/* What keeps hashes of different things apart. */
enum
{
	SEED_SCHEME = 1,
	SEED_AWS,
	SEED_HTTP,
	SEED_HTTPS
};

static uint64 server_number(const S3Endpoint *endpoint);
static uint64 hash_server(const S3Endpoint *endpoint);
static bool own_key(const S3Location *location, const S3Endpoint *endpoint, StringInfo key);
static uint64 hash_scheme(S3Slice scheme, uint64 seed);
static uint64 hash_slice(S3Slice slice, uint64 seed);

S3ObjectIdentity
s3_object_identity(const S3Location *location)
{
	const S3Endpoint *endpoint = s3_endpoint_try_find(location->scheme, NULL);
	S3ObjectIdentity identity;
	S3Slice		key = location->key;
	StringInfoData changed;
	uint64		hash;

	/* The server of a scheme that is not configured is known by that. */
	hash = endpoint == NULL ? hash_scheme(location->scheme, SEED_SCHEME) : server_number(endpoint);
	identity.server = (int64) hash;
	if (endpoint != NULL &&
		(endpoint->settings.normalize_keys || endpoint->settings.key_prefix[0] != '\0') &&
		own_key(location, endpoint, &changed))
		key = s3_slice(changed.data, changed.len);
	hash = hash_slice(location->bucket, hash);
	identity.object = (int64) hash_slice(key, hash);
	return identity;
}

/* Keeps the last one: mostly a statement's objects are all of one endpoint. */
static uint64
server_number(const S3Endpoint *endpoint)
{
	static const S3Endpoint *last = NULL;
	static uint64 generation;
	static uint64 number;

	if (last != endpoint || generation != s3_settings_generation())
	{
		number = hash_server(endpoint);
		generation = s3_settings_generation();
		last = endpoint;
	}
	return number;
}

static uint64
hash_server(const S3Endpoint *endpoint)
{
	const S3EndpointUrl *server = &endpoint->server;
	const char *partition = s3_endpoint_partition(endpoint);

	if (partition != NULL)
		return hash_slice(s3_slice_cstring(partition), SEED_AWS);
	return hash_slice(s3_slice_cstring(server->path),
					  hash_slice(s3_slice_cstring(server->host),
								 server->tls ? SEED_HTTPS : SEED_HTTP));
}

/* The key on the server; false: the URL names no object of the endpoint. */
static bool
own_key(const S3Location *location, const S3Endpoint *endpoint, StringInfo key)
{
	S3Error		err;

	initStringInfo(key);
	return s3_location_object_key(location, endpoint->settings.key_prefix,
								  endpoint->settings.normalize_keys, key, &err);
}

char *
s3_object_identity_url(const S3Location *location, const S3Endpoint *endpoint)
{
	S3Error		err;
	const S3Endpoint *own = s3_endpoint_try_find(location->scheme, &err);
	const char *prefix = endpoint->settings.key_prefix;
	size_t		prefix_len = strlen(prefix);
	StringInfoData key;

	if (own == NULL || !own_key(location, own, &key))
		return NULL;
	if (prefix_len > 0)
	{
		bool		slash = prefix[prefix_len - 1] == '/';

		if (strncmp(key.data, prefix, prefix_len) != 0 ||
			(!slash && key.data[prefix_len] != '/') ||
			key.len <= prefix_len + !slash)
			return NULL;
		prefix_len += !slash;
	}
	if (!s3_settings_check_bucket(endpoint, location->bucket, &err))
		return NULL;
	return psprintf("%s://%.*s/%s", endpoint->scheme, S3_SLICE_ARGS(location->bucket),
					key.data + prefix_len);
}

List *
s3_object_identity_urls(const S3Location *location)
{
	S3Error		err;
	const S3Endpoint *own = s3_endpoint_try_find(location->scheme, &err);
	const S3Endpoint *endpoint;
	List	   *urls = NIL;

	if (own == NULL)
		return NIL;
	for (int i = 0; (endpoint = s3_endpoint_number(i)) != NULL; i++)
	{
		char	   *url;

		if (endpoint->refusal != NULL || !s3_endpoint_same_server(own, endpoint))
			continue;
		url = s3_object_identity_url(location, endpoint);
		if (url != NULL)
			urls = lappend(urls, url);
	}
	return urls;
}

/* Schemes are compared without regard to case. */
static uint64
hash_scheme(S3Slice scheme, uint64 seed)
{
	char		lower[S3_SCHEME_MAX];

	for (size_t i = 0; i < scheme.len; i++)
		lower[i] = pg_ascii_tolower((unsigned char) scheme.data[i]);
	return hash_slice(s3_slice(lower, scheme.len), seed);
}

static uint64
hash_slice(S3Slice slice, uint64 seed)
{
	return hash_bytes_extended((const unsigned char *) slice.data, (int) slice.len, seed);
}
