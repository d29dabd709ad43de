/*-------------------------------------------------------------------------
 *
 * rules.c
 *	  What each per-storage setting may hold: one rule, for the GUC and for
 *	  the key of an endpoint's entry alike.
 *
 * Guarantees: nothing here throws, for it runs in check hooks, in the
 * postmaster too; and no error shows a value, for people put secrets into
 * the wrong setting.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "utils/builtins.h"
#include "utils/varlena.h"

#include "buckets.h"
#include "metadata.h"
#include "rules.h"

#define KEY_PREFIX_MAX			1000	/* leaves room for a name in a key */
#define NUMBER_TEXT_MAX			64
#define HEADER_MAX				2048	/* bytes of one header */
#define BUCKETS_MAX				(64 * 1024)
#define ENCRYPTION_MAX			64
#define STORAGE_CLASS_MAX		64

/* What S3's words for ways of doing things are made of. */
#define NAME_CHARACTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* AWS: "AKIA" or "ASIA" and 16 letters and digits; a secret of 40 characters. */
#define AWS_ID_PREFIX_LEN		4
#define AWS_ID_LEN				20
#define AWS_SECRET_LEN			40

static bool check_buckets(const char *name, const char *value, S3Error *err);
static bool check_encrypt_key(const char *name, const char *value, S3Error *err);
static bool check_endpoint_url(const char *name, const char *value, S3Error *err);
static bool check_function(const char *name, const char *value, S3Error *err);
static bool check_header(const char *name, const char *value, S3Error *err);
static bool check_key_prefix(const char *name, const char *value, S3Error *err);
static bool check_kms_encryption_key_id(const char *name, const char *value, S3Error *err);
static bool check_metadata(const char *name, const char *value, S3Error *err);
static bool check_path(const char *name, const char *value, S3Error *err);
static bool check_profile(const char *name, const char *value, S3Error *err);
static bool check_proxy(const char *name, const char *value, S3Error *err);
static bool check_region(const char *name, const char *value, S3Error *err);
static bool check_storage_class(const char *name, const char *value, S3Error *err);
static bool check_no_control(const char *name, const char *value, S3Error *err);
static bool check_length(const char *name, const char *value, size_t max, S3Error *err);
static bool check_graphic_ascii(const char *name, const char *value, S3Error *err);
static bool put_enum(const S3Rule *rule, const char *value, S3Settings *settings,
					 S3Error *err);
static void *place(const S3Rule *rule, S3Settings *settings);
static bool has_access_key(const char *text);
static bool is_access_key_id(const char *run, size_t len);
static bool is_secret_access_key(const char *run, size_t len);
static bool has_user_info(const char *text);

const struct config_enum_entry s3_addressing_style_options[] = {
	{"auto", S3_ADDRESSING_AUTO, false},
	{"path", S3_ADDRESSING_PATH, false},
	{"virtual", S3_ADDRESSING_VIRTUAL, false},
	{NULL, 0, false}
};

const struct config_enum_entry s3_signature_version_options[] = {
	{"s3v4", S3_SIGNATURE_S3V4, false},
	{"s3", S3_SIGNATURE_S3, false},
	{"unsigned", S3_SIGNATURE_UNSIGNED, false},
	{NULL, 0, false}
};

