/*-------------------------------------------------------------------------
 *
 * guc_check.h
 *	  The check and show hooks of the settings that are strings.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_GUC_CHECK_H
#define S3STORE_GUC_CHECK_H

#include "base/base.h"

#include "utils/guc.h"

/*
 * Stand around the definition of the settings; the second warns of secrets
 * that every user could read until now.
 */
extern void s3_guc_check_begin(void);
extern void s3_guc_check_end(void);

extern bool s3_guc_check_access_key_id(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_buckets(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_ca_file(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_content_disposition(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_content_disposition_function(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_content_language(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_content_language_function(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_credentials_file(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_encrypt_key(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_endpoints(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_key_prefix(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_kms_encryption_key_id(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_metadata(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_metadata_function(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_profile(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_proxy(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_public_url(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_region(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_secret_access_key(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_session_token(char **newval, void **extra, GucSource source);
extern bool s3_guc_check_storage_class(char **newval, void **extra, GucSource source);

extern const char *s3_guc_show_access_key_id(void);
extern const char *s3_guc_show_endpoints(void);
extern const char *s3_guc_show_secret_access_key(void);
extern const char *s3_guc_show_session_token(void);

#endif							/* S3STORE_GUC_CHECK_H */
