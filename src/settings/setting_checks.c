/*-------------------------------------------------------------------------
 *
 * setting_checks.c
 *	  What the text of each setting may be.
 *
 * Nothing here throws or shows a value, as setting_defs.c promises.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "utils/builtins.h"
#include "utils/varlena.h"

#include "s3/address.h"
#include "s3/buckets.h"
#include "s3/credentials_syntax.h"
#include "s3/metadata.h"
#include "s3/region.h"
#include "s3/request.h"
#include "settings/setting_checks.h"

#define KEY_PREFIX_MAX			1000	/* leaves room for a name in a key */
#define HEADER_MAX				2048	/* bytes of one header */
#define BUCKETS_MAX				(64 * 1024)
#define ENCRYPTION_MAX			64
#define STORAGE_CLASS_MAX		64

/* What S3's names of encryptions and storage classes are made of. */
#define NAME_CHARACTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static bool check_no_control(const char *name, const char *value, S3Error *err);
static bool check_length(const char *name, const char *value, size_t max, S3Error *err);

bool
s3_setting_check_buckets(const char *name, const char *value, S3Error *err)
{
	return check_length(name, value, BUCKETS_MAX, err) && s3_buckets_check(value, err);
}

/* Servers other than AWS may have encryptions of their own. */
bool
s3_setting_check_encrypt_key(const char *name, const char *value, S3Error *err)
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

bool
s3_setting_check_endpoint_url(const char *name, const char *value, S3Error *err)
{
	S3EndpointUrl base;

	return *value == '\0' || s3_endpoint_url_parse(name, value, &base, err);
}

/* It begins with a slash, and has none at its end. */
bool
s3_setting_check_path_prefix(const char *name, const char *value, S3Error *err)
{
	const char *fault;

	if (*value == '\0')
		return true;
	fault = value[0] != '/' || value[strlen(value) - 1] == '/' ?
		"It must begin with a slash, and must not end with one." : s3_endpoint_path_fault(value);
	if (fault == NULL)
		return true;
	s3_error_set(err, S3_ERROR_ARGUMENT, "invalid path in \"%s\"", name);
	return s3_error_detail(err, "%s", fault);
}

/*
 * A name of two parts.  Whether there is such a function depends on the
 * database, and is found out when it is called.
 */
bool
s3_setting_check_function(const char *name, const char *value, S3Error *err)
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

bool
s3_setting_check_header(const char *name, const char *value, S3Error *err)
{
	return check_length(name, value, HEADER_MAX, err) &&
		s3_check_header_value(name, value, err);
}

bool
s3_setting_check_key_prefix(const char *name, const char *value, S3Error *err)
{
	return check_length(name, value, KEY_PREFIX_MAX, err) &&
		check_no_control(name, value, err);
}

/* An id, an ARN or an alias. */
bool
s3_setting_check_kms_encryption_key_id(const char *name, const char *value, S3Error *err)
{
	return s3_check_printable(name, value, HEADER_MAX, err);
}

bool
s3_setting_check_metadata(const char *name, const char *value, S3Error *err)
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
bool
s3_setting_check_path(const char *name, const char *value, S3Error *err)
{
	if (*value != '\0' && !is_absolute_path(value))
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" is not an absolute path", name);
	return check_length(name, value, MAXPGPATH - 1, err) &&
		check_no_control(name, value, err);
}

/* A profile is named in a line "[profile]". */
bool
s3_setting_check_profile(const char *name, const char *value, S3Error *err)
{
	size_t		len = strlen(value);

	if (strpbrk(value, "[]") != NULL)
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" contains a bracket", name);
	if (len > 0 && (value[0] == ' ' || value[len - 1] == ' '))
		return s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" starts or ends with a blank", name);
	return check_no_control(name, value, err);
}

/* libcurl would take other schemes for other kinds of proxies. */
bool
s3_setting_check_proxy(const char *name, const char *value, S3Error *err)
{
	S3EndpointUrl base;

	if (*value == '\0' ||
		(s3_endpoint_url_parse(name, value, &base, err) &&
		 !base.tls && base.path[0] == '\0'))
		return true;
	s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" is not the address of a proxy", name);
	return s3_error_detail(err, "A proxy is written as http://host:port.");
}

bool
s3_setting_check_region(const char *name, const char *value, S3Error *err)
{
	return s3_check_region(value, err);
}

/* Servers other than AWS have classes of their own. */
bool
s3_setting_check_storage_class(const char *name, const char *value, S3Error *err)
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
