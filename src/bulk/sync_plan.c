/*-------------------------------------------------------------------------
 *
 * sync_plan.c
 *	  How the metadata of an object differs from what a put would give it.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "bulk/sync_plan.h"

#include "s3/content_encoding.h"
#include "s3/metadata.h"
#include "s3/metadata_words.h"

#define CLASS_HEADER		"x-amz-storage-class"
#define CLASS_DEFAULT		"STANDARD"
#define ENCRYPTION_HEADER	"x-amz-server-side-encryption"
#define KMS_KEY_HEADER		ENCRYPTION_HEADER "-aws-kms-key-id"
#define SIZE_NAME			"uncompressed_size"

/* Each put sets them, so those that the settings do not have go. */
static const char *const content_headers[] = {
	"cache-control", "content-disposition", "content-language", "expires"
};

/* What a copy with new metadata loses unless it is sent again. */
static const char *const kept_headers[] = {
	"content-type", "content-encoding", "x-amz-website-redirect-location",
	"x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date",
	"x-amz-object-lock-legal-hold"
};

/* The same, if no setting is about encryption. */
static const char *const encryption_headers[] = {
	ENCRYPTION_HEADER, KMS_KEY_HEADER, ENCRYPTION_HEADER "-bucket-key-enabled"
};

static bool check_all_told(const S3HttpResponse *head, S3Error *err);
static void plan_content_headers(const S3HttpResponse *head, const S3Fields *wanted,
								 S3SyncPlan *plan);
static void plan_storage_class(const S3ObjectInfo *info, const S3Fields *wanted,
							   S3SyncPlan *plan);
static void plan_encryption(const S3HttpResponse *head, const S3Fields *wanted,
							S3SyncPlan *plan);
static bool is_same_kms_key(const char *there, const char *wanted);
static void plan_metadata(const S3ObjectInfo *info, const S3Fields *wanted, S3SyncPlan *plan);
static const char *decode(const char *value);
static const char *metadata_of(const S3ObjectInfo *info, const char *name);
static void keep_metadata(const S3ObjectInfo *info, S3SyncPlan *plan);
static bool keeps_size(const S3ObjectInfo *info);
static void set_header(S3SyncPlan *plan, const char *name, const char *was,
					   const char *becomes);
static void compare(S3SyncPlan *plan, const char *name, const char *was, const char *becomes);
static void note_change(S3SyncPlan *plan, const char *name, const char *was,
						const char *becomes);
static void keep_headers(const S3HttpResponse *head, const char *const *names, int count,
						 S3SyncPlan *plan);

bool
s3_sync_plan(const S3HttpResponse *head, const S3ObjectInfo *info,
			 const S3Fields *wanted, S3SyncPlan *plan, S3Error *err)
{
	memset(plan, 0, sizeof(*plan));
	plan->changes = palloc((wanted->count + lengthof(content_headers) + 1) *
						   sizeof(S3SyncChange));
	plan_content_headers(head, wanted, plan);
	plan_storage_class(info, wanted, plan);
	plan_encryption(head, wanted, plan);
	plan_metadata(info, wanted, plan);
	if (plan->count == 0)
		return true;

	keep_metadata(info, plan);
	keep_headers(head, kept_headers, lengthof(kept_headers), plan);
	return check_all_told(head, err) && s3_check_headers(&plan->headers, err) &&
		s3_metadata_check_size(&plan->headers, err);
}

bool
s3_sync_is_archived(const S3HttpResponse *head, const S3ObjectInfo *info)
{
	return s3_sync_is_archive_class(info->storage_class) ||
		s3_response_header(head, "x-amz-archive-status") != NULL;
}

/* Glacier Instant Retrieval is read like any other class. */
bool
s3_sync_is_archive_class(const char *storage_class)
{
	return storage_class != NULL &&
		(strcmp(storage_class, "GLACIER") == 0 || strcmp(storage_class, "DEEP_ARCHIVE") == 0);
}

static bool
check_all_told(const S3HttpResponse *head, S3Error *err)
{
	char	   *missing = s3_response_header(head, "x-amz-missing-meta");

	if (missing == NULL || strcmp(missing, "0") == 0)
		return true;
	s3_error_set(err, S3_ERROR_UNSUPPORTED, "the object has metadata that no header can hold");
	return s3_error_detail(err, "A copy of the object would lose them.");
}

static void
plan_content_headers(const S3HttpResponse *head, const S3Fields *wanted, S3SyncPlan *plan)
{
	for (int i = 0; i < lengthof(content_headers); i++)
	{
		const char *was = s3_response_header(head, content_headers[i]);

		if (was != NULL && *was == '\0')
			was = NULL;
		set_header(plan, content_headers[i], was, s3_fields_find(wanted, content_headers[i]));
	}
}

static void
plan_storage_class(const S3ObjectInfo *info, const S3Fields *wanted, S3SyncPlan *plan)
{
	const char *becomes = s3_fields_find(wanted, CLASS_HEADER);

	if (becomes == NULL)
		becomes = CLASS_DEFAULT;

	/*
	 * An object that is in the default class and stays there needs no header;
	 * some servers refuse it.
	 */
	if (strcmp(info->storage_class, CLASS_DEFAULT) != 0 || strcmp(becomes, CLASS_DEFAULT) != 0)
		set_header(plan, CLASS_HEADER, info->storage_class, becomes);
}

