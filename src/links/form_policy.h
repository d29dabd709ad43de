/*-------------------------------------------------------------------------
 *
 * form_policy.h
 *	  The policy of a browser form: what may be uploaded with it.
 *
 *	  Specification: "POST Policy" in the Amazon S3 API Reference.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_FORM_POLICY_H
#define S3STORE_FORM_POLICY_H

#include "lib/stringinfo.h"
#include "s3/request.h"
#include "utils/jsonb.h"

/* Starts the policy of a form that is good until then (seconds since 1970). */
extern void s3_form_policy_start(StringInfo policy, int64 ends_at);

/*
 * Adds conditions that the caller gives, an array as boto3 takes it.  Throws
 * 22023 for anything that is no condition.
 */
extern void s3_form_policy_add_given(StringInfo policy, Jsonb *conditions);

/* The field has this value (UTF-8). */
extern void s3_form_policy_add_exact(StringInfo policy, const char *field, const char *value);

/* The same for each field. */
extern void s3_form_policy_add_fields(StringInfo policy, const S3Fields *fields);

/* The field's value begins so. */
extern void s3_form_policy_add_start(StringInfo policy, const char *field, const char *start);

/* The file has at most that many bytes. */
extern void s3_form_policy_add_max_size(StringInfo policy, int64 max_size);

/* Ends the policy, and returns it in base64. */
extern char *s3_form_policy_finish(StringInfo policy);

#endif							/* S3STORE_FORM_POLICY_H */
