/*-------------------------------------------------------------------------
 *
 * test_credentials_profile.c
 *	  Credentials files: sections, assignments, comments, and what is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "credentials/credentials_profile.h"
#include "tap.h"

static const struct
{
	const char *text;
	const char *name;
	const char *want;			/* id/secret/token, or "!" and the error */
}			profile_cases[] =
{
	/* sections */
	{"[default]\naws_access_key_id=i\naws_secret_access_key=s\n", "default", "i/s/"},
	{"[a]\naws_access_key_id=i\n[b]\naws_access_key_id=j\n", "b", "j//"},
	{"[a]\naws_access_key_id=i\n[b]\n[a]\naws_secret_access_key=s\n", "a", "i/s/"},
	{"[ my profile\t]\naws_access_key_id=i\n", "my profile", "i//"},
	{"[default]", "default", "//"},
	{"[]\naws_access_key_id=i\n", "", "i//"},
	{"", "default", "!it has no profile \"default\""},
	{"[Default]\n", "default", "!it has no profile \"default\""},
	{"[profile x]\n", "x", "!it has no profile \"x\""},
	{"[default\n", "default", "!line 1 does not end with \"]\""},
	{"[\n", "default", "!line 1 does not end with \"]\""},
	{"\n[a] b\n", "a", "!line 2 does not end with \"]\""},

	/* assignments */
	{"[a]\n aws_access_key_id =\ti \t\n", "a", "i//"},
	{"[a]\r\nAWS_ACCESS_KEY_ID = i\r\nAws_Session_Token = t\r\n", "a", "i//t"},
	{"[a]\naws_secret_access_key = s=/+#;s", "a", "/s=/+#;s/"},
	{"[a]\naws_access_key_id =\nregion = x\n = y\n", "a", "//"},
	{"[a]\naws_access_key_id\n", "a", "!line 2 is neither \"[profile]\" nor \"name = value\""},
	{"[b]\nnonsense\n[a]\n", "a", "!line 2 is neither \"[profile]\" nor \"name = value\""},
	{"aws_access_key_id = i\n[a]\n", "a", "!line 1 is before the first \"[profile]\""},
	{"[a]\naws_session_token = t\naws_session_token = t\n", "a", "!line 3 sets a parameter for the second time"},
	{"[b]\naws_session_token = t\naws_session_token = t\n[a]\n", "a", "//"},

	/* comments, and what is nested */
	{"# [x\n; y\n\n \t\n  # z\n[a]\n#aws_access_key_id=i\n", "a", "//"},
	{"[a]\ns3 =\n  aws_access_key_id = nested\n  any thing\naws_access_key_id = i\n", "a", "i//"},
	{"[a]\ns3 =\n[b]\n  aws_access_key_id = i\n", "b", "i//"},
	{"[a]\nregion = x\n  any thing\n", "a", "!line 3 is neither \"[profile]\" nor \"name = value\""},
};

static const struct
{
	const char *line;
	int64		want;			/* -1: refused */
}			expiration_cases[] =
{
	{"", 0},
	{"aws_expiration = 2024-01-02T03:04:05Z", 1704164645},
	{"AWS_Expiration=2024-01-02T04:04:05.123+01:00", 1704164645},
	{"x_security_token_expires = 2024-01-02T03:04:05Z", 1704164645},
	{"aws_expiration =", 0},
	{"expires = tomorrow", 0},
	{"aws_expiration = tomorrow", -1},
	{"aws_expiration = 2024-01-02", -1},
	{"aws_expiration = 1970-01-01T00:00:00Z", -1},
	{"aws_expiration = 2024-01-02T03:04:05Z\nx_security_token_expires = 2024-01-02T03:04:05Z", -1},
	{"[b]\naws_expiration = tomorrow", 0},
};

static const struct
{
	const char *text;
	const char *want;			/* what we do not support, or NULL */
}			unsupported_cases[] =
{
	{"[a]\naws_access_key_id = i\nregion = x\n", NULL},
	{"[a]\nrole_arn = arn:aws:iam::1:role/x\n", "role_arn"},
	{"[a]\naws_access_key_id = i\nSource_Profile = b\n", "source_profile"},
	{"[a]\ncredential_source = Ec2InstanceMetadata\n", "credential_source"},
	{"[a]\ncredential_process = /bin/keys\n", "credential_process"},
	{"[a]\nweb_identity_token_file = /token\n", "web_identity_token_file"},
	{"[a]\nsso_session = s\n", "sso_session"},
	{"[a]\nsso_start_url = https://x\n", "sso_start_url"},
	{"[b]\nrole_arn = x\n[a]\n", NULL},
	{"[a]\ns3 =\n role_arn = x\n", NULL},
};

static char *tell(S3Slice text, const char *name);

int
main(void)
{
	for (int i = 0; i < lengthof(profile_cases); i++)
		is_string(tell(s3_slice_cstring(profile_cases[i].text), profile_cases[i].name),
				  profile_cases[i].want, "file %d", i);
	is_string(tell(s3_slice("[a]\n\0", 5), "a"), "!it contains a zero byte", "a NUL byte");
	for (int i = 0; i < lengthof(expiration_cases); i++)
	{
		char	   *text = psprintf("[a]\n%s\n", expiration_cases[i].line);
		S3CredentialsProfile profile;
		S3Error		err;
		bool		good = s3_credentials_profile_find(text, strlen(text), "a", &profile, &err);

		is_int(good ? profile.expires_at : -1, expiration_cases[i].want, "expiration %d", i);
	}
	for (int i = 0; i < lengthof(unsupported_cases); i++)
	{
		const char *want = unsupported_cases[i].want;
		char	   *text = psprintf("%s ", unsupported_cases[i].text);
		S3CredentialsProfile profile;
		S3Error		err;

		ok(s3_credentials_profile_find(text, strlen(text) - 1, "a", &profile, &err), "profile %d", i);
		is_string(profile.unsupported == NULL ? "none" : profile.unsupported,
				  want == NULL ? "none" : want, "... says what is not supported");
	}
	return tap_done();
}

/* Reads a copy that has room for the one byte that is asked for. */
static char *
tell(S3Slice text, const char *name)
{
	char	   *copy = palloc(text.len + 1);
	S3CredentialsProfile profile;
	S3Error		err;

	memcpy(copy, text.data, text.len);
	if (!s3_credentials_profile_find(copy, text.len, name, &profile, &err))
		return psprintf("!%s%s", err.message,
						err.kind == S3_ERROR_NO_CREDENTIALS ? "" : " (another kind)");
	return psprintf("%s/%s/%s", profile.access_key_id, profile.secret_access_key,
					profile.session_token);
}
