/*-------------------------------------------------------------------------
 *
 * endpoints.h
 *	  Parses the text of s3store.endpoints.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ENDPOINTS_H
#define S3STORE_ENDPOINTS_H

#include "settings/setting_defs.h"

/* One entry: a scheme, and what it sets. */
typedef struct S3EndpointEntry
{
	const char *scheme;
	uint64		named;			/* S3_SETTING_BITs of what is there, if only
								 * as null */
	uint64		given;			/* ... and of what is set in values */
	S3Settings	values;			/* zero where it is not set */
} S3EndpointEntry;

typedef struct S3Endpoints
{
	S3EndpointEntry *entries;	/* palloc'd */
	int			count;
	int			capacity;
} S3Endpoints;

static inline bool
s3_endpoint_entry_gives(const S3EndpointEntry *entry, S3SettingId id)
{
	return (entry->given & S3_SETTING_BIT(id)) != 0;
}

/*
 * Parses the text, which is in UTF-8, and overwrites it: the strings of the
 * entries point into it.  When it returns false, "err" says which entry and
 * which key is wrong.  Throws only when memory runs out.
 */
extern bool s3_endpoints_parse(char *text, S3Endpoints *endpoints, S3Error *err);

/* Puts the entry's name before the message.  Always false. */
extern bool s3_endpoint_entry_refuse(const char *scheme, S3Error *err);

/* Appends the text with its secrets masked. */
extern void s3_endpoints_mask(const char *text, StringInfo masked);

#endif							/* S3STORE_ENDPOINTS_H */
