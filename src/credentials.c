/*-------------------------------------------------------------------------
 *
 * credentials.c
 *	  Finds the keys that sign for a storage.
 *
 * Guarantees: the keys come from one source, whole; a source that holds half
 * of them, or a file that cannot be used, is an error and not passed over in
 * silence; no key is copied here, and none is shown.
 *
 * The only user of getenv.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "credentials.h"
#include "credentials_file.h"
#include "keys.h"

#define DEFAULT_PROFILE	"default"

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

static bool find_in_entry(const S3Storage *storage);
static bool find_in_file_of_entry(const S3Storage *storage);
static bool find_in_settings(const S3Storage *storage);
static bool find_in_file_of_settings(const S3Storage *storage);
static bool find_in_environment(const S3Storage *storage);
static bool take_settings(const S3Storage *storage, const S3Settings *settings,
						  const char *place);
static bool take_file(const S3Storage *storage, const S3Settings *settings,
					  const char *place);
static bool take_keys(const S3Storage *storage, const KeySource *source);
static void check_whole(const S3Storage *storage, const KeySource *source);
static void check_characters(const KeySource *source);
static bool is_set(const char *value);

const S3Credentials *
s3_credentials_find(const S3Storage *storage)
{
	static const struct
	{
		bool		(*find) (const S3Storage *storage);
		const char *name;
	}			sources[] = {
		{find_in_entry, "endpoint entry"},
		{find_in_file_of_entry, "credentials file of endpoint entry"},
		{find_in_settings, "setting"},
		{find_in_file_of_settings, "credentials file of setting"},
		{find_in_environment, "environment"},
	};

	for (int i = 0; i < lengthof(sources); i++)
	{
		if (!sources[i].find(storage))
			continue;
		found_source = sources[i].name;
		return &found;
	}

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
			 errmsg("no access keys for storage \"%s\"", storage->scheme),
			 errdetail("Neither its entry in s3store.endpoints nor the settings nor the server's environment has any, and no credentials file is named."),
			 errhint("Put the keys into a file, and its path into s3store.credentials_file.")));
}

const char *
s3_credentials_source(void)
{
	return found_source;
}

static bool
find_in_entry(const S3Storage *storage)
{
	return storage->own_keys &&
		take_settings(storage, &storage->settings, "The entry in s3store.endpoints");
}

/* What the entry leaves out, the file or the profile, the settings have. */
static bool
find_in_file_of_entry(const S3Storage *storage)
{
	return storage->own_profile &&
		take_file(storage, &storage->settings, "The entry in s3store.endpoints");
}

static bool
find_in_settings(const S3Storage *storage)
{
	return take_settings(storage, &s3_guc, "The configuration");
}

static bool
find_in_file_of_settings(const S3Storage *storage)
{
	return (is_set(s3_guc.credentials_file) || is_set(s3_guc.profile)) &&
		take_file(storage, &s3_guc, "The configuration");
}

static bool
find_in_environment(const S3Storage *storage)
{
	KeySource	source = {
		"The server's environment",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		getenv("AWS_ACCESS_KEY_ID"),
		getenv("AWS_SECRET_ACCESS_KEY"),
		getenv("AWS_SESSION_TOKEN")
	};

	return take_keys(storage, &source);
}

static bool
take_settings(const S3Storage *storage, const S3Settings *settings, const char *place)
{
	KeySource	source = {
		place,
		"access_key_id", "secret_access_key", "session_token",
		settings->access_key_id,
		settings->secret_access_key,
		settings->session_token
	};

	return take_keys(storage, &source);
}

static bool
take_file(const S3Storage *storage, const S3Settings *settings, const char *place)
{
	const char *name = is_set(settings->profile) ? settings->profile : DEFAULT_PROFILE;
	const S3Profile *profile;
	S3Error		err;

	if (!is_set(settings->credentials_file))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("no access keys for storage \"%s\"", storage->scheme),
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
take_keys(const S3Storage *storage, const KeySource *source)
{
	if (!is_set(source->id) && !is_set(source->secret) && !is_set(source->token))
		return false;
	check_whole(storage, source);
	check_characters(source);

	found.access_key_id = source->id;
	found.secret_access_key = source->secret;
	found.session_token = is_set(source->token) ? source->token : NULL;
	found.expires_at = 0;
	return true;
}

static void
check_whole(const S3Storage *storage, const KeySource *source)
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
			 errmsg("incomplete access keys for storage \"%s\"", storage->scheme),
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