/* What is left out is zero. */
#define BOOL_RULE(name) \
	{#name, S3_RULE_BOOL, offsetof(S3Settings, name)}
#define ENUM_RULE(name) \
	{#name, S3_RULE_ENUM, offsetof(S3Settings, name), \
		.options = s3_##name##_options}
#define INT_RULE(name, min_value, max_value, unit_flag) \
	{#name, S3_RULE_INT, offsetof(S3Settings, name), \
		.min = min_value, .max = max_value, .unit = unit_flag}
#define STRING_RULE(name, check_value) \
	{#name, S3_RULE_STRING, offsetof(S3Settings, name), .check = check_value}
#define FORM_RULE(name, check_value, form_value) \
	{#name, S3_RULE_STRING, offsetof(S3Settings, name), .check = check_value, \
		.form = form_value}
#define TEXT_RULE(name, check_value, form_value) \
	{#name, S3_RULE_STRING, offsetof(S3Settings, name), .check = check_value, \
		.form = form_value, .text = true}
#define SECRET_RULE(name) \
	{#name, S3_RULE_STRING, offsetof(S3Settings, name), .secret = true, \
		.check = s3_check_##name}

const S3Rule s3_rules[] = {
	SECRET_RULE(access_key_id),
	ENUM_RULE(addressing_style),
	BOOL_RULE(bucket_auth),
	FORM_RULE(buckets, check_buckets, S3_FORM_LIST),
	STRING_RULE(ca_file, check_path),
	INT_RULE(connect_timeout, S3_TIMEOUT_MIN, S3_TIMEOUT_MAX, GUC_UNIT_MS),
	TEXT_RULE(content_disposition, check_header, S3_FORM_STRING),
	TEXT_RULE(content_disposition_function, check_function, S3_FORM_STRING),
	TEXT_RULE(content_language, check_header, S3_FORM_STRING),
	TEXT_RULE(content_language_function, check_function, S3_FORM_STRING),
	STRING_RULE(credentials_file, check_path),
	FORM_RULE(encrypt_key, check_encrypt_key, S3_FORM_SWITCH),
	STRING_RULE(endpoint_url, check_endpoint_url),
	STRING_RULE(endpoint_url_presigning, check_endpoint_url),
	BOOL_RULE(file_overwrite),
	BOOL_RULE(gzip),
	STRING_RULE(key_prefix, check_key_prefix),
	STRING_RULE(kms_encryption_key_id, check_kms_encryption_key_id),
	INT_RULE(max_age_seconds, S3_MAX_AGE_SECONDS_MIN, S3_MAX_AGE_SECONDS_MAX, GUC_UNIT_S),
	INT_RULE(max_attempts, 1, S3_ATTEMPTS_MAX, 0),
	INT_RULE(max_object_size, S3_OBJECT_SIZE_MIN, S3_OBJECT_SIZE_MAX, GUC_UNIT_KB),
	INT_RULE(max_pool_connections, 1, S3_POOL_CONNECTIONS_MAX, 0),
	TEXT_RULE(metadata, check_metadata, S3_FORM_OBJECT),
	TEXT_RULE(metadata_function, check_function, S3_FORM_STRING),
	INT_RULE(multipart_copy_threshold, S3_PART_SIZE_MIN, S3_COPY_SIZE_MAX, GUC_UNIT_KB),
	INT_RULE(multipart_part_size, S3_PART_SIZE_MIN, S3_PART_SIZE_MAX, GUC_UNIT_KB),
	BOOL_RULE(normalize_keys),
	INT_RULE(presign_expires, -1, S3_PRESIGN_SECONDS_MAX, GUC_UNIT_S),
	INT_RULE(presign_window, 0, S3_PRESIGN_SECONDS_MAX, GUC_UNIT_S),
	STRING_RULE(profile, check_profile),
	STRING_RULE(proxy, check_proxy),
	STRING_RULE(public_url, check_endpoint_url),
	BOOL_RULE(read_only),
	BOOL_RULE(reduced_redundancy),
	STRING_RULE(region, check_region),
	INT_RULE(request_timeout, S3_TIMEOUT_MIN, S3_TIMEOUT_MAX, GUC_UNIT_MS),
	SECRET_RULE(secret_access_key),
	SECRET_RULE(session_token),
	ENUM_RULE(signature_version),
	STRING_RULE(storage_class, check_storage_class),
	BOOL_RULE(use_accelerate),
	BOOL_RULE(use_dualstack),
	BOOL_RULE(use_fips),
	BOOL_RULE(verify_tls),
};

const int	s3_rules_count = lengthof(s3_rules);

const S3Rule *
s3_rule_find(S3Slice name)
{
	for (int i = 0; i < s3_rules_count; i++)
		if (s3_slice_equal(s3_slice_cstring(s3_rules[i].name), name))
			return &s3_rules[i];
	return NULL;
}

bool
s3_rule_check_string(const S3Rule *rule, const char *value, S3Error *err)
{
	/* What SHOW gives for a secret comes back through SET ... FROM CURRENT. */
	if (rule->secret && strcmp(value, S3_SECRET_MASK) == 0)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"\"%s\" is the mask that is shown for a secret", rule->name);
	if (rule->text ? has_access_key(value) :
		!rule->secret && s3_looks_like_secret(value))
	{
		s3_error_set(err, S3_ERROR_ARGUMENT,
					 "\"%s\" holds what looks like a key or a password", rule->name);
		return s3_error_hint(err, "Put keys into the file that s3store.credentials_file names.");
	}
	return rule->check(rule->name, value, err);
}

bool
s3_rule_put_string(const S3Rule *rule, const char *value, S3Settings *settings, S3Error *err)
{
	switch (rule->type)
	{
		case S3_RULE_STRING:
			if (!s3_rule_check_string(rule, value, err))
				return false;
			*(const char **) place(rule, settings) = value;
			return true;
		case S3_RULE_ENUM:
			return put_enum(rule, value, settings, err);
		case S3_RULE_INT:
			return s3_rule_put_number(rule, s3_slice_cstring(value), settings, err);
		case S3_RULE_BOOL:
			break;
	}
	return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" must be true or false", rule->name);
}

/*
 * A bare number is in the setting's own unit, as everywhere in PostgreSQL:
 * milliseconds for the timeouts, where the Python library has seconds.  "5s"
 * says it without doubt.
 */
bool
s3_rule_put_number(const S3Rule *rule, S3Slice text, S3Settings *settings, S3Error *err)
{
	char		buf[NUMBER_TEXT_MAX];
	const char *hint = NULL;
	int			value;

	if (rule->type != S3_RULE_INT)
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" cannot be a number", rule->name);

	snprintf(buf, sizeof(buf), "%.*s", S3_SLICE_ARGS(text));
	if (text.len >= sizeof(buf) || !parse_int(buf, &value, rule->unit, &hint))
	{
		s3_error_set(err, S3_ERROR_ARGUMENT,
					 "\"%s\" is not a valid number", rule->name);
		return hint == NULL ? false : s3_error_hint(err, "%s", hint);
	}
	if (value < rule->min || value > rule->max)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"\"%s\" is outside the valid range (%d .. %d)",
							rule->name, rule->min, rule->max);

	*(int *) place(rule, settings) = value;
	return true;
}

