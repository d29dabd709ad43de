/*-------------------------------------------------------------------------
 *
 * put_headers.c
 *	  What a put sends, by its arguments and the settings: headers, content.
 *
 * Guarantees: a header that the caller gives is sent as it is given.  No SQL
 * runs from when the endpoint is found until the request is ready, so its
 * settings are those of one moment.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "backend/body_hash.h"
#include "backend/encoding.h"
#include "backend/error_report.h"
#include "backend/gzip.h"
#include "objects/mime.h"
#include "objects/put_headers.h"
#include "s3/content_encoding.h"
#include "s3/integrity.h"
#include "s3/metadata.h"
#include "settings/setting_defs.h"
#include "settings/settings_function.h"

#define ENCRYPTION_DEFAULT		"AES256"	/* what "on" means, by S3's name */
#define ENCRYPTION_KMS			"aws:kms"	/* and "aws:kms:dsse" */
#define SVG_TYPE				"image/svg+xml"
#define GZIP_MAGIC				"\x1f\x8b"
#define REDUCED_REDUNDANCY		"REDUCED_REDUNDANCY"

#define DISPOSITION_HEADER		"content-disposition"
#define LANGUAGE_HEADER			"content-language"
#define ENCODING_HEADER			"content-encoding"
#define ENCRYPTION_HEADER		"x-amz-server-side-encryption"
#define KMS_KEY_HEADER			ENCRYPTION_HEADER "-aws-kms-key-id"
#define CUSTOMER_HEADER			ENCRYPTION_HEADER "-customer-"
#define CHECKSUM_HEADER			"x-amz-checksum-"
#define SIZE_HEADER				S3_METADATA_PREFIX "uncompressed_size"

static void add_arguments(S3Call *call, const S3PutArguments *arguments);
static void take_content_encoding(S3Fields *headers);
static void add_content_type(S3Fields *headers, const char *content_type);
static char *ask_for_text(const char *setting, const char *name, text *url);
static void ask_for_metadata(const char *name, text *url, S3Fields *metadata);
static void add_cache_control(const S3Settings *settings, S3Fields *headers);
static void add_storage_class(const S3Settings *settings, S3Fields *headers);
static void add_encryption(const S3Settings *settings, S3Fields *headers);
static const char *encryption_of(const S3Settings *settings);
static void add_kms_key(const S3Settings *settings, S3Fields *headers, bool ours);
static void add_metadata(const S3Settings *settings, const S3PutAnswers *answers,
						 S3Fields *headers);
static void add_all(S3Fields *headers, const S3Fields *more);
static void add_default(S3Fields *headers, const char *name, const char *value);
static void add_content(S3Call *call, S3PutArguments *arguments);
static bool is_packed_svg(const S3Call *call, const S3PutArguments *arguments);
static void load_source(const S3Call *call, S3PutArguments *arguments);
static void add_checksum(S3Call *call);
static const char *compute_checksum(const char *algorithm, S3Slice body);
static void free_checksum(void *arg);
static bool may_compress(const S3Call *call);
static bool is_text(const char *content_type);
static bool is_word(S3Slice text, const char *word);
static bool has_prefix(const S3Fields *headers, const char *prefix);
static void check_metadata_size(const S3Fields *headers);

void
s3_put_take_arguments(FunctionCallInfo fcinfo, S3PutArguments *arguments)
{
	if (!PG_ARGISNULL(2))
		arguments->content_type = text_to_cstring(PG_GETARG_TEXT_PP(2));
	if (!PG_ARGISNULL(3))
		arguments->metadata = PG_GETARG_JSONB_P(3);
	if (!PG_ARGISNULL(5))
		arguments->params = PG_GETARG_JSONB_P(5);
}

bool
s3_put_open(S3Call *call, const char *command, text *url, S3PutArguments *arguments)
{
	if (!s3_call_open(call, S3_PUT_OBJECT, command, S3_CALL_REQUEST, url))
		return false;
	s3_put_fill(call, url, arguments);
	return true;
}

void
s3_put_fill(S3Call *call, text *url, S3PutArguments *arguments)
{
	const char *command = call->command;
	S3Fields   *headers = &call->request.headers;
	S3PutAnswers answers;

	add_arguments(call, arguments);
	if (s3_put_ask(call->endpoint, url, headers, &answers) &&
		s3_call_open(call, S3_PUT_OBJECT, command, S3_CALL_REQUEST, url))
		add_arguments(call, arguments);
	add_default(headers, "content-type",
				s3_mime_type(s3_slice(call->key.data, call->key.len)));
	s3_put_add_settings(call->endpoint, &answers, headers);
	add_content(call, arguments);
	add_checksum(call);
	check_metadata_size(headers);
}

