/*-------------------------------------------------------------------------
 *
 * credentials.c
 *	  Finds the keys that sign for an endpoint.
 *
 * Guarantees: the keys come from one source, whole; a source that holds half
 * of them, or a file that cannot be used, is an error and not passed over in
 * silence; no key is copied here, and none is shown.
 *
 * The only user of getenv.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/error_report.h"
#include "credentials/credentials.h"
#include "credentials/credentials_cache.h"
#include "credentials/credentials_ecs.h"
#include "credentials/credentials_file.h"
#include "credentials/credentials_hosts.h"
#include "credentials/credentials_imds.h"
#include "credentials/credentials_web_identity.h"
#include "s3/credentials_syntax.h"
#include "s3/region.h"

#define DEFAULT_PROFILE			"default"
#define DEFAULT_SESSION_NAME	"s3store"
#define ORIGIN_MAX				(4 * MAXPGPATH)

#define CONTAINER_HOST			"http://169.254.170.2"
#define METADATA_URL			"http://169.254.169.254"
#define METADATA_URL_IPV6		"http://[fd00:ec2::254]"

/* Keys, and where they stand. */
typedef struct KeySource
{
	const char *place;			/* subject of a sentence */
	const char *id_name;
	const char *secret_name;
	const char *token_name;
	const char *id;				/* "" or NULL: not there */
	const char *secret;
	const char *token;
} KeySource;

/* What was found last, and where.  The strings are the source's. */
static S3Credentials found;
static const char *found_source;

/* Why the last source has none; it is there whether or not it is wanted. */
static S3Error instance_error;

static bool find_in_entry(const S3Endpoint *endpoint);
static bool find_in_file_of_entry(const S3Endpoint *endpoint);
static bool find_in_settings(const S3Endpoint *endpoint);
static bool find_in_file_of_settings(const S3Endpoint *endpoint);
static bool find_in_environment(const S3Endpoint *endpoint);
static bool find_by_web_identity(const S3Endpoint *endpoint);
static bool find_in_container(const S3Endpoint *endpoint);
static bool find_in_instance(const S3Endpoint *endpoint);
static const char *container_url(const char **name, char *url, size_t size);
static const char *metadata_url(void);
static bool take_kept(const S3AccessKeys *keys);
static void throw_none(const S3Endpoint *endpoint) pg_attribute_noreturn();
static bool take_settings(const S3Endpoint *endpoint, const S3Settings *settings,
						  const char *place);
static bool take_file(const S3Endpoint *endpoint, const S3Settings *settings,
					  const char *place);
static bool take_keys(const S3Endpoint *endpoint, const KeySource *source);
static void check_whole(const S3Endpoint *endpoint, const KeySource *source);
static void check_characters(const KeySource *source);
static bool is_set(const char *value);

const S3Credentials *
s3_credentials_find(const S3Endpoint *endpoint)
{
	static const struct
	{
		bool		(*find) (const S3Endpoint *endpoint);
		const char *name;
	}			sources[] = {
		{find_in_entry, "endpoint entry"},
		{find_in_file_of_entry, "credentials file of endpoint entry"},
		{find_in_settings, "setting"},
		{find_in_file_of_settings, "credentials file of setting"},
		{find_in_environment, "environment"},
		{find_by_web_identity, "web identity"},
		{find_in_container, "container endpoint"},
		{find_in_instance, "instance metadata"},
	};

	for (int i = 0; i < lengthof(sources); i++)
	{
		if (!sources[i].find(endpoint))
			continue;
		found_source = sources[i].name;
		return &found;
	}

	throw_none(endpoint);
}

const char *
s3_credentials_source(void)
{
	return found_source;
}

static bool
find_in_entry(const S3Endpoint *endpoint)
{
	return endpoint->own_keys &&
		take_settings(endpoint, &endpoint->settings, "The entry in s3store.endpoints");
}

/* What the entry leaves out, the file or the profile, the settings have. */
static bool
find_in_file_of_entry(const S3Endpoint *endpoint)
{
	return endpoint->own_profile &&
		take_file(endpoint, &endpoint->settings, "The entry in s3store.endpoints");
}

static bool
find_in_settings(const S3Endpoint *endpoint)
{
	return take_settings(endpoint, &s3_guc, "The configuration");
}

static bool
find_in_file_of_settings(const S3Endpoint *endpoint)
{
	return (is_set(s3_guc.credentials_file) || is_set(s3_guc.profile)) &&
		take_file(endpoint, &s3_guc, "The configuration");
}

