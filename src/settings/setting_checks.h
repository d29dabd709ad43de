/*-------------------------------------------------------------------------
 *
 * setting_checks.h
 *	  What the text of each setting may be.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_SETTING_CHECKS_H
#define S3STORE_SETTING_CHECKS_H

#include "base/error.h"

/*
 * Each checks the value of the setting "name", as an S3SettingCheck does.  Those
 * of access keys are in credentials_syntax.h.
 */
extern bool s3_setting_check_buckets(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_encrypt_key(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_path_prefix(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_endpoint_url(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_function(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_header(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_key_prefix(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_kms_encryption_key_id(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_metadata(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_path(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_profile(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_proxy(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_region(const char *name, const char *value, S3Error *err);
extern bool s3_setting_check_storage_class(const char *name, const char *value, S3Error *err);

#endif							/* S3STORE_SETTING_CHECKS_H */