/* What the arguments say. */
static void
add_arguments(S3Call *call, const S3PutArguments *arguments)
{
	s3_params_apply(call->operation, arguments->params, &call->request);
	s3_params_apply_metadata(arguments->metadata, &call->request);
	if (s3_fields_find(&call->request.headers, "content-length") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"ContentLength\" is not for %s", call->command),
				 errdetail("The length is that of the content.")));
	take_content_encoding(&call->request.headers);
	if (arguments->content_type != NULL)
		add_content_type(&call->request.headers, arguments->content_type);
}

/* What we send is not in chunks. */
static void
take_content_encoding(S3Fields *headers)
{
	const char *given = s3_fields_find(headers, ENCODING_HEADER);
	const char *stored = given == NULL ? NULL : s3_content_encoding_stored(given);

	if (given == NULL || strcmp(given, stored) == 0)
		return;
	if (*stored != '\0')
		s3_fields_set(headers, ENCODING_HEADER, stored);
	else
		s3_fields_remove(headers, ENCODING_HEADER);
}

static void
add_content_type(S3Fields *headers, const char *content_type)
{
	S3Error		err;

	if (!s3_check_header_value("content_type", content_type, &err))
		s3_error_throw(&err);
	if (s3_fields_find(headers, "content-type") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the content type is given twice"),
				 errdetail("It stands in \"content_type\" and in \"params\".")));
	s3_fields_add(headers, "content-type", content_type);
}

bool
s3_put_ask(const S3Endpoint *endpoint, text *url, const S3Fields *given,
		   S3PutAnswers *answers)
{
	/* The first function may change settings: then the endpoint is gone. */
	const char *disposition = pstrdup(endpoint->settings.content_disposition_function);
	const char *language = pstrdup(endpoint->settings.content_language_function);
	const char *metadata = pstrdup(endpoint->settings.metadata_function);

	memset(answers, 0, sizeof(*answers));
	if (*disposition != '\0' && s3_fields_find(given, DISPOSITION_HEADER) == NULL)
	{
		answers->disposition_asked = true;
		answers->content_disposition = ask_for_text("content_disposition_function",
													disposition, url);
	}
	if (*language != '\0' && s3_fields_find(given, LANGUAGE_HEADER) == NULL)
	{
		answers->language_asked = true;
		answers->content_language = ask_for_text("content_language_function", language, url);
	}
	if (*metadata != '\0')
	{
		answers->metadata_asked = true;
		ask_for_metadata(metadata, url, &answers->metadata);
	}
	return answers->disposition_asked || answers->language_asked || answers->metadata_asked;
}

static char *
ask_for_text(const char *setting, const char *name, text *url)
{
	text	   *result = (text *) s3_settings_function_call(setting, name, TEXTOID, url);
	char	   *value;
	S3Error		err;

	if (result == NULL)
		return NULL;
	value = s3_utf8_cstring(VARDATA_ANY(result), VARSIZE_ANY_EXHDR(result));
	if (!s3_check_header_value(setting, value, &err))
		s3_error_throw(&err);
	return value;
}

static void
ask_for_metadata(const char *name, text *url, S3Fields *metadata)
{
	Jsonb	   *result = (Jsonb *) s3_settings_function_call("metadata_function", name, JSONBOID, url);
	char	   *json;
	char		message[S3_ERROR_MESSAGE_MAX];
	S3Error		err;

	if (result == NULL)
		return;
	json = JsonbToCString(NULL, &result->root, VARSIZE(result));
	if (s3_metadata_parse(s3_utf8_cstring(json, strlen(json)), metadata, &err))
		return;
	strlcpy(message, err.message, sizeof(message));
	s3_error_set(&err, S3_ERROR_ARGUMENT, "invalid result of the metadata_function: %s", message);
	s3_error_throw(&err);
}

void
s3_put_add_settings(const S3Endpoint *endpoint, const S3PutAnswers *answers, S3Fields *headers)
{
	const S3Settings *settings = &endpoint->settings;

	add_cache_control(settings, headers);
	s3_put_add_keeping(endpoint, headers);
	add_default(headers, DISPOSITION_HEADER, answers->disposition_asked ?
				answers->content_disposition : settings->content_disposition);
	add_default(headers, LANGUAGE_HEADER, answers->language_asked ?
				answers->content_language : settings->content_language);
	add_metadata(settings, answers, headers);
}

void
s3_put_add_keeping(const S3Endpoint *endpoint, S3Fields *headers)
{
	add_storage_class(&endpoint->settings, headers);
	add_encryption(&endpoint->settings, headers);
}

static void
add_cache_control(const S3Settings *settings, S3Fields *headers)
{
	add_default(headers, "cache-control",
				psprintf("%s,max-age=%d", settings->bucket_auth ? "private" : "public",
						 settings->max_age_seconds));
}

