/*-------------------------------------------------------------------------
 *
 * endpoints.h
 *	  The text of s3store.endpoints, taken apart.
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
	uint64		named;			/* bit i: s3_setting_defs[i] is there, if only
								 * as null */
	uint64		given;			/* ... and is set in values */
	S3Settings	values;			/* zero where it is not set */
} S3EndpointEntry;

typedef struct S3Endpoints
{
	S3EndpointEntry *entries;	/* palloc'd */
	int			count;
	int			capacity;
} S3Endpoints;

static inline bool
s3_endpoint_entry_gives(const S3EndpointEntry *entry, int rule)
{
	return (entry->given & UINT64CONST(1) << rule) != 0;
}

/*
 * Takes the text, in UTF-8, apart; the strings of the entries point into it,
 * and it is rewritten on the way.  A false return says in "err" which entry and which
 * key is wrong.  Throws only when memory runs out.
 */
extern bool s3_endpoints_parse(char *text, S3Endpoints *endpoints, S3Error *err);

/* Puts the entry's name before the message.  Always false. */
extern bool s3_endpoint_entry_refuse(const char *scheme, S3Error *err);

/* Appends the text with its secrets masked. */
extern void s3_endpoints_mask(const char *text, StringInfo masked);

#endif							/* S3STORE_ENDPOINTS_H */
