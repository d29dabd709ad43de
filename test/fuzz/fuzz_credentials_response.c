/*-------------------------------------------------------------------------
 *
 * fuzz_credentials_response.c
 *	  Documents that hand out keys: JSON, and XML where it begins with '<'.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include "credentials/credentials_response.h"

const FuzzSeed fuzz_seeds[] = {
	SEED("{\"Code\": \"Success\", \"AccessKeyId\": \"a\", \"SecretAccessKey\": \"s\", "
		 "\"Token\": \"t\", \"Expiration\": \"2024-01-02T03:04:05Z\", \"x\": {\"y\": [1]}}"),
	SEED("{\"AccessKeyId\": \"\\u0061\", \"z\": [\"a\", \"b\"], \"n\": null}"),
	SEED("<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
		 "<AccessKeyId>a</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
		 "<SessionToken>t</SessionToken><Expiration>2024-01-02T03:04:05Z</Expiration>"
		 "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"),
	SEED("<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"),
	{NULL, 0}
};

void
fuzz_one(const uint8 *data, size_t size)
{
	static const S3AccessKeys nothing = {0};
	char	   *text = palloc(Max(size, 1));
	S3AccessKeys keys;
	S3Error		err;
	bool		good;

	memcpy(text, data, size);
	if (size > 0 && data[0] == '<')
	{
		s3_credentials_response_xml_error(s3_slice((const char *) data, size), &err);
		good = s3_credentials_response_xml(s3_slice((const char *) data, size), &keys, &err);
	}
	else
		good = s3_credentials_response_json(text, size, &keys, &err);
	if (!good)
	{
		must_be_error(&err);
		MUST(memcmp(&keys, &nothing, sizeof(keys)) == 0);
		return;
	}
	MUST(keys.access_key_id[0] != '\0' && keys.secret_access_key[0] != '\0' &&
		 keys.session_token[0] != '\0' && keys.expires_at > 0);
}
