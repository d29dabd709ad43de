/*
 * Fuzzes credentials files.
 */
#include "credentials/credentials_profile.h"
#include "fuzz.h"

const FuzzSeed fuzz_seeds[] = {
	SEED("[default]\naws_access_key_id = AKIDFUZZ\naws_secret_access_key = fuzz-secret\n"),
	SEED("# comment\n; another\r\n[other]\n[ default ]\r\nAWS_ACCESS_KEY_ID=a\naws_session_token\t=\tb=c\n"),
	SEED("[default]\ns3 =\n  max_concurrent_requests = 20\naws_access_key_id = a"),
	SEED("aws_access_key_id = a\n[default\n[]\n=\n"),
	{NULL, 0}
};

static void must_be_value(const char *value, const char *text, size_t size);

void
fuzz_one(const uint8 *data, size_t size)
{
	char	   *text = palloc(size + 1);
	S3CredentialsProfile profile;
	S3Error		err;

	memcpy(text, data, size);
	if (!s3_credentials_profile_find(text, size, "default", &profile, &err))
	{
		must_be_error(&err);
		MUST(err.kind == S3_ERROR_NO_CREDENTIALS);
		return;
	}
	must_be_value(profile.access_key_id, text, size);
	must_be_value(profile.secret_access_key, text, size);
	must_be_value(profile.session_token, text, size);
}

/* Empty, or inside of the text, on one line and trimmed. */
static void
must_be_value(const char *value, const char *text, size_t size)
{
	size_t		len = strlen(value);

	if (len == 0)
		return;
	MUST(value >= text && value + len <= text + size);
	MUST(strchr(value, '\n') == NULL);
	MUST(strchr(" \t", value[0]) == NULL && strchr(" \t\r", value[len - 1]) == NULL);
}
