/*-------------------------------------------------------------------------
 *
 * credentials.c
 *	  Finds the access keys that sign for an endpoint.
 *
 * Guarantees: the keys come from one source, whole; a source that has half of
 * them, or a file that cannot be used, is an error, not a reason to try the
 * next source; no key is copied here, and none is shown.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/error_report.h"
#include "credentials/credentials.h"
#include "credentials/credentials_ecs.h"
#include "credentials/credentials_file.h"
#include "credentials/credentials_imds.h"
#include "credentials/credentials_web_identity.h"
#include "credentials/environment.h"
#include "s3/credentials_syntax.h"

#define DEFAULT_PROFILE		"default"
#define ENTRY				"The entry in s3store.endpoints"
#define CONFIGURATION		"The configuration"

/* Access keys as settings or the environment have them; "" or NULL: unset. */
typedef struct GivenKeys
{
	const char *place;			/* subject of a sentence */
	const char *id_name;
	const char *secret_name;
	const char *token_name;
	const char *id;
	const char *secret;
	const char *token;
} GivenKeys;

/* Each sets "found", or returns false when the source has no keys. */
static bool find_in_entry(const S3Endpoint *endpoint);
static bool find_in_file_of_entry(const S3Endpoint *endpoint);
static bool find_in_settings(const S3Endpoint *endpoint);
static bool find_in_file_of_settings(const S3Endpoint *endpoint);
static bool find_in_environment(const S3Endpoint *endpoint);
static bool find_by_web_identity(const S3Endpoint *endpoint);
static bool find_in_container(const S3Endpoint *endpoint);
static bool find_in_instance(const S3Endpoint *endpoint);

static const struct
{
	const char *name;
	bool		(*find) (const S3Endpoint *endpoint);
}			sources[] =
{
	{"endpoint entry", find_in_entry},
	{"credentials file of endpoint entry", find_in_file_of_entry},
	{"setting", find_in_settings},
	{"credentials file of setting", find_in_file_of_settings},
	{"environment", find_in_environment},

	/* over the network */
	{"web identity", find_by_web_identity},
	{"container endpoint", find_in_container},
	{"instance metadata", find_in_instance},
};

/* What was found last, and where.  The strings are the source's. */
static S3Credentials found;
static const char *found_source;

/* Why the instance has no keys.  An error only if no source has any. */
static S3Error instance_error;

static bool take_settings(const S3Endpoint *endpoint, const S3Settings *settings,
						  const char *place);
static bool take_given(const S3Endpoint *endpoint, const GivenKeys *given);
static void check_complete(const S3Endpoint *endpoint, const GivenKeys *given);
static void check_characters(const GivenKeys *given);
static bool take_file(const S3Endpoint *endpoint, const S3Settings *settings,
					  const char *place);
static bool take(const S3AccessKeys *keys);
static void throw_none(const S3Endpoint *endpoint) pg_attribute_noreturn();
static bool is_set(const char *value);

const S3Credentials *
s3_credentials_find(const S3Endpoint *endpoint)
{
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
	return endpoint->own_keys && take_settings(endpoint, &endpoint->settings, ENTRY);
}

/* An entry may have one of file and profile; the settings have the other. */
static bool
find_in_file_of_entry(const S3Endpoint *endpoint)
{
	return endpoint->own_profile && take_file(endpoint, &endpoint->settings, ENTRY);
}

static bool
find_in_settings(const S3Endpoint *endpoint)
{
	return take_settings(endpoint, &s3_guc, CONFIGURATION);
}

static bool
find_in_file_of_settings(const S3Endpoint *endpoint)
{
	return (is_set(s3_guc.credentials_file) || is_set(s3_guc.profile)) &&
		take_file(endpoint, &s3_guc, CONFIGURATION);
}

static bool
find_in_environment(const S3Endpoint *endpoint)
{
	GivenKeys	given = {
		"The server's environment",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		s3_environment_get("AWS_ACCESS_KEY_ID"),
		s3_environment_get("AWS_SECRET_ACCESS_KEY"),
		s3_environment_get("AWS_SESSION_TOKEN")
	};

	return take_given(endpoint, &given);
}

static bool
find_by_web_identity(const S3Endpoint *endpoint)
{
	return take(s3_credentials_web_identity_find(endpoint));
}

static bool
find_in_container(const S3Endpoint *endpoint)
{
	return take(s3_credentials_ecs_find());
}

/* Most machines have no metadata service: that alone is no error. */
static bool
find_in_instance(const S3Endpoint *endpoint)
{
	return take(s3_credentials_imds_find(&instance_error));
}

static bool
take_settings(const S3Endpoint *endpoint, const S3Settings *settings, const char *place)
{
	GivenKeys	given = {
		place,
		"access_key_id", "secret_access_key", "session_token",
		settings->access_key_id,
		settings->secret_access_key,
		settings->session_token
	};

	return take_given(endpoint, &given);
}

static bool
take_given(const S3Endpoint *endpoint, const GivenKeys *given)
{
	if (!is_set(given->id) && !is_set(given->secret) && !is_set(given->token))
		return false;
	check_complete(endpoint, given);
	check_characters(given);

	found.access_key_id = given->id;
	found.secret_access_key = given->secret;
	found.session_token = is_set(given->token) ? given->token : NULL;
	found.expires_at = 0;
	return true;
}

static void
check_complete(const S3Endpoint *endpoint, const GivenKeys *given)
{
	const char *present;
	const char *missing;

	if (is_set(given->id) && is_set(given->secret))
		return;

	present = is_set(given->id) ? given->id_name :
		is_set(given->secret) ? given->secret_name : given->token_name;
	missing = is_set(given->id) ? given->secret_name : given->id_name;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
			 errmsg("incomplete access keys for endpoint \"%s\"", endpoint->scheme),
			 errdetail("%s has the %s, but no %s.", given->place, present, missing)));
}

/* Settings were checked when they were set; the environment was not. */
static void
check_characters(const GivenKeys *given)
{
	S3Error		err;

	if (s3_check_access_key_id(given->id_name, given->id, &err) &&
		s3_check_secret_access_key(given->secret_name, given->secret, &err) &&
		(!is_set(given->token) ||
		 s3_check_session_token(given->token_name, given->token, &err)))
		return;

	err.kind = S3_ERROR_NO_CREDENTIALS;
	s3_error_detail(&err, "%s has this value.", given->place);
	s3_error_throw(&err);
}

static bool
take_file(const S3Endpoint *endpoint, const S3Settings *settings, const char *place)
{
	const char *name = is_set(settings->profile) ? settings->profile : DEFAULT_PROFILE;
	const S3AccessKeys *keys;
	S3Error		err;

	if (!is_set(settings->credentials_file))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("no access keys for endpoint \"%s\"", endpoint->scheme),
				 errdetail("%s names the profile \"%s\", but no credentials file.",
						   place, name),
				 errhint("Set s3store.credentials_file.")));

	keys = s3_credentials_file_find(settings->credentials_file, name, &err);
	if (keys == NULL)
		s3_error_throw(&err);
	return take(keys);
}

static bool
take(const S3AccessKeys *keys)
{
	if (keys == NULL)
		return false;
	found.access_key_id = keys->access_key_id;
	found.secret_access_key = keys->secret_access_key;
	found.session_token = is_set(keys->session_token) ? keys->session_token : NULL;
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
			 errhint("Put the access keys into a file, and its path into s3store.credentials_file.")));
}

static bool
is_set(const char *value)
{
	return value != NULL && *value != '\0';
}
