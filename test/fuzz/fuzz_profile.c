/*
 * Fuzzes credentials files.
 */
#include "fuzz.h"
#include "profile.h"

const FuzzSeed fuzz_seeds[] = {
	SEED("[default]\naws_access_key_id = id\naws_secret_access_key = secret\n"),
	SEED("# comment\r\n[default]\r\naws_session_token=token"),
	SEED("[x]\ns3 =\n  a = b\n[default]\n"),
	SEED("aws_access_key_id = id\n[default"),
	{NULL, 0}
};

static void must_be_value(const char *value, const char *text, size_t size);

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	char	   *text = palloc(size + 1);
	S3Profile	profile;
	S3Error		err;

	memcpy(text, data, size);
	if (!s3_profile_find(text, size, "default", &profile, &err))
	{
		MUST(err.kind == S3_ERROR_NO_CREDENTIALS);
		must_be_error(&err);
		return 0;
	}
	must_be_value(profile.access_key_id, text, size);
	must_be_value(profile.secret_access_key, text, size);
	must_be_value(profile.session_token, text, size);
	return 0;
}

/* One line of the text, without blanks around it. */
static void
must_be_value(const char *value, const char *text, size_t size)
{
	size_t		len = strlen(value);

	if (len == 0)
		return;
	MUST(value > text && value + len <= text + size);
	MUST(strchr(value, '\n') == NULL);
	MUST(value[0] != ' ' && value[len - 1] != ' ' && value[len - 1] != '\r');
}
