/*-------------------------------------------------------------------------
 *
 * guc.c
 *	  Every setting of s3store: names, words, defaults, ranges, rights.
 *
 * Guarantees: what decides where requests go, who signs them or what is
 * trusted is for superusers to set, and so is read_only; every change is
 * counted (s3_settings_changed).  What a value may be is in setting_defs.c and
 * guc_check.c.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "utils/guc_tables.h"

#include "backend/compat.h"
#include "settings/guc.h"
#include "settings/guc_check.h"
#include "settings/guc_client.h"
#include "settings/setting_defs.h"

#define PREFIX					"s3store."

#define DEFAULT_ENDPOINTS		"{\"s3\": {}}"
#define DEFAULT_REGION			"us-east-1"
#define DEFAULT_MAX_AGE_SECONDS	3600
#define DEFAULT_ATTEMPTS		5
#define DEFAULT_POOL_CONNECTIONS 10
#define DEFAULT_TIMEOUT			60000	/* ms */
#define DEFAULT_DELETE_GRACE	10000	/* ms */
#define DEFAULT_DELETE_ATTEMPTS	20	/* most of a day */
#define DELETE_ATTEMPTS_MAX		1000
#define DEFAULT_POLL_INTERVAL	60	/* s */
#define POLL_INTERVAL_MAX		(24 * 60 * 60)
#define DEFAULT_PART_SIZE		(16 * 1024) /* kB */
#define DEFAULT_MULTIPART_THRESHOLD (64 * 1024) /* kB */

/*
 * Neither SHOW ALL nor pg_settings lists these: its reset_val would be what
 * no show hook has masked.  SHOW tells superusers whether there is a value.
 */
#define SECRET_FLAGS \
	(GUC_SUPERUSER_ONLY | GUC_NO_SHOW_ALL | GUC_NO_RESET_ALL | GUC_NOT_IN_SAMPLE)

/* The endpoints may hold secrets, but RESET ALL resets them. */
#define ENDPOINTS_FLAGS \
	(GUC_SUPERUSER_ONLY | GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE)

static void define_settings(void);
static void assign_bool(bool newval, void *extra);
static void assign_int(int newval, void *extra);
static void assign_string(const char *newval, void *extra);

void
s3_guc_init(void)
{
	s3_guc_refuse_client_settings();
	s3_guc_check_begin();
	define_settings();
	MarkGUCPrefixReserved("s3store");
	s3_guc_check_end();
}

bool
s3_guc_is_set(const char *name)
{
	int			count;
	struct config_generic **settings = GetAllSettings(&count);

	for (int i = 0; i < count; i++)
		if (s3_starts_with(settings[i]->name, PREFIX) &&
			strcmp(settings[i]->name + strlen(PREFIX), name) == 0)
			return settings[i]->source != PGC_S_DEFAULT;
	return false;
}