static void
plan_encryption(const S3HttpResponse *head, const S3Fields *wanted, S3SyncPlan *plan)
{
	const char *was = s3_response_header(head, ENCRYPTION_HEADER);
	const char *becomes = s3_fields_find(wanted, ENCRYPTION_HEADER);
	const char *key = s3_fields_find(wanted, KMS_KEY_HEADER);
	const char *key_there = s3_response_header(head, KMS_KEY_HEADER);

	if (becomes == NULL)
	{
		keep_headers(head, encryption_headers, lengthof(encryption_headers), plan);
		return;
	}
	set_header(plan, ENCRYPTION_HEADER, was, becomes);
	if (key == NULL)
	{
		if (was != NULL && strcmp(was, becomes) == 0)
			keep_headers(head, encryption_headers + 1, lengthof(encryption_headers) - 1, plan);
		return;
	}
	s3_fields_add(&plan->headers, KMS_KEY_HEADER, key);
	if (key_there == NULL || !is_same_kms_key(key_there, key))
		note_change(plan, KMS_KEY_HEADER, key_there, key);
}

/*
 * S3 returns the key's ARN, whatever the key was named by.  An alias counts as
 * the same key, as S3 does not tell which one it stands for.
 */
static bool
is_same_kms_key(const char *there, const char *wanted)
{
	const char *id = strrchr(there, '/');

	return strcmp(there, wanted) == 0 || (id != NULL && strcmp(id + 1, wanted) == 0) ||
		strstr(wanted, "alias/") != NULL;
}

static void
plan_metadata(const S3ObjectInfo *info, const S3Fields *wanted, S3SyncPlan *plan)
{
	for (int i = 0; i < wanted->count; i++)
	{
		const char *name = wanted->items[i].name;

		if (!s3_metadata_is_header(name) ||
			(keeps_size(info) && strcmp(name, S3_METADATA_PREFIX SIZE_NAME) == 0))
			continue;
		s3_fields_add(&plan->headers, name, wanted->items[i].value);
		compare(plan, name, decode(metadata_of(info, name)), decode(wanted->items[i].value));
	}
}

/* Servers send the same value in different forms. */
static const char *
decode(const char *value)
{
	return value == NULL ? NULL : s3_metadata_words_decode(value);
}

/* Of the header of that name; NULL: the object has none. */
static const char *
metadata_of(const S3ObjectInfo *info, const char *name)
{
	for (int i = 0; i < info->metadata.count; i++)
	{
		if (pg_strcasecmp(info->metadata.items[i].name, name + strlen(S3_METADATA_PREFIX)) == 0)
			return info->metadata.items[i].value;
	}
	return NULL;
}

/* Those that the settings do not name. */
static void
keep_metadata(const S3ObjectInfo *info, S3SyncPlan *plan)
{
	for (int i = 0; i < info->metadata.count; i++)
	{
		char	   *name = psprintf(S3_METADATA_PREFIX "%s", info->metadata.items[i].name);

		for (char *p = name; *p != '\0'; p++)
			*p = pg_ascii_tolower((unsigned char) *p);
		if (s3_fields_find(&plan->headers, name) == NULL)
			s3_fields_add(&plan->headers, name,
						  s3_metadata_words_resend(info->metadata.items[i].value));
	}
}

/* The size before compression is the object's, whatever the settings say. */
static bool
keeps_size(const S3ObjectInfo *info)
{
	return s3_content_encoding_is_gzip(info->content_encoding) &&
		metadata_of(info, S3_METADATA_PREFIX SIZE_NAME) != NULL;
}

/* Plans the header that the copy gets; "becomes" NULL: none. */
static void
set_header(S3SyncPlan *plan, const char *name, const char *was, const char *becomes)
{
	if (becomes != NULL)
		s3_fields_add(&plan->headers, name, becomes);
	compare(plan, name, was, becomes);
}

static void
compare(S3SyncPlan *plan, const char *name, const char *was, const char *becomes)
{
	if (was == NULL ? becomes != NULL : becomes == NULL || strcmp(was, becomes) != 0)
		note_change(plan, name, was, becomes);
}

static void
note_change(S3SyncPlan *plan, const char *name, const char *was, const char *becomes)
{
	S3SyncChange *change = &plan->changes[plan->count++];

	change->name = name;
	change->was = was;
	change->becomes = becomes;
}

static void
keep_headers(const S3HttpResponse *head, const char *const *names, int count,
			 S3SyncPlan *plan)
{
	for (int i = 0; i < count; i++)
	{
		char	   *value = s3_response_header(head, names[i]);

		/* Some stores keep what was about the way of the content alone. */
		if (value != NULL && strcmp(names[i], "content-encoding") == 0)
			value = s3_content_encoding_stored(value);
		if (value != NULL && *value != '\0')
			s3_fields_add(&plan->headers, names[i], value);
	}
}