bool
s3_rule_put_bool(const S3Rule *rule, bool value, S3Settings *settings, S3Error *err)
{
	if (rule->form == S3_FORM_SWITCH)
		return s3_rule_put_string(rule, value ? "on" : "off", settings, err);
	if (rule->type != S3_RULE_BOOL)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"\"%s\" cannot be true or false", rule->name);
	*(bool *) place(rule, settings) = value;
	return true;
}

static bool
put_enum(const S3Rule *rule, const char *value, S3Settings *settings, S3Error *err)
{
	char		valid[S3_ERROR_HINT_MAX] = "";

	for (const struct config_enum_entry *option = rule->options; option->name; option++)
	{
		if (pg_strcasecmp(value, option->name) == 0)
		{
			*(int *) place(rule, settings) = option->val;
			return true;
		}
	}

	for (const struct config_enum_entry *option = rule->options; option->name; option++)
	{
		if (option != rule->options)
			strlcat(valid, ", ", sizeof(valid));
		strlcat(valid, option->name, sizeof(valid));
	}
	s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" has no such value", rule->name);
	return s3_error_hint(err, "Available values: %s.", valid);
}

static void *
place(const S3Rule *rule, S3Settings *settings)
{
	return (char *) settings + rule->offset;
}

/*
 * An id stands in the Authorization header, before a comma.  Stores other
 * than AWS have ids with colons, slashes and dollar signs.
 */
bool
s3_check_access_key_id(const char *name, const char *value, S3Error *err)
{
	if (strchr(value, ',') != NULL)
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" contains a comma", name);
	return check_length(name, value, S3_ACCESS_KEY_ID_MAX, err) &&
		check_graphic_ascii(name, value, err);
}

bool
s3_check_secret_access_key(const char *name, const char *value, S3Error *err)
{
	return check_length(name, value, S3_SECRET_ACCESS_KEY_MAX, err) &&
		check_graphic_ascii(name, value, err);
}

bool
s3_check_session_token(const char *name, const char *value, S3Error *err)
{
	return check_length(name, value, S3_SESSION_TOKEN_MAX, err) &&
		check_graphic_ascii(name, value, err);
}

static bool
check_buckets(const char *name, const char *value, S3Error *err)
{
	return check_length(name, value, BUCKETS_MAX, err) && s3_buckets_check(value, err);
}

/* What servers other than AWS may call an encryption is theirs to say. */
static bool
check_encrypt_key(const char *name, const char *value, S3Error *err)
{
	bool		on;

	if (parse_bool(value, &on))
		return true;
	if (*value != '\0' && strlen(value) <= ENCRYPTION_MAX &&
		strspn(value, NAME_CHARACTERS ":") == strlen(value))
		return true;
	s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" is not the name of an encryption", name);
	return s3_error_hint(err, "Available values: off, on, and names such as AES256 or aws:kms.");
}

static bool
check_endpoint_url(const char *name, const char *value, S3Error *err)
{
	S3Endpoint	endpoint;

	return *value == '\0' || s3_endpoint_parse(name, value, &endpoint, err);
}

/*
 * A name of two parts.  Whether there is such a function is a question for
 * the database where it is called.
 */