/* In alphabetical order.  As long as the list is; it has no other logic. */
static void
define_settings(void)
{
	DefineCustomStringVariable("s3store.access_key_id",
							   "Sets the access key ID that signs requests.",
							   "An empty string means that the credentials file or the server's environment has it.",
							   &s3_guc.access_key_id,
							   "",
							   PGC_SUSET, SECRET_FLAGS,
							   s3_guc_check_access_key_id, assign_string, s3_guc_show_access_key_id);

	DefineCustomEnumVariable("s3store.addressing_style",
							 "Sets whether a bucket stands in the host name or in the path.",
							 "\"auto\" means the path on an endpoint of its own, else the host name.",
							 &s3_guc.addressing_style,
							 S3_ADDRESSING_AUTO,
							 s3_addressing_style_options,
							 PGC_SUSET, 0,
							 NULL, assign_int, NULL);

	DefineCustomBoolVariable("s3store.bucket_auth",
							 "Sets whether objects are for those only who sign for them.",
							 "Off means that objects are public: puts say so to caches, and links to read them are plain URLs.",
							 &s3_guc.bucket_auth,
							 true,
							 PGC_SUSET, 0,
							 NULL, assign_bool, NULL);

	DefineCustomStringVariable("s3store.buckets",
							   "Sets the buckets that may be touched.",
							   "A list of names between commas, with \"*\" for any characters. An empty string means any bucket.",
							   &s3_guc.buckets,
							   "",
							   PGC_SUSET, 0,
							   s3_guc_check_buckets, assign_string, NULL);

	DefineCustomStringVariable("s3store.ca_file",
							   "Sets the file of the certificate authorities that are trusted.",
							   "An empty string means the system's.",
							   &s3_guc.ca_file,
							   "",
							   PGC_SUSET, 0,
							   s3_guc_check_ca_file, assign_string, NULL);

	DefineCustomIntVariable("s3store.connect_timeout",
							"Sets the time to wait for a connection to an endpoint.",
							"It covers the look-up of the host name and the TLS handshake.",
							&s3_guc.connect_timeout,
							DEFAULT_TIMEOUT, S3_TIMEOUT_MIN, S3_TIMEOUT_MAX,
							PGC_USERSET, GUC_UNIT_MS,
							NULL, assign_int, NULL);

	DefineCustomStringVariable("s3store.content_disposition",
							   "Sets the content disposition of objects that are put.",
							   "An empty string means none.",
							   &s3_guc.content_disposition,
							   "",
							   PGC_USERSET, 0,
							   s3_guc_check_content_disposition, assign_string, NULL);

	DefineCustomStringVariable("s3store.content_disposition_function",
							   "Sets the function that returns the content disposition of objects that are put.",
							   "It takes the URL and returns text. An empty string means content_disposition.",
							   &s3_guc.content_disposition_function,
							   "",
							   PGC_SUSET, 0,
							   s3_guc_check_content_disposition_function, assign_string, NULL);

	DefineCustomStringVariable("s3store.content_language",
							   "Sets the content language of objects that are put.",
							   "An empty string means none.",
							   &s3_guc.content_language,
							   "",
							   PGC_USERSET, 0,
							   s3_guc_check_content_language, assign_string, NULL);

	DefineCustomStringVariable("s3store.content_language_function",
							   "Sets the function that returns the content language of objects that are put.",
							   "It takes the URL and returns text. An empty string means content_language.",
							   &s3_guc.content_language_function,
							   "",
							   PGC_SUSET, 0,
							   s3_guc_check_content_language_function, assign_string, NULL);

	DefineCustomStringVariable("s3store.credentials_file",
							   "Sets the file that the access keys are read from.",
							   "It has the format of the AWS command line's. An empty string means none.",
							   &s3_guc.credentials_file,
							   "",
							   PGC_SUSET, 0,
							   s3_guc_check_credentials_file, assign_string, NULL);

	DefineCustomIntVariable("s3store.delete_delay",
							"Sets how long a queued deletion waits before it is carried out.",
							"Where neither the call nor the trigger says it.",
							&s3_guc_delete_delay,
							0, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_S,
							NULL, NULL, NULL);

	DefineCustomIntVariable("s3store.delete_grace",
							"Sets how long others may still be under way.",
							"A request without an answer, for at least s3store.request_timeout; a writer of an object that is as old as its deletion.",
							&s3_guc_delete_grace,
							DEFAULT_DELETE_GRACE, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("s3store.delete_max_attempts",
							"Sets the number of failed attempts after which a queued deletion is given up.",
							"It stays in s3_queue, dead, until s3_queue_retry is called. Being throttled is no failed attempt.",
							&s3_guc_delete_max_attempts,
							DEFAULT_DELETE_ATTEMPTS, 1, DELETE_ATTEMPTS_MAX,
							PGC_SUSET, 0,
							NULL, NULL, NULL);

	DefineCustomStringVariable("s3store.encrypt_key",
							   "Sets how the server encrypts objects that are put.",
							   "\"on\" means AES256; other names, such as aws:kms, are the server's.",
							   &s3_guc.encrypt_key,
							   "off",
							   PGC_SUSET, 0,
							   s3_guc_check_encrypt_key, assign_string, NULL);

	DefineCustomStringVariable("s3store.endpoints",
							   "Sets the schemes of URLs and, for each, the settings that differ.",
							   "A JSON object of objects; an entry without endpoint_url means AWS.",
							   &s3_guc_endpoints,
							   DEFAULT_ENDPOINTS,
							   PGC_SUSET, ENDPOINTS_FLAGS,
							   s3_guc_check_endpoints, assign_string, s3_guc_show_endpoints);

	DefineCustomBoolVariable("s3store.file_overwrite",
							 "Sets whether a put replaces an object of the same name.",
							 "Off means that the new object gets a name of its own.",
							 &s3_guc.file_overwrite,
							 false,
							 PGC_USERSET, 0,
							 NULL, assign_bool, NULL);

	DefineCustomBoolVariable("s3store.gzip",
							 "Sets whether text is compressed when it is put.",
							 "Only where that makes it smaller. A get undoes it.",
							 &s3_guc.gzip,
							 true,
							 PGC_USERSET, 0,
							 NULL, assign_bool, NULL);

	DefineCustomStringVariable("s3store.key_prefix",
							   "Sets what stands before the key of every URL.",
							   "An empty string means nothing.",
							   &s3_guc.key_prefix,
							   "",
							   PGC_SUSET, 0,
							   s3_guc_check_key_prefix, assign_string, NULL);

	DefineCustomStringVariable("s3store.kms_encryption_key_id",
							   "Sets the key of the key management service that encrypts objects.",
							   "An empty string means the service's own key. It needs an encrypt_key such as aws:kms.",
							   &s3_guc.kms_encryption_key_id,
							   "",
							   PGC_SUSET, 0,
							   s3_guc_check_kms_encryption_key_id, assign_string, NULL);

	DefineCustomIntVariable("s3store.max_age_seconds",
							"Sets the lifetime of links and of cached objects.",
							"Links live seven days at most. Zero means that objects are not to be cached, and that every link needs a lifetime of its own.",
							&s3_guc.max_age_seconds,
							DEFAULT_MAX_AGE_SECONDS, S3_MAX_AGE_SECONDS_MIN, S3_MAX_AGE_SECONDS_MAX,
							PGC_USERSET, GUC_UNIT_S,
							NULL, assign_int, NULL);

	DefineCustomIntVariable("s3store.max_attempts",
							"Sets how often a request is sent, at most.",
							"A request that got no answer, or that the server could not serve just then, is sent again after a while. One means that it is not.",
							&s3_guc.max_attempts,
							DEFAULT_ATTEMPTS, 1, S3_ATTEMPTS_MAX,
							PGC_USERSET, 0,
							NULL, assign_int, NULL);

	DefineCustomIntVariable("s3store.max_object_size",
							"Sets the size of the largest object that is read.",
							"An object that is larger is an error before its download.",
							&s3_guc.max_object_size,
							S3_OBJECT_SIZE_MAX, S3_OBJECT_SIZE_MIN, S3_OBJECT_SIZE_MAX,
							PGC_USERSET, GUC_UNIT_KB,
							NULL, assign_int, NULL);

	DefineCustomIntVariable("s3store.max_pool_connections",
							"Sets how many requests a session sends at the same time.",
							"Functions that take arrays of URLs have as many connections.",
							&s3_guc.max_pool_connections,
							DEFAULT_POOL_CONNECTIONS, 1, S3_POOL_CONNECTIONS_MAX,
							PGC_USERSET, 0,
							NULL, assign_int, NULL);

	DefineCustomStringVariable("s3store.metadata",
							   "Sets the user metadata of objects that are put.",
							   "A JSON object of strings.",
							   &s3_guc.metadata,
							   "{}",
							   PGC_USERSET, 0,
							   s3_guc_check_metadata, assign_string, NULL);

	DefineCustomStringVariable("s3store.metadata_function",
							   "Sets the function that returns the user metadata of objects that are put.",
							   "It takes the URL and returns jsonb. An empty string means metadata.",
							   &s3_guc.metadata_function,
							   "",
							   PGC_SUSET, 0,
							   s3_guc_check_metadata_function, assign_string, NULL);

	DefineCustomIntVariable("s3store.multipart_copy_threshold",
							"Sets the size above which an object is copied in parts.",
							"Servers copy no more than 5 GB in one piece.",
							&s3_guc.multipart_copy_threshold,
							S3_COPY_SIZE_MAX, S3_PART_SIZE_MIN, S3_COPY_SIZE_MAX,
							PGC_USERSET, GUC_UNIT_KB,
							NULL, assign_int, NULL);

	DefineCustomIntVariable("s3store.multipart_part_size",
							"Sets the size of the parts of a copy.",
							"Parts are larger where an object would have more than 10000. Between two servers, a part is held in memory.",
							&s3_guc.multipart_part_size,
							DEFAULT_PART_SIZE, S3_PART_SIZE_MIN, S3_PART_SIZE_MAX,
							PGC_USERSET, GUC_UNIT_KB,
							NULL, assign_int, NULL);

	DefineCustomIntVariable("s3store.multipart_threshold",
							"Sets the size above which an object is put in parts.",
							"The parts have the size of s3store.multipart_part_size, and several go at a time.",
							&s3_guc.multipart_threshold,
							DEFAULT_MULTIPART_THRESHOLD, S3_PART_SIZE_MIN, S3_COPY_SIZE_MAX,
							PGC_USERSET, GUC_UNIT_KB,
							NULL, assign_int, NULL);

	DefineCustomBoolVariable("s3store.normalize_keys",
							 "Sets whether keys are cut and folded as the Python library does.",
							 "Off means that keys are taken byte for byte.",
							 &s3_guc.normalize_keys,
							 false,
							 PGC_SUSET, 0,
							 NULL, assign_bool, NULL);

	DefineCustomIntVariable("s3store.presign_expires",
							"Sets the lifetime of links.",
							"-1 means that of s3store.max_age_seconds. Zero means that every link needs a lifetime of its own.",
							&s3_guc.presign_expires,
							-1, -1, S3_PRESIGN_SECONDS_MAX,
							PGC_USERSET, GUC_UNIT_S,
							NULL, assign_int, NULL);

	DefineCustomIntVariable("s3store.presign_window",
							"Sets the time within which the same link comes out again.",
							"A link lives that much longer than asked, at most seven days in all. Zero means that links are signed with the statement's time.",
							&s3_guc.presign_window,
							0, 0, S3_PRESIGN_SECONDS_MAX,
							PGC_USERSET, GUC_UNIT_S,
							NULL, assign_int, NULL);

	DefineCustomStringVariable("s3store.profile",
							   "Sets the profile of the credentials file.",
							   "An empty string means \"default\".",
							   &s3_guc.profile,
							   "",
							   PGC_SUSET, 0,
							   s3_guc_check_profile, assign_string, NULL);

	DefineCustomStringVariable("s3store.proxy",
							   "Sets the HTTP proxy through which endpoints are reached.",
							   "An empty string means none; the server's environment is not asked.",
							   &s3_guc.proxy,
							   "",
							   PGC_SUSET, 0,
							   s3_guc_check_proxy, assign_string, NULL);

	DefineCustomStringVariable("s3store.public_url",
							   "Sets what stands before the key in the URL of an object.",
							   "For a content delivery network or a domain of one's own. An empty string means the endpoint and the bucket.",
							   &s3_guc.public_url,
							   "",
							   PGC_SUSET, 0,
							   s3_guc_check_public_url, assign_string, NULL);

	DefineCustomBoolVariable("s3store.put_undo",
							 "Sets whether objects go that were put by a transaction that did not commit.",
							 "Each put is noted in a file of the server first. Off means that such objects stay.",
							 &s3_guc.put_undo,
							 true,
							 PGC_USERSET, 0,
							 NULL, assign_bool, NULL);

	DefineCustomBoolVariable("s3store.read_only",
							 "Sets whether objects are protected against every change.",
							 NULL,
							 &s3_guc.read_only,
							 false,
							 PGC_SUSET, 0,
							 NULL, assign_bool, NULL);

	DefineCustomBoolVariable("s3store.reduced_redundancy",
							 "Sets whether objects are put with reduced redundancy.",
							 "Any storage_class but STANDARD goes before it.",
							 &s3_guc.reduced_redundancy,
							 false,
							 PGC_USERSET, 0,
							 NULL, assign_bool, NULL);

	DefineCustomStringVariable("s3store.region",
							   "Sets the region of the buckets.",
							   NULL,
							   &s3_guc.region,
							   DEFAULT_REGION,
							   PGC_SUSET, 0,
							   s3_guc_check_region, assign_string, NULL);

	DefineCustomIntVariable("s3store.request_timeout",
							"Sets the time that a request may go without progress.",
							NULL,
							&s3_guc.request_timeout,
							DEFAULT_TIMEOUT, S3_TIMEOUT_MIN, S3_TIMEOUT_MAX,
							PGC_USERSET, GUC_UNIT_MS,
							NULL, assign_int, NULL);

	DefineCustomStringVariable("s3store.secret_access_key",
							   "Sets the secret access key that signs requests.",
							   "An empty string means that the credentials file or the server's environment has it.",
							   &s3_guc.secret_access_key,
							   "",
							   PGC_SUSET, SECRET_FLAGS,
							   s3_guc_check_secret_access_key, assign_string, s3_guc_show_secret_access_key);

	DefineCustomBoolVariable("s3store.session_read_only",
							 "Sets whether objects are protected against changes by this session.",
							 NULL,
							 &s3_guc_session_read_only,
							 false,
							 PGC_USERSET, 0,
							 NULL, assign_bool, NULL);

	DefineCustomStringVariable("s3store.session_token",
							   "Sets the session token of temporary access keys.",
							   "An empty string means that the keys are permanent.",
							   &s3_guc.session_token,
							   "",
							   PGC_SUSET, SECRET_FLAGS,
							   s3_guc_check_session_token, assign_string, s3_guc_show_session_token);

	DefineCustomEnumVariable("s3store.signature_version",
							 "Sets how requests and links are signed.",
							 "\"s3\" is version 2, for old servers; \"unsigned\" needs no keys.",
							 &s3_guc.signature_version,
							 S3_SIGNATURE_S3V4,
							 s3_signature_version_options,
							 PGC_SUSET, 0,
							 NULL, assign_int, NULL);

	DefineCustomStringVariable("s3store.storage_class",
							   "Sets the storage class of objects that are put.",
							   NULL,
							   &s3_guc.storage_class,
							   S3_STORAGE_CLASS_DEFAULT,
							   PGC_USERSET, 0,
							   s3_guc_check_storage_class, assign_string, NULL);

	DefineCustomBoolVariable("s3store.use_accelerate",
							 "Sets whether AWS is reached through S3 Transfer Acceleration.",
							 "The buckets must have it switched on.",
							 &s3_guc.use_accelerate,
							 false,
							 PGC_SUSET, 0,
							 NULL, assign_bool, NULL);

	DefineCustomBoolVariable("s3store.use_dualstack",
							 "Sets whether the hosts of AWS are those that have IPv6, too.",
							 NULL,
							 &s3_guc.use_dualstack,
							 false,
							 PGC_SUSET, 0,
							 NULL, assign_bool, NULL);

	DefineCustomBoolVariable("s3store.use_fips",
							 "Sets whether the hosts of AWS are those that comply with FIPS 140.",
							 "Regions in the USA and Canada have them.",
							 &s3_guc.use_fips,
							 false,
							 PGC_SUSET, 0,
							 NULL, assign_bool, NULL);

	DefineCustomBoolVariable("s3store.verify_tls",
							 "Sets whether the certificates of endpoints are verified.",
							 "Off means that anyone on the way can read and change what is sent.",
							 &s3_guc.verify_tls,
							 true,
							 PGC_SUSET, 0,
							 NULL, assign_bool, NULL);

	DefineCustomBoolVariable("s3store.worker",
							 "Sets whether queued deletions are carried out in the background.",
							 "Off in a session means that its commits start no worker.",
							 &s3_guc_worker,
							 true,
							 PGC_SUSET, 0,
							 NULL, NULL, NULL);

	DefineCustomIntVariable("s3store.worker_poll_interval",
							"Sets how often the launcher looks for queued deletions.",
							"Commits wake it before; prepared transactions do not.",
							&s3_guc_worker_poll_interval,
							DEFAULT_POLL_INTERVAL, 1, POLL_INTERVAL_MAX,
							PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);

	DefineCustomStringVariable("s3store.writer_token",
							   "Sets the token that lets queued deletions be carried out.",
							   "It must be what s3_set_writer_token has stored in the database. An empty string goes with a database that has none.",
							   &s3_guc_writer_token,
							   "",
							   PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
}

/*
 * Whatever is derived from the settings is built anew when it is next asked
 * for.  These also run when a rollback puts an old value back.
 */
static void
assign_bool(bool newval, void *extra)
{
	s3_settings_changed();
}

static void
assign_int(int newval, void *extra)
{
	s3_settings_changed();
}

static void
assign_string(const char *newval, void *extra)
{
	s3_settings_changed();
}
