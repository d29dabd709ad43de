/*-------------------------------------------------------------------------
 *
 * json.h
 *	  Reads JSON objects, one member at a time.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_JSON_H
#define S3STORE_JSON_H

#include "base/error.h"

typedef enum S3JsonKind
{
	S3_JSON_STRING,
	S3_JSON_NUMBER,
	S3_JSON_TRUE,
	S3_JSON_FALSE,
	S3_JSON_NULL,
	S3_JSON_OBJECT,				/* not read yet: s3_json_begin_object, or
								 * s3_json_take_object */
	S3_JSON_ARRAY				/* not read yet: s3_json_take_list */
} S3JsonKind;

/*
 * Where the reader stands.  It rewrites the text: strings are decoded where
 * they stand, so that a secret among them has one copy, the caller's to wipe.
 */
typedef struct S3JsonReader
{
	char	   *text;
	size_t		len;
	size_t		at;
	bool		first;			/* the next member is its object's first */
	int			line;			/* from 1 */
	size_t		line_start;
} S3JsonReader;

/* "name": value.  Strings are decoded, and followed by a NUL. */
typedef struct S3JsonMember
{
	S3Slice		name;			/* data NULL: the object ended */
	S3JsonKind	kind;
	S3Slice		value;			/* of a string or a number */
	size_t		value_start;	/* where the value's token stands */
	size_t		value_end;
} S3JsonMember;

/*
 * Starts reading text[len], which must be writable, and UTF-8 if what is read
 * is to be used: escapes such as \u00fc become UTF-8.
 */
extern void s3_json_start(S3JsonReader *reader, char *text, size_t len);

/* Steps into the object at hand: the text itself, or a member's value. */
extern bool s3_json_begin_object(S3JsonReader *reader, S3Error *err);

/* Reads the next member of the object, or its end. */
extern bool s3_json_next_member(S3JsonReader *reader, S3JsonMember *member,
								S3Error *err);

/*
 * Passes over the object that is a member's value; its text, followed by a
 * NUL, becomes the value.  What stands inside is not checked.
 */
extern bool s3_json_take_object(S3JsonReader *reader, S3JsonMember *member,
								S3Error *err);

/*
 * Reads the array that is a member's value, which must be one of strings, not
 * empty and without commas; "a,b,c" becomes the value, followed by a NUL.
 */
extern bool s3_json_take_list(S3JsonReader *reader, S3JsonMember *member,
							  S3Error *err);

/* Checks that nothing follows. */
extern bool s3_json_end(S3JsonReader *reader, S3Error *err);

#endif							/* S3STORE_JSON_H */