static bool
check_function(const char *name, const char *value, S3Error *err)
{
	char	   *copy = pstrdup(value);
	List	   *parts = NIL;
	bool		ok;

	ok = *value == '\0' ||
		(SplitIdentifierString(copy, '.', &parts) && list_length(parts) == 2 &&
		 (strchr(value, '"') != NULL || strchr(value, '(') == NULL));
	list_free(parts);
	pfree(copy);
	if (!ok)
	{
		s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" is not the name of a function", name);
		return s3_error_hint(err, "Name it with its schema, and without parentheses: schema.function.");
	}
	return check_length(name, value, HEADER_MAX, err) && check_no_control(name, value, err);
}

static bool
check_header(const char *name, const char *value, S3Error *err)
{
	return check_length(name, value, HEADER_MAX, err) &&
		s3_check_header_value(name, value, err);
}

static bool
check_key_prefix(const char *name, const char *value, S3Error *err)
{
	return check_length(name, value, KEY_PREFIX_MAX, err) &&
		check_no_control(name, value, err);
}

/* An id, an ARN or an alias. */
static bool
check_kms_encryption_key_id(const char *name, const char *value, S3Error *err)
{
	return check_length(name, value, HEADER_MAX, err) &&
		check_graphic_ascii(name, value, err);
}

static bool
check_metadata(const char *name, const char *value, S3Error *err)
{
	char	   *copy = pstrdup(value);
	S3Fields	headers = {0};
	char		message[S3_ERROR_MESSAGE_MAX];
	bool		ok;

	ok = s3_metadata_parse(copy, &headers, err) && s3_metadata_check_size(&headers, err);
	pfree(copy);
	if (ok)
		return true;
	strlcpy(message, err->message, sizeof(message));
	snprintf(err->message, sizeof(err->message), "\"%s\": %s", name, message);
	return false;
}

/* A relative path would mean one inside the data directory. */
static bool
check_path(const char *name, const char *value, S3Error *err)
{
	if (*value != '\0' && !is_absolute_path(value))
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" is not an absolute path", name);
	return check_length(name, value, MAXPGPATH - 1, err) &&
		check_no_control(name, value, err);
}

/* A profile is named in a line "[profile]". */
static bool
check_profile(const char *name, const char *value, S3Error *err)
{
	size_t		len = strlen(value);

	if (strpbrk(value, "[]") != NULL)
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" contains a bracket", name);
	if (len > 0 && (value[0] == ' ' || value[len - 1] == ' '))
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" starts or ends with a blank", name);
	return check_no_control(name, value, err);
}

/* libcurl would take other schemes for other kinds of proxies. */
static bool
check_proxy(const char *name, const char *value, S3Error *err)
{
	S3Endpoint	endpoint;

	if (*value == '\0' ||
		(s3_endpoint_parse(name, value, &endpoint, err) &&
		 !endpoint.tls && endpoint.path[0] == '\0'))
		return true;
	s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" is not the address of a proxy", name);
	return s3_error_detail(err, "A proxy is written as http://host:port.");
}

static bool
check_region(const char *name, const char *value, S3Error *err)
{
	return s3_check_region(value, err);
}

/* Servers other than AWS have classes of their own. */
static bool
check_storage_class(const char *name, const char *value, S3Error *err)
{
	if (*value != '\0' && strlen(value) <= STORAGE_CLASS_MAX &&
		strspn(value, NAME_CHARACTERS) == strlen(value))
		return true;
	s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" is not the name of a storage class", name);
	return s3_error_detail(err, "A name has letters, digits, \"-\" and \"_\", at most %d in all.",
						   STORAGE_CLASS_MAX);
}

static bool
check_no_control(const char *name, const char *value, S3Error *err)
{
	for (const unsigned char *c = (const unsigned char *) value; *c != '\0'; c++)
		if (*c < 0x20 || *c == 0x7f)
			return s3_error_set(err, S3_ERROR_ARGUMENT,
								"\"%s\" contains a control character", name);
	return true;
}

static bool
check_length(const char *name, const char *value, size_t max, S3Error *err)
{
	if (strlen(value) > max)
		return s3_error_set(err, S3_ERROR_ARGUMENT,
							"\"%s\" is longer than %zu bytes", name, max);
	return true;
}

static bool
check_graphic_ascii(const char *name, const char *value, S3Error *err)
{
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
	return has_access_key(text) || has_user_info(text);
}

/* Looks at each run of the characters that keys are made of. */
static bool
has_access_key(const char *text)
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

static bool
is_access_key_id(const char *run, size_t len)
{
	static const char id_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	return len >= AWS_ID_LEN &&
		(strncmp(run, "AKIA", AWS_ID_PREFIX_LEN) == 0 ||
		 strncmp(run, "ASIA", AWS_ID_PREFIX_LEN) == 0) &&
		strspn(run, id_characters) == AWS_ID_LEN;
}

/* Asks for all three kinds of characters, lest a path or a hash be taken for one. */
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
