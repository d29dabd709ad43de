/*-------------------------------------------------------------------------
 *
 * fields_jsonb.h
 *	  Headers, metadata and form fields between S3Fields and jsonb.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_FIELDS_JSONB_H
#define S3STORE_FIELDS_JSONB_H

#include "base/fields.h"
#include "utils/jsonb.h"

/*
 * Push the fields as an object of strings: those that came from this database,
 * as UTF-8, or from an S3 server, as s3_text_from_server() makes text of them.
 */
extern JsonbValue *s3_fields_push(JsonbParseState **state, const S3Fields *fields);
extern JsonbValue *s3_fields_push_from_server(JsonbParseState **state, const S3Fields *fields);

/* Pushes a string from this database as the name of a member, or as its value. */
extern void s3_string_push(JsonbParseState **state, JsonbIteratorToken token, const char *utf8);

/*
 * Takes the next member of an object, with JsonbIteratorInit(object) to begin
 * with; false at the end.  The name is a string, in the database's encoding.
 */
extern bool s3_member_next(JsonbIterator **iterator, JsonbValue *name, JsonbValue *value);

#endif							/* S3STORE_FIELDS_JSONB_H */
