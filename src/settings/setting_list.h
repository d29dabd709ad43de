/*-------------------------------------------------------------------------
 *
 * setting_list.h
 *	  The table of all settings: one row each, in alphabetical order.
 *
 * Everything about a setting comes from its row: the GUC, the key in an
 * endpoint's entry, the variable that holds it, what s3_settings() shows, and
 * the table in the documents (test/settings_doc).  A row is one of
 *
 *	  BOOL(name, default, context, short, long)
 *	  ENUM(name, default, context, options, short, long)
 *	  INT(name, default, context, min, max, unit, short, long)
 *	  STRING(name, default, context, flags, check, short, long)
 *
 * with the default as SET takes it, the range in the unit, and descriptions as
 * DefineCustomStringVariable() takes them.  Flags are those of setting_defs.h.
 * Whoever expands a list passes it a macro for each kind of row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SETTING_LIST_H
#define S3STORE_SETTING_LIST_H

#define S3_TIMEOUT_MIN			1	/* ms */
#define S3_TIMEOUT_MAX			(60 * 60 * 1000)
#define S3_POOL_CONNECTIONS_MAX	1000
#define S3_OBJECT_SIZE_MAX		(1024 * 1024)	/* kB */
#define S3_PART_SIZE_MIN		(5 * 1024)	/* kB, S3's limit */
#define S3_PART_SIZE_MAX		(512 * 1024)
#define S3_COPY_SIZE_MAX		(5 * 1024 * 1024)	/* kB, S3's limit */

#define S3_STORAGE_CLASS_DEFAULT	"STANDARD"

