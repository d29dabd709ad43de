/*-------------------------------------------------------------------------
 *
 * settings.h
 *	  The settings in force for one scheme: the s3store.* GUCs, overridden by
 *	  the scheme's entry in s3store.endpoints.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SETTINGS_H
#define S3STORE_SETTINGS_H

#include "s3/region.h"
#include "s3/signing.h"

/*
 * The values of the GUCs (s3_guc below, where guc.c's variables live), and
 * with an endpoint entry laid over them the settings of a scheme.  A string
 * that is not set is "".  In the settings of a scheme, key_prefix and what
 * setting_defs.c calls text are in UTF-8.
 */
typedef struct S3Settings
{
	char	   *access_key_id;
	int			addressing_style;	/* S3AddressingStyle */
	bool		bucket_auth;
	char	   *buckets;
	char	   *ca_file;
	int			connect_timeout;	/* ms */
	char	   *content_disposition;
	char	   *content_disposition_function;
	char	   *content_language;
	char	   *content_language_function;
	char	   *credentials_file;
	char	   *encrypt_key;	/* on, off, or what S3 calls the encryption */
	bool		file_overwrite;
	bool		gzip;
	char	   *key_prefix;
	char	   *kms_encryption_key_id;
	int			max_age_seconds;
	int			max_attempts;
	int			max_object_size;	/* kB */
	int			max_pool_connections;
	char	   *metadata;		/* a JSON object */
	char	   *metadata_function;
	int			multipart_copy_threshold;	/* kB */
	int			multipart_part_size;	/* kB */
	int			multipart_threshold;	/* kB */
	bool		normalize_keys;
	int			presign_expires;	/* s; -1: max_age_seconds */
	int			presign_window; /* s */
	char	   *profile;
	char	   *proxy;
	char	   *public_url;
	bool		put_undo;
	bool		read_only;
	bool		reduced_redundancy;
	char	   *region;
	int			request_timeout;	/* ms */
	char	   *secret_access_key;
	char	   *session_token;
	int			signature_version;	/* S3SignatureVersion */
	char	   *storage_class;
	bool		use_accelerate;
	bool		use_dualstack;
	bool		use_fips;
	bool		verify_tls;

	/* In an endpoint's entry only. */
	char	   *endpoint_url;	/* "": AWS */
	char	   *endpoint_url_presigning;	/* "": as endpoint_url */
} S3Settings;

/* One scheme of s3store.endpoints. */
typedef struct S3Endpoint
{
	char	   *scheme;
	S3Settings	settings;
	uint64		given;			/* bit i: s3_setting_defs[i] is the entry's */
	bool		own_keys;		/* the entry itself holds access keys */
	bool		own_profile;	/* ... or names a credentials file or profile */
	S3EndpointUrl base;			/* where requests go */
	S3EndpointUrl presigning_base;	/* what links are made for */
	char	   *signing_region;
	S3Error    *refusal;		/* why it cannot be used, or NULL */
	S3EndpointUrl public_base;	/* public_url, where there is one */
} S3Endpoint;

/* The GUC variables; written by guc.c only. */
extern S3Settings s3_guc;
extern char *s3_guc_endpoints;
extern bool s3_guc_session_read_only;

/* Those of the queue, which no entry of an endpoint overrides. */
extern int	s3_guc_delete_delay;	/* s */
extern int	s3_guc_delete_grace;	/* ms */
extern int	s3_guc_delete_max_attempts;
extern bool s3_guc_worker;
extern int	s3_guc_worker_poll_interval;	/* s */
extern char *s3_guc_writer_token;

/*
 * How long a server may still execute a request whose sender has ended, or has
 * given up on it, in ms: delete_grace, or the longest request_timeout.
 */
extern int	s3_settings_grace(void);

/* May workers run?  Not during pg_upgrade. */
extern bool s3_settings_worker_enabled(void);

/* Counts the changes of settings: whatever is derived from them compares it. */
extern uint64 s3_settings_generation(void);
extern void s3_settings_changed(void);

/*
 * Returns the endpoint of a scheme (compared without regard to case), from a
 * cache that lives until a setting changes: call again after running any SQL.
 * Throws 42704 when no endpoint has that scheme, and 22023 when its settings
 * contradict each other.
 */
extern const S3Endpoint *s3_endpoint_find(S3Slice scheme);

/* The same, but returns NULL and fills "err" instead of throwing. */
extern const S3Endpoint *s3_endpoint_try_find(S3Slice scheme, S3Error *err);

/* Where the requests of an endpoint go for a bucket that is in another region. */
extern bool s3_endpoint_base_in(const S3Endpoint *endpoint, const char *region,
								S3EndpointUrl *base, S3Error *err);

/*
 * Checks the text of s3store.endpoints; "err" says which entry and which key
 * is wrong and never shows a value that may be secret.  Sets *has_secret when
 * an entry holds a secret_access_key or session_token.  Does not throw.
 */
extern bool s3_settings_check_endpoints(const char *json, bool *has_secret, S3Error *err);

/*
 * Throws 42501 unless the endpoint may touch the bucket.
 */
extern void s3_settings_require_bucket(const S3Endpoint *endpoint, S3Slice bucket);
extern bool s3_settings_check_bucket(const S3Endpoint *endpoint, S3Slice bucket, S3Error *err);

/*
 * Throws 25006, for "command" (such as "s3_presign()"), where read_only or
 * session_read_only protects the endpoint.
 */
extern void s3_settings_prevent_if_protected(const S3Endpoint *endpoint, const char *command);

/*
 * The same, and also in a read-only transaction, in recovery and in parallel
 * mode: "command" changes objects now.  Checked at the call and again right
 * before the request.
 */
extern void s3_settings_prevent_if_read_only(const S3Endpoint *endpoint, const char *command);

#endif							/* S3STORE_SETTINGS_H */