/* Servers mean their default class when none is named. */
static void
add_storage_class(const S3Settings *settings, S3Fields *headers)
{
	if (strcmp(settings->storage_class, S3_STORAGE_CLASS_DEFAULT) != 0)
		add_default(headers, "x-amz-storage-class", settings->storage_class);
	else if (settings->reduced_redundancy)
		add_default(headers, "x-amz-storage-class", REDUCED_REDUNDANCY);
}

/* An object that a customer's key encrypts is not encrypted otherwise. */
static void
add_encryption(const S3Settings *settings, S3Fields *headers)
{
	const char *encryption = encryption_of(settings);
	bool		ours = s3_fields_find(headers, ENCRYPTION_HEADER) == NULL;

	if (*settings->sse_customer_key_file != '\0' || has_prefix(headers, CUSTOMER_HEADER))
		return;
	if (ours && encryption != NULL)
		s3_fields_add(headers, ENCRYPTION_HEADER, encryption);
	if (*settings->kms_encryption_key_id != '\0')
		add_kms_key(settings, headers, ours);
}

/* NULL: none. */
static const char *
encryption_of(const S3Settings *settings)
{
	bool		on;

	if (!parse_bool(settings->encrypt_key, &on))
		return settings->encrypt_key;
	return on ? ENCRYPTION_DEFAULT : NULL;
}

/*
 * The key is of the key management service.  It is not sent where the caller
 * gives an encryption without one; a setting of such an encryption beside a
 * setting of the key is an error.
 */
static void
add_kms_key(const S3Settings *settings, S3Fields *headers, bool ours)
{
	const char *encryption = s3_fields_find(headers, ENCRYPTION_HEADER);

	if (encryption == NULL || s3_fields_find(headers, KMS_KEY_HEADER) != NULL)
		return;
	if (s3_starts_with(encryption, ENCRYPTION_KMS))
		s3_fields_add(headers, KMS_KEY_HEADER, settings->kms_encryption_key_id);
	else if (ours)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("kms_encryption_key_id cannot be used with encryption \"%s\"", encryption),
				 errhint("Set s3store.encrypt_key, or encrypt_key in the endpoint's entry in s3store.endpoints, to aws:kms.")));
}

/* Each name is a header of its own, so the call's names replace the settings'. */
static void
add_metadata(const S3Settings *settings, const S3PutAnswers *answers, S3Fields *headers)
{
	S3Fields	constant = {0};
	S3Error		err;

	if (answers->metadata_asked)
		add_all(headers, &answers->metadata);
	else if (s3_metadata_parse(pstrdup(settings->metadata), &constant, &err))
		add_all(headers, &constant);
	else
		s3_error_throw(&err);
}

static void
add_all(S3Fields *headers, const S3Fields *more)
{
	for (int i = 0; i < more->count; i++)
		if (s3_fields_find(headers, more->items[i].name) == NULL)
			s3_fields_add(headers, more->items[i].name, more->items[i].value);
}

/* NULL and "": no header. */
static void
add_default(S3Fields *headers, const char *name, const char *value)
{
	if (value != NULL && *value != '\0' && s3_fields_find(headers, name) == NULL)
		s3_fields_add(headers, name, value);
}

static void
add_content(S3Call *call, S3PutArguments *arguments)
{
	S3Fields   *headers = &call->request.headers;

	if (arguments->source != NULL)
		load_source(call, arguments);
	call->request.body = arguments->content;
	if (is_packed_svg(call, arguments))
		add_default(headers, ENCODING_HEADER, "gzip");
	/* The size of a compressed stream would be known at its end only. */
	if (arguments->source != NULL || !may_compress(call))
		return;
	if (!arguments->is_compressed)
	{
		if (!s3_gzip(arguments->content, &arguments->compressed))
			arguments->compressed.data = NULL;
		arguments->is_compressed = true;
	}
	if (arguments->compressed.data == NULL)
		return;
	call->request.body = arguments->compressed;
	s3_fields_add(headers, ENCODING_HEADER, "gzip");
	s3_fields_set(headers, SIZE_HEADER, psprintf("%zu", arguments->content.len));
}

/* Do its name, its content type (which the caller may give) and its content say so? */
static bool
is_packed_svg(const S3Call *call, const S3PutArguments *arguments)
{
	const char *type = s3_fields_find(&call->request.headers, "content-type");
	char		start[sizeof(GZIP_MAGIC) - 1];

	if (!s3_mime_is_packed_svg(s3_slice(call->key.data, call->key.len)) ||
		pg_strncasecmp(type, SVG_TYPE, strlen(SVG_TYPE)) != 0 || arguments->content.len < sizeof(start))
		return false;
	if (arguments->content.data == NULL)
		arguments->source->read(arguments->source->arg, 0, start, sizeof(start));
	else
		memcpy(start, arguments->content.data, sizeof(start));
	return memcmp(start, GZIP_MAGIC, sizeof(start)) == 0;
}