/* The settings of endpoints: an entry of s3store.endpoints may have them, too. */
#define S3_ENDPOINT_SETTINGS(BOOL, ENUM, INT, STRING) \
	STRING(access_key_id, "", PGC_SUSET, S3_SETTING_SECRET, s3_check_access_key_id, \
		"Sets the access key ID that signs requests.", \
		"An empty string means that the credentials file or the server's environment has it. Access keys are better kept in credentials_file.") \
	ENUM(addressing_style, "auto", PGC_SUSET, addressing_styles, \
		"Sets whether the bucket stands in the host name or in the path of requests.", \
		"\"virtual\" means the host name, \"path\" the path; \"auto\" means the path with an endpoint_url, and the host name on AWS.") \
	BOOL(bucket_auth, "on", PGC_SUSET, \
		"Sets whether objects are only for those who sign their requests.", \
		"Off means that objects are public: puts tell caches so, and links to read objects are plain URLs.") \
	STRING(buckets, "", PGC_SUSET, S3_SETTING_LIST, s3_setting_check_buckets, \
		"Sets the buckets that may be used.", \
		"Names separated by commas, with \"*\" for any characters; in an endpoint's entry also an array of names. An empty string means any bucket.") \
	STRING(ca_file, "", PGC_SUSET, 0, s3_setting_check_path, \
		"Sets the file of the certificate authorities that are trusted.", \
		"An empty string means the system's.") \
	INT(connect_timeout, "60s", PGC_USERSET, S3_TIMEOUT_MIN, S3_TIMEOUT_MAX, GUC_UNIT_MS, \
		"Sets the time to wait for a connection to an endpoint.", \
		"It covers the look-up of the host name and the TLS handshake.") \
	STRING(content_disposition, "", PGC_USERSET, S3_SETTING_TEXT, s3_setting_check_header, \
		"Sets the content disposition of objects that are put.", \
		"An empty string means none.") \
	STRING(content_disposition_function, "", PGC_SUSET, S3_SETTING_TEXT, s3_setting_check_function, \
		"Sets the function that returns the content disposition of objects that are put.", \
		"A name such as schema.function; the function takes the URL as text and returns text. An empty string means that content_disposition is used.") \
	STRING(content_language, "", PGC_USERSET, S3_SETTING_TEXT, s3_setting_check_header, \
		"Sets the content language of objects that are put.", \
		"An empty string means none.") \
	STRING(content_language_function, "", PGC_SUSET, S3_SETTING_TEXT, s3_setting_check_function, \
		"Sets the function that returns the content language of objects that are put.", \
		"A name such as schema.function; the function takes the URL as text and returns text. An empty string means that content_language is used.") \
	STRING(credentials_file, "", PGC_SUSET, 0, s3_setting_check_path, \
		"Sets the file that the access keys are read from.", \
		"It has the format of ~/.aws/credentials. An empty string means none.") \
	STRING(encrypt_key, "off", PGC_SUSET, S3_SETTING_SWITCH, s3_setting_check_encrypt_key, \
		"Sets how the server encrypts objects that are put.", \
		"\"on\" means AES256; other names, such as \"aws:kms\", are the server's.") \
	STRING(endpoint_url, "", PGC_SUSET, S3_SETTING_ENTRY_ONLY, s3_setting_check_endpoint_url, \
		"Sets the URL that requests go to.", \
		"An empty string means AWS.") \
	STRING(endpoint_url_presigning, "", PGC_SUSET, S3_SETTING_ENTRY_ONLY, s3_setting_check_endpoint_url, \
		"Sets the URL that signed links lead to.", \
		"An empty string means the same as endpoint_url.") \
	BOOL(file_overwrite, "off", PGC_USERSET, \
		"Sets whether a put replaces an object of the same name.", \
		"Off means that the new object gets a name of its own. On a server that ignores \"If-None-Match\", do not put one name with both at the same time: one may overwrite the other.") \
	BOOL(gzip, "on", PGC_USERSET, \
		"Sets whether text is compressed when it is put.", \
		"Only where that makes it smaller. A get decompresses it.") \
	STRING(key_prefix, "", PGC_SUSET, 0, s3_setting_check_key_prefix, \
		"Sets what stands before the key of every URL, with a \"/\" between.", \
		"An empty string means nothing.") \
	STRING(kms_encryption_key_id, "", PGC_SUSET, 0, s3_setting_check_kms_encryption_key_id, \
		"Sets the key of the key management service that encrypts objects that are put.", \
		"It needs an encrypt_key such as \"aws:kms\". An empty string means the service's own key.") \
	INT(max_age_seconds, "1h", PGC_USERSET, 0, INT_MAX, GUC_UNIT_S, \
		"Sets the lifetime of links, and of objects in caches.", \
		"Links live seven days at most. Zero means that objects are not to be cached, and that every link needs a lifetime of its own.") \
	INT(max_attempts, "5", PGC_USERSET, 1, 100, 0, \
		"Sets how often a request is sent, at most.", \
		"A request that got no answer, or that the server could not serve just then, is sent again after a while. One means that it is not.") \
	INT(max_object_size, "1GB", PGC_USERSET, 1, S3_OBJECT_SIZE_MAX, GUC_UNIT_KB, \
		"Sets the size of the largest object that is read.", \
		"A larger object is an error before its download.") \
	INT(max_pool_connections, "10", PGC_USERSET, 1, S3_POOL_CONNECTIONS_MAX, 0, \
		"Sets how many requests a session sends at the same time.", \
		"Functions that take arrays of URLs use as many connections.") \
	STRING(metadata, "{}", PGC_USERSET, S3_SETTING_TEXT | S3_SETTING_OBJECT, s3_setting_check_metadata, \
		"Sets the user metadata of objects that are put.", \
		"A JSON object of strings.") \
	STRING(metadata_function, "", PGC_SUSET, S3_SETTING_TEXT, s3_setting_check_function, \
		"Sets the function that returns the user metadata of objects that are put.", \
		"A name such as schema.function; the function takes the URL as text and returns jsonb. An empty string means that metadata is used.") \
	INT(multipart_copy_threshold, "5GB", PGC_USERSET, S3_PART_SIZE_MIN, S3_COPY_SIZE_MAX, GUC_UNIT_KB, \
		"Sets the size above which an object is copied in parts.", \
		"Servers copy no more than 5 GB in one piece.") \
	INT(multipart_part_size, "16MB", PGC_USERSET, S3_PART_SIZE_MIN, S3_PART_SIZE_MAX, GUC_UNIT_KB, \
		"Sets the size of the parts of a copy or an upload.", \
		"Parts are larger where there would be more than 10,000 of them. A copy between two servers keeps a few parts in memory.") \
	INT(multipart_threshold, "64MB", PGC_USERSET, S3_PART_SIZE_MIN, S3_COPY_SIZE_MAX, GUC_UNIT_KB, \
		"Sets the size above which an object is put in parts.", \
		"The parts have the size of multipart_part_size, and several are sent at the same time.") \
	BOOL(normalize_keys, "off", PGC_SUSET, \
		"Sets whether keys are normalized as django-s3-storage does.", \
		"Off means that keys are taken byte for byte.") \
	INT(presign_expires, "-1", PGC_USERSET, -1, S3_PRESIGN_EXPIRES_MAX, GUC_UNIT_S, \
		"Sets the lifetime of links.", \
		"-1 means that of max_age_seconds. Zero means that every link needs a lifetime of its own.") \
	INT(presign_window, "0", PGC_USERSET, 0, S3_PRESIGN_EXPIRES_MAX, GUC_UNIT_S, \
		"Sets the time within which the same link is returned again.", \
		"A link lives that much longer than asked, at most seven days in all. Zero means that links are signed with the statement's time.") \
	STRING(presigning_path_prefix, "", PGC_SUSET, S3_SETTING_ENTRY_ONLY, s3_setting_check_path_prefix, \
		"Sets the path prefix of links that is not signed.", \
		"It is for a proxy that removes it, such as \"/files\", before the store sees the request. An empty string means nothing.") \
	STRING(profile, "", PGC_SUSET, 0, s3_setting_check_profile, \
		"Sets the profile, a section of the credentials file, that the access keys are read from.", \
		"An empty string means \"default\".") \
	STRING(proxy, "", PGC_SUSET, 0, s3_setting_check_proxy, \
		"Sets the HTTP proxy through which endpoints are reached.", \
		"It is written as \"http://host:port\". An empty string means none; the server's environment does not count.") \
	STRING(public_url, "", PGC_SUSET, 0, s3_setting_check_endpoint_url, \
		"Sets what the URLs of public objects begin with, before \"/\" and the key.", \
		"For a content delivery network or a domain of your own; s3_url and plain links use it. An empty string means the endpoint and the bucket.") \
	BOOL(put_undo, "on", PGC_USERSET, \
		"Sets whether objects are removed that were put or copied by a transaction that did not commit.", \
		"Each put waits until it is noted in a file of the server, on disk. Off means that such objects stay, and that puts do not wait.") \
	BOOL(read_only, "off", PGC_SUSET, \
		"Sets whether objects are protected against every change.", \
		"On means that puts, copies, renames and deletions are refused, and links for them, too.") \
	BOOL(reduced_redundancy, "off", PGC_USERSET, \
		"Sets whether objects are put with the class REDUCED_REDUNDANCY.", \
		"A storage_class other than STANDARD takes precedence.") \
	STRING(region, "us-east-1", PGC_SUSET, 0, s3_setting_check_region, \
		"Sets the region of the buckets.", \
		"Requests are signed for it, and on AWS go to its endpoint.") \
	INT(request_timeout, "60s", PGC_USERSET, S3_TIMEOUT_MIN, S3_TIMEOUT_MAX, GUC_UNIT_MS, \
		"Sets the time that a request may go without progress.", \
		"Progress is a byte sent or received. Within this time, the headers of an answer must be complete, and bodies be sent or received at 1000 bytes a second or more.") \
	STRING(same_server_as, "", PGC_SUSET, S3_SETTING_ENTRY_ONLY, s3_setting_check_endpoint_url, \
		"Sets another URL of the server that endpoint_url leads to.", \
		"Endpoints whose requests go there have the same objects. An empty string means that only requests to the same endpoint_url reach the same server.") \
	STRING(secret_access_key, "", PGC_SUSET, S3_SETTING_SECRET, s3_check_secret_access_key, \
		"Sets the secret access key that signs requests.", \
		"An empty string means that the credentials file or the server's environment has it. Access keys are better kept in credentials_file.") \
	STRING(session_token, "", PGC_SUSET, S3_SETTING_SECRET, s3_check_session_token, \
		"Sets the session token of temporary access keys.", \
		"An empty string means that the keys are permanent.") \
	ENUM(signature_version, "s3v4", PGC_SUSET, signature_versions, \
		"Sets how requests and links are signed.", \
		"\"s3v4\" is version 4; \"s3\" is version 2, for old servers; \"unsigned\" needs no access keys, and links are plain URLs.") \
	STRING(sse_customer_key_file, "", PGC_SUSET, S3_SETTING_ENTRY_ONLY | S3_SETTING_SECRET, s3_setting_check_path, \
		"Sets the file with the key of your own that encrypts all objects of the endpoint (SSE-C).", \
		"It holds 32 bytes, or their base64 form. Every request that takes such a key sends it, but links do not. An empty string means none.") \
	STRING(storage_class, S3_STORAGE_CLASS_DEFAULT, PGC_USERSET, 0, s3_setting_check_storage_class, \
		"Sets the storage class of objects that are put.", \
		"Servers other than AWS may have classes of their own.") \
	BOOL(use_accelerate, "off", PGC_SUSET, \
		"Sets whether AWS is reached through S3 Transfer Acceleration.", \
		"The buckets must have it switched on.") \
	BOOL(use_dualstack, "off", PGC_SUSET, \
		"Sets whether AWS is reached through hosts that have IPv6, too.", \
		NULL) \
	BOOL(use_fips, "off", PGC_SUSET, \
		"Sets whether AWS is reached through hosts that comply with FIPS 140.", \
		"Regions in the USA and Canada have them.") \
	BOOL(verify_etag, "on", PGC_SUSET, \
		"Sets whether an ETag that looks like an MD5 is compared with the content.", \
		"Off is for stores whose ETags look so but are not MD5s of the content, such as after a restore. Checksums are still compared.") \
	BOOL(verify_tls, "on", PGC_SUSET, \
		"Sets whether the certificates of endpoints are verified.", \
		"Off is for experiments only: anyone on the way can read and change what is sent.")

