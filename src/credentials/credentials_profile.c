/*-------------------------------------------------------------------------
 *
 * credentials_profile.c
 *	  Finds a profile in the text of a credentials file.  Pure.
 *
 *		# comment
 *		[default]
 *		aws_access_key_id = ...
 *		aws_secret_access_key = ...
 *		aws_session_token = ...
 *		aws_expiration = 2024-01-02T03:04:05Z
 *
 * Guarantees: copies nothing of the text, and shows nothing of it in errors.
 *
 * Specification: "Configuration and credential file settings" in the AWS
 * Command Line Interface User Guide.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/date.h"
#include "credentials/credentials_profile.h"

/* How far the text is read. */
typedef struct ProfileReader
{
	const char *name;			/* the profile that is wanted */
	S3CredentialsProfile *profile;
	int			line;			/* from 1 */
	bool		in_section;
	bool		in_profile;		/* ... the wanted one */
	bool		found;
	bool		in_nested;		/* after "name =": indented lines belong to it */
} ProfileReader;

static bool read_line(ProfileReader *reader, char *line, S3Error *err);
static bool read_section(ProfileReader *reader, char *line, S3Error *err);
static bool read_assignment(ProfileReader *reader, char *line, S3Error *err);
static bool read_expiration(ProfileReader *reader, S3Error *err);
static const char **find_value(S3CredentialsProfile *profile, const char *name);
static void note_unsupported(S3CredentialsProfile *profile, const char *name);
static char *trim(char *text);
static bool is_blank(char c);
static bool refuse_line(const ProfileReader *reader, const char *why, S3Error *err);

bool
s3_credentials_profile_find(char *text, size_t len, const char *name, S3CredentialsProfile *profile,
							S3Error *err)
{
	ProfileReader reader = {0};
	char	   *end = text + len;

	reader.name = name;
	reader.profile = profile;
	profile->access_key_id = profile->secret_access_key = "";
	profile->session_token = profile->expiration = "";
	profile->unsupported = NULL;
	profile->expires_at = 0;

	if (memchr(text, '\0', len) != NULL)
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "it contains a zero byte");

	while (text < end)
	{
		char	   *newline = memchr(text, '\n', end - text);

		if (newline == NULL)
			newline = end;
		*newline = '\0';
		reader.line++;
		if (!read_line(&reader, text, err))
			return false;
		text = newline + 1;
	}

	if (!reader.found)
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
							"it has no profile \"%s\"", name);
	return true;
}

static bool
read_line(ProfileReader *reader, char *line, S3Error *err)
{
	bool		indented = is_blank(*line);

	line = trim(line);
	if (*line == '\0' || *line == '#' || *line == ';')
		return true;
	if (indented && reader->in_nested)
		return true;
	if (*line == '[')
		return read_section(reader, line, err);
	return read_assignment(reader, line, err);
}

static bool
read_section(ProfileReader *reader, char *line, S3Error *err)
{
	size_t		len = strlen(line);

	if (line[len - 1] != ']')
		return refuse_line(reader, "does not end with \"]\"", err);
	line[len - 1] = '\0';

	reader->in_section = true;
	reader->in_nested = false;
	reader->in_profile = strcmp(trim(line + 1), reader->name) == 0;
	reader->found |= reader->in_profile;
	return true;
}

static bool
read_assignment(ProfileReader *reader, char *line, S3Error *err)
{
	char	   *equals = strchr(line, '=');
	char	   *assigned;
	const char **value;

	if (equals == NULL)
		return refuse_line(reader, "is neither \"[profile]\" nor \"name = value\"", err);
	if (!reader->in_section)
		return refuse_line(reader, "is before the first \"[profile]\"", err);

	*equals = '\0';
	assigned = trim(equals + 1);
	reader->in_nested = *assigned == '\0';

	if (!reader->in_profile)
		return true;
	line = trim(line);
	note_unsupported(reader->profile, line);
	value = find_value(reader->profile, line);
	if (value == NULL)
		return true;
	if (**value != '\0')
		return refuse_line(reader, "sets a parameter for the second time", err);
	*value = assigned;
	return value != &reader->profile->expiration || read_expiration(reader, err);
}

static bool
read_expiration(ProfileReader *reader, S3Error *err)
{
	S3CredentialsProfile *profile = reader->profile;
	int64		microseconds;

	if (*profile->expiration == '\0')
		return true;
	if (!s3_date_parse_iso(s3_slice_cstring(profile->expiration), &microseconds) ||
		microseconds < USECS_PER_SEC)
		return refuse_line(reader, "has a time that is not like \"2024-01-02T03:04:05Z\"", err);
	profile->expires_at = microseconds / USECS_PER_SEC;
	return true;
}

static const char **
find_value(S3CredentialsProfile *profile, const char *name)
{
	if (pg_strcasecmp(name, "aws_access_key_id") == 0)
		return &profile->access_key_id;
	if (pg_strcasecmp(name, "aws_secret_access_key") == 0)
		return &profile->secret_access_key;
	if (pg_strcasecmp(name, "aws_session_token") == 0)
		return &profile->session_token;
	/* No standard names it: these are what tools write. */
	if (pg_strcasecmp(name, "aws_expiration") == 0 ||
		pg_strcasecmp(name, "x_security_token_expires") == 0)
		return &profile->expiration;
	return NULL;
}

/* Parameters for other sources of keys, which must not be ignored in silence. */
static void
note_unsupported(S3CredentialsProfile *profile, const char *name)
{
	static const char *const unsupported[] = {
		"role_arn", "source_profile", "credential_source", "credential_process",
		"web_identity_token_file", "sso_session", "sso_start_url"
	};

	for (int i = 0; i < lengthof(unsupported); i++)
	{
		if (pg_strcasecmp(name, unsupported[i]) == 0)
			profile->unsupported = unsupported[i];
	}
}

/* Cuts blanks off both ends, and the CR of files written on Windows. */
static char *
trim(char *text)
{
	size_t		len;

	while (is_blank(*text))
		text++;
	len = strlen(text);
	while (len > 0 && (is_blank(text[len - 1]) || text[len - 1] == '\r'))
		len--;
	text[len] = '\0';
	return text;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
refuse_line(const ProfileReader *reader, const char *why, S3Error *err)
{
	return s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "line %d %s", reader->line, why);
}
