/*-------------------------------------------------------------------------
 *
 * encoding.h
 *	  Text between the database's encoding and S3's, which is UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ENCODING_H
#define S3STORE_ENCODING_H

#include "base/base.h"

#include "fmgr.h"

/*
 * Returns "text" in UTF-8: the argument itself where the database has that
 * encoding (or SQL_ASCII, whose bytes are taken as they are), else a palloc'd
 * copy.
 */
extern S3Slice s3_utf8_slice(const char *text, size_t len);

/* The same, as a palloc'd C string. */
extern char *s3_utf8_cstring(const char *text, size_t len);

/* An SQL function's argument of type text, in the same way; NULL for NULL. */
extern char *s3_utf8_argument(FunctionCallInfo fcinfo, int number);

/*
 * Returns UTF-8 in the database's encoding, palloc'd.  Throws 22P05 when that
 * lacks a character.
 */
extern char *s3_server_cstring(const char *utf8);

/*
 * URLs, keys and values as a message shows them: palloc'd, in the database's
 * encoding.  Anybody may have chosen them, and a terminal may act on them: control
 * characters, and bytes that are no text, become '?', and the rest of what is very
 * long is left out.  They are given as a datum, as a C string, or in UTF-8; the
 * last form may be used outside of transactions, too.
 */
extern char *s3_shown_text(const text *text);
extern char *s3_shown_cstring(const char *text);
extern char *s3_shown_utf8(S3Slice utf8);

/*
 * Returns text of an S3 server as a text datum.  Control characters, bytes that
 * are not UTF-8, and characters that the database's encoding lacks, become '?'.
 */
extern text *s3_text_from_server(const char *utf8);

/*
 * Returns exactly these bytes as a text datum.  Throws 22021 when they are not
 * UTF-8, 22P05 when the database's encoding lacks a character.
 */
extern text *s3_text_from_utf8(S3Slice utf8);

/*
 * The same of what others have chosen, such as a key that a server lists: bytes
 * that are not UTF-8, and those of characters that the database's encoding lacks,
 * are written as \xE2, and *fits is false.
 */
extern text *s3_text_fitted(S3Slice utf8, bool *fits);

/*
 * Returns content as text: "content_type" may name its charset, UTF-8 is the
 * default.  Throws 22021 when it is not valid in it, 22P05 when the database's
 * encoding lacks a character.
 */
extern text *s3_text_from_content(S3Slice content, const char *content_type);

/*
 * Returns UTF-8, which must be valid, in the database's encoding, palloc'd, for
 * a message.  Characters that the encoding lacks become '?', so that a report
 * does not end in another error; without an encoding (SQL_ASCII), or without a
 * catalog (outside of a transaction), all but ASCII does.  Throws only when
 * memory runs out.
 */
extern char *s3_error_text(const char *utf8);

#endif							/* S3STORE_ENCODING_H */