/* The settings that are the same for all endpoints: only GUCs. */
#define S3_GLOBAL_SETTINGS(BOOL, ENUM, INT, STRING) \
	INT(delete_delay, "0", PGC_SUSET, 0, INT_MAX, GUC_UNIT_S, \
		"Sets how long a queued deletion waits before it is carried out.", \
		"It applies where neither the call nor the trigger says how long.") \
	INT(delete_grace, "10s", PGC_SUSET, 0, INT_MAX, GUC_UNIT_MS, \
		"Sets how long to wait for what others may still be doing.", \
		"After a request without an answer, at least request_timeout; and before an object is deleted that was written after its deletion was queued, for its writer may yet commit a row that names it.") \
	INT(delete_max_attempts, "20", PGC_SUSET, 1, 1000, 0, \
		"Sets the number of failed attempts after which a queued deletion is given up.", \
		"It stays in s3_queue, dead, until s3_queue_retry is called. Being throttled is no failed attempt.") \
	INT(delete_timeout, "60s", PGC_SUSET, S3_TIMEOUT_MIN, S3_TIMEOUT_MAX, GUC_UNIT_MS, \
		"Sets how long a request of the worker may take in all.", \
		"Repetitions are included, and answers that come slowly, too. What takes longer is tried again later. It applies to s3_drain, too.") \
	STRING(endpoints, "{\"s3\": {}}", PGC_SUSET, S3_SETTING_MASKED, NULL, \
		"Sets the schemes of URLs and, for each, the settings that differ.", \
		"A JSON object with an object for each scheme. A scheme without endpoint_url is on AWS.") \
	INT(max_workers, "0", PGC_SIGHUP, 0, 1000, 0, \
		"Sets how many workers may run at a time, in all databases.", \
		"Databases take turns. 0 means half of max_worker_processes, and at least one.") \
	BOOL(session_read_only, "off", PGC_USERSET, \
		"Sets whether objects are protected against changes by this session.", \
		"It does what read_only does, and anybody may set it.") \
	BOOL(worker, "on", PGC_SUSET, \
		"Sets whether queued deletions are carried out, and puts undone, in the background.", \
		"Off in a session means that its commits start no worker.") \
	INT(worker_poll_interval, "1min", PGC_SIGHUP, 1, 24 * 60 * 60, GUC_UNIT_S, \
		"Sets how often the launcher looks for queued deletions.", \
		"Commits wake it before; prepared transactions do not.") \
	STRING(writer_token, "", PGC_SIGHUP, S3_SETTING_HIDDEN, NULL, \
		"Sets the token that lets queued deletions be carried out.", \
		"It must be what s3_set_writer_token has stored in the database; where one of them is missing, nothing is deleted. An empty string goes with a database that has none.")

#endif							/* S3STORE_SETTING_LIST_H */