/*
 * The checksum that ChecksumAlgorithm announces, of what is sent.  Content that
 * is not in memory goes in parts, for which it is refused.
 */
static void
add_checksum(S3Call *call)
{
	S3Fields   *headers = &call->request.headers;
	const char *algorithm = s3_fields_find(headers, S3_ALGORITHM_HEADER);
	const char *header;

	if (algorithm == NULL)
		return;
	header = s3_integrity_header(algorithm);
	if (header == NULL || (call->request.body.data != NULL && s3_fields_find(headers, header) == NULL))
		s3_fields_add(headers, header, compute_checksum(algorithm, call->request.body));
}

/* Can be cancelled. */
static const char *
compute_checksum(const char *algorithm, S3Slice body)
{
	MemoryContextCallback *release = palloc0(sizeof(MemoryContextCallback));
	S3Error		err;
	S3Integrity *checksum = s3_integrity_start_checksum(algorithm, &err);
	const char *value = NULL;

	if (checksum == NULL)
		s3_error_throw(&err);
	release->func = free_checksum;
	release->arg = checksum;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, release);
	for (size_t done = 0; done < body.len; done += S3_BODY_HASH_STEP)
	{
		CHECK_FOR_INTERRUPTS();
		s3_integrity_add(checksum, s3_slice(body.data + done, Min(body.len - done, S3_BODY_HASH_STEP)));
	}
	value = s3_integrity_value(checksum, &err);
	s3_integrity_free(checksum);
	if (value == NULL)
		s3_error_throw(&err);
	return value;
}

static void
free_checksum(void *arg)
{
	s3_integrity_free(arg);
}

/* Content of one part at most goes in one request. */
static void
load_source(const S3Call *call, S3PutArguments *arguments)
{
	const S3PutSource *source = arguments->source;
	char	   *buffer;

	if (source->size > (int64) call->endpoint->settings.multipart_part_size * 1024)
		arguments->content = s3_slice(NULL, source->size);
	if (arguments->content.data != NULL || arguments->content.len > 0)
		return;
	buffer = palloc(Max(source->size, 1));
	source->read(source->arg, 0, buffer, source->size);
	arguments->content = s3_slice(buffer, source->size);
}

/*
 * An encoding that the caller gives is the content's already, and a digest
 * would not be that of the compressed content.
 */
static bool
may_compress(const S3Call *call)
{
	const S3Fields *headers = &call->request.headers;

	return call->endpoint->settings.gzip &&
		s3_fields_find(headers, ENCODING_HEADER) == NULL &&
		s3_fields_find(headers, "content-md5") == NULL &&
		!has_prefix(headers, CHECKSUM_HEADER) &&
		is_text(s3_fields_find(headers, "content-type"));
}

/*
 * The Python library's rule: text/anything, and subtypes xml, json, html and
 * javascript, also behind a "+".  What follows the first ";" are parameters.
 */
static bool
is_text(const char *content_type)
{
	static const char *const subtypes[] = {"xml", "json", "html", "javascript"};
	size_t		end = strcspn(content_type, "; \t");
	const char *slash = memchr(content_type, '/', end);
	S3Slice		subtype;

	if (slash == NULL)
		return false;
	if (is_word(s3_slice(content_type, slash - content_type), "text"))
		return true;
	subtype = s3_slice(slash + 1, content_type + end - (slash + 1));
	for (size_t i = subtype.len; i > 0; i--)
	{
		if (subtype.data[i - 1] == '+')
		{
			subtype = s3_slice(subtype.data + i, subtype.len - i);
			break;
		}
	}
	for (int i = 0; i < lengthof(subtypes); i++)
		if (is_word(subtype, subtypes[i]))
			return true;
	return false;
}

/* Compares without regard to case. */
static bool
is_word(S3Slice text, const char *word)
{
	return text.len == strlen(word) && pg_strncasecmp(text.data, word, text.len) == 0;
}

static bool
has_prefix(const S3Fields *headers, const char *prefix)
{
	for (int i = 0; i < headers->count; i++)
		if (s3_starts_with(headers->items[i].name, prefix))
			return true;
	return false;
}

/* Metadata of the caller and of the settings are limited together. */
static void
check_metadata_size(const S3Fields *headers)
{
	S3Error		err;

	if (!s3_metadata_check_size(headers, &err))
		s3_error_throw(&err);
}
