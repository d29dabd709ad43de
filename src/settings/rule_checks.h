/*-------------------------------------------------------------------------
 *
 * rule_checks.h
 *	  What the text of each setting may be.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_RULE_CHECKS_H
#define S3STORE_RULE_CHECKS_H

#include "base/error.h"

/*
 * Each checks the value of the setting "name", an S3RuleCheck.  Those of keys
 * are in keys.h.
 */
extern bool s3_rule_check_buckets(const char *name, const char *value, S3Error *err);
extern bool s3_rule_check_encrypt_key(const char *name, const char *value, S3Error *err);
extern bool s3_rule_check_endpoint_url(const char *name, const char *value, S3Error *err);
extern bool s3_rule_check_function(const char *name, const char *value, S3Error *err);
extern bool s3_rule_check_header(const char *name, const char *value, S3Error *err);
extern bool s3_rule_check_key_prefix(const char *name, const char *value, S3Error *err);
extern bool s3_rule_check_kms_encryption_key_id(const char *name, const char *value, S3Error *err);
extern bool s3_rule_check_metadata(const char *name, const char *value, S3Error *err);
extern bool s3_rule_check_path(const char *name, const char *value, S3Error *err);
extern bool s3_rule_check_profile(const char *name, const char *value, S3Error *err);
extern bool s3_rule_check_proxy(const char *name, const char *value, S3Error *err);
extern bool s3_rule_check_region(const char *name, const char *value, S3Error *err);
extern bool s3_rule_check_storage_class(const char *name, const char *value, S3Error *err);

#endif							/* S3STORE_RULE_CHECKS_H */