static bool
find_in_environment(const S3Endpoint *endpoint)
{
	KeySource	source = {
		"The server's environment",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		getenv("AWS_ACCESS_KEY_ID"),
		getenv("AWS_SECRET_ACCESS_KEY"),
		getenv("AWS_SESSION_TOKEN")
	};

	return take_keys(endpoint, &source);
}

/* As EKS and other platforms of containers set it up. */
static bool
find_by_web_identity(const S3Endpoint *endpoint)
{
	const S3Settings *settings = &endpoint->settings;
	const char *own_url = getenv("AWS_ENDPOINT_URL_STS");
	const char *session_name = getenv("AWS_ROLE_SESSION_NAME");
	S3WebIdentity identity = {0};
	char		origin[ORIGIN_MAX];
	S3Error		err;

	identity.token_file = getenv("AWS_WEB_IDENTITY_TOKEN_FILE");
	identity.role_arn = getenv("AWS_ROLE_ARN");
	if (!is_set(identity.token_file))
		return false;
	if (!is_set(identity.role_arn))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("incomplete access keys for endpoint \"%s\"", endpoint->scheme),
				 errdetail("The server's environment has the AWS_WEB_IDENTITY_TOKEN_FILE, but no AWS_ROLE_ARN.")));
	identity.session_name = is_set(session_name) ? session_name : DEFAULT_SESSION_NAME;
	identity.url = is_set(own_url) ? own_url : s3_region_sts_url(settings->region);

	/*
	 * AWS's own is told by the system's authorities, whatever the endpoint
	 * has.
	 */
	identity.proxy = settings->proxy;
	identity.ca_file = is_set(own_url) ? settings->ca_file : NULL;
	identity.verify_tls = settings->verify_tls || !is_set(own_url);

	snprintf(origin, sizeof(origin), "web identity\n%s\n%s\n%s\n%s\n%s\n%s\n%d",
			 identity.token_file, identity.role_arn, identity.session_name, identity.url,
			 settings->proxy, is_set(identity.ca_file) ? identity.ca_file : "",
			 identity.verify_tls);
	if (!take_kept(s3_credentials_cache_find(origin, s3_credentials_web_identity_fetch, &identity, &err)))
		s3_error_throw(&err);
	return true;
}

/* As ECS, EKS Pod Identity and Greengrass set it up. */
static bool
find_in_container(const S3Endpoint *endpoint)
{
	char		url[MAXPGPATH * 2];
	char		origin[ORIGIN_MAX];
	S3ContainerEndpoint service = {0};
	const char *name;
	S3Error		err;

	service.url = container_url(&name, url, sizeof(url));
	if (service.url == NULL)
		return false;
	if (!s3_credentials_hosts_check_container(name, url, &err))
		s3_error_throw(&err);
	service.token = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	service.token_file = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	if (!is_set(service.token))
		service.token = NULL;
	if (!is_set(service.token_file))
		service.token_file = NULL;

	snprintf(origin, sizeof(origin), "container\n%s\n%s", service.url,
			 service.token_file == NULL ? "" : service.token_file);
	if (!take_kept(s3_credentials_cache_find(origin, s3_credentials_ecs_fetch, &service, &err)))
		s3_error_throw(&err);
	return true;
}

/* The path is of a host that is AWS's; returns NULL without any. */
static const char *
container_url(const char **name, char *url, size_t size)
{
	const char *value;

	*name = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
	value = getenv(*name);
	if (is_set(value))
	{
		snprintf(url, size, CONTAINER_HOST "%s%s", value[0] == '/' ? "" : "/", value);
		return url;
	}
	*name = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
	value = getenv(*name);
	if (!is_set(value))
		return NULL;
	strlcpy(url, value, size);
	return url;
}

/* Where there is no such service, there are no keys: an error comes later. */
static bool
find_in_instance(const S3Endpoint *endpoint)
{
	const char *url = metadata_url();
	char		origin[ORIGIN_MAX];

	memset(&instance_error, 0, sizeof(instance_error));
	if (url == NULL)
		return false;
	if (!s3_credentials_hosts_check_metadata("AWS_EC2_METADATA_SERVICE_ENDPOINT", url, &instance_error))
		s3_error_throw(&instance_error);
	snprintf(origin, sizeof(origin), "instance\n%s", url);
	return take_kept(s3_credentials_cache_find(origin, s3_credentials_imds_fetch, url, &instance_error));
}

