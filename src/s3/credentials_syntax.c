/*-------------------------------------------------------------------------
 *
 * credentials_syntax.c
 *	  What access keys are made of, wherever they come from.
 *
 * Pure.  Errors show no value.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "s3/credentials_syntax.h"

/* AWS: "AKIA" or "ASIA" and 16 letters and digits; a secret of 40 characters. */
#define AWS_ID_LEN				20
#define AWS_SECRET_LEN			40

#define ID_SHOWN_LEN	4		/* characters at the end of an access key ID */
#define ID_HIDDEN_MIN	4		/* that stay hidden at least */

static bool is_access_key_id(const char *run, size_t len);
static bool is_secret_access_key(const char *run, size_t len);
static bool has_user_info(const char *text);

/*
 * In the Authorization header, a comma follows the ID.  Servers other than AWS
 * have IDs with colons, slashes and dollar signs.
 */
bool
s3_check_access_key_id(const char *name, const char *value, S3Error *err)
{
	if (strchr(value, ',') != NULL)
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" contains a comma", name);
	return s3_check_printable(name, value, S3_ACCESS_KEY_ID_MAX, err);
}

bool
s3_check_secret_access_key(const char *name, const char *value, S3Error *err)
{
	return s3_check_printable(name, value, S3_SECRET_ACCESS_KEY_MAX, err);
}

bool
s3_check_session_token(const char *name, const char *value, S3Error *err)
{
	return s3_check_printable(name, value, S3_SESSION_TOKEN_MAX, err);
}

bool
s3_check_printable(const char *name, const char *value, size_t max, S3Error *err)
{
	if (strlen(value) > max)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"\"%s\" is longer than %zu bytes", name, max);
	for (const unsigned char *c = (const unsigned char *) value; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return s3_error_set(err, S3_ERROR_ARGUMENT,
								"\"%s\" contains a character other than printable ASCII, or a blank",
								name);
	return true;
}

bool
s3_looks_like_secret(const char *text)
{
	return s3_looks_like_access_key(text) || has_user_info(text);
}

/* Looks at each run of the characters that keys are made of. */
bool
s3_looks_like_access_key(const char *text)
{
	static const char key_characters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	while (*text != '\0')
	{
		size_t		len = strspn(text, key_characters);

		if (is_secret_access_key(text, len))
			return true;
		for (size_t i = 0; i + AWS_ID_LEN <= len; i++)
			if (is_access_key_id(text + i, len - i))
				return true;
		text += len;
		text += strcspn(text, key_characters);
	}
	return false;
}

char *
s3_access_key_id_masked(const char *id)
{
	size_t		len = strlen(id);

	return psprintf("%s%s", S3_SECRET_MASK,
					len < ID_SHOWN_LEN + ID_HIDDEN_MIN ? "" : id + len - ID_SHOWN_LEN);
}

static bool
is_access_key_id(const char *run, size_t len)
{
	static const char id_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	return len >= AWS_ID_LEN &&
		(s3_starts_with(run, "AKIA") ||
		 s3_starts_with(run, "ASIA")) &&
		strspn(run, id_characters) == AWS_ID_LEN;
}

/* Wants all three kinds of characters, lest a path or a hash be taken for a secret. */
static bool
is_secret_access_key(const char *run, size_t len)
{
	bool		upper = false;
	bool		lower = false;
	bool		digit = false;

	if (len != AWS_SECRET_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		upper |= run[i] >= 'A' && run[i] <= 'Z';
		lower |= run[i] >= 'a' && run[i] <= 'z';
		digit |= run[i] >= '0' && run[i] <= '9';
	}
	return upper && lower && digit;
}

/* user:password@ */
static bool
has_user_info(const char *text)
{
	const char *at = strchr(text, '@');
	const char *colon;

	if (at == NULL)
		return false;
	for (colon = at; colon > text; colon--)
		if (colon[-1] == ':')
			break;

	/* "https://name@" has a colon too, but no password. */
	return colon > text && strncmp(colon, "//", 2) != 0 && colon < at;
}
