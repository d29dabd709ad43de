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

#include "s3/signing.h"
#include "settings/endpoint_type.h"

/*
 * How long a server may still execute a request whose sender has ended, or has
 * given up on it, in ms: delete_grace, or the longest request_timeout.
 */
extern int	s3_settings_grace(void);

/* May workers run?  Not during pg_upgrade. */
extern bool s3_settings_worker_enabled(void);

/*
 * Returns the endpoint of a scheme (compared without regard to case), from a
 * cache that lives until a setting changes: call it again after running any SQL.
 * Throws 42704 when no endpoint has that scheme, and 22023 when its settings
 * contradict each other.
 */
extern const S3Endpoint *s3_endpoint_find(S3Slice scheme);

/* Returns the endpoint of that number, from 0; NULL: there are no more. */
extern const S3Endpoint *s3_endpoint_number(int number);

/*
 * The same as s3_endpoint_find, but returns NULL and fills "err", which may be
 * NULL, instead of throwing.
 */
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

#endif							/* S3STORE_SETTINGS_H */