/* Returns NULL where it shall not be asked. */
static const char *
metadata_url(void)
{
	const char *disabled = getenv("AWS_EC2_METADATA_DISABLED");
	const char *own_url = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	char	   *url;

	if (disabled != NULL && pg_strcasecmp(disabled, "true") == 0)
		return NULL;
	if (!is_set(own_url))
		return mode != NULL && pg_strcasecmp(mode, "ipv6") == 0 ?
			METADATA_URL_IPV6 : METADATA_URL;
	url = pstrdup(own_url);
	while (*url != '\0' && url[strlen(url) - 1] == '/')
		url[strlen(url) - 1] = '\0';
	return url;
}

static bool
take_kept(const S3AccessKeys *keys)
{
	if (keys == NULL)
		return false;
	found.access_key_id = keys->access_key_id;
	found.secret_access_key = keys->secret_access_key;
	found.session_token = keys->session_token;
	found.expires_at = keys->expires_at;
	return true;
}

static void
throw_none(const S3Endpoint *endpoint)
{
	const char *reason = instance_error.message;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
			 errmsg("no access keys for endpoint \"%s\"", endpoint->scheme),
			 errdetail("Neither its entry in s3store.endpoints nor the settings nor the server's environment has any, and no credentials file is named.%s%s%s",
					   reason[0] == '\0' ? "" : " The last try: ", reason,
					   reason[0] == '\0' ? "" : "."),
			 errhint("Put the keys into a file, and its path into s3store.credentials_file.")));
}

static bool
take_settings(const S3Endpoint *endpoint, const S3Settings *settings, const char *place)
{
	KeySource	source = {
		place,
		"access_key_id", "secret_access_key", "session_token",
		settings->access_key_id,
		settings->secret_access_key,
		settings->session_token
	};

	return take_keys(endpoint, &source);
}

static bool
take_file(const S3Endpoint *endpoint, const S3Settings *settings, const char *place)
{
	const char *name = is_set(settings->profile) ? settings->profile : DEFAULT_PROFILE;
	const S3CredentialsProfile *profile;
	S3Error		err;

	if (!is_set(settings->credentials_file))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("no access keys for endpoint \"%s\"", endpoint->scheme),
				 errdetail("%s names the profile \"%s\", but no credentials file.",
						   place, name),
				 errhint("Set s3store.credentials_file.")));

	profile = s3_credentials_file_find(settings->credentials_file, name, &err);
	if (profile == NULL)
		s3_error_throw(&err);

	found.access_key_id = profile->access_key_id;
	found.secret_access_key = profile->secret_access_key;
	found.session_token = is_set(profile->session_token) ? profile->session_token : NULL;
	found.expires_at = profile->expires_at;
	return true;
}

/* Returns false when the source is empty. */
static bool
take_keys(const S3Endpoint *endpoint, const KeySource *source)
{
	if (!is_set(source->id) && !is_set(source->secret) && !is_set(source->token))
		return false;
	check_whole(endpoint, source);
	check_characters(source);

	found.access_key_id = source->id;
	found.secret_access_key = source->secret;
	found.session_token = is_set(source->token) ? source->token : NULL;
	found.expires_at = 0;
	return true;
}

static void
check_whole(const S3Endpoint *endpoint, const KeySource *source)
{
	const char *present;
	const char *missing;

	if (is_set(source->id) && is_set(source->secret))
		return;

	present = is_set(source->id) ? source->id_name :
		is_set(source->secret) ? source->secret_name : source->token_name;
	missing = is_set(source->id) ? source->secret_name : source->id_name;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
			 errmsg("incomplete access keys for endpoint \"%s\"", endpoint->scheme),
			 errdetail("%s has the %s, but no %s.", source->place, present, missing)));
}

/* Settings were checked when they were set; the environment was not. */
static void
check_characters(const KeySource *source)
{
	S3Error		err;

	if (s3_check_access_key_id(source->id_name, source->id, &err) &&
		s3_check_secret_access_key(source->secret_name, source->secret, &err) &&
		(!is_set(source->token) ||
		 s3_check_session_token(source->token_name, source->token, &err)))
		return;

	err.kind = S3_ERROR_NO_CREDENTIALS;
	s3_error_detail(&err, "%s holds it.", source->place);
	s3_error_throw(&err);
}

static bool
is_set(const char *value)
{
	return value != NULL && *value != '\0';
}
