/*-------------------------------------------------------------------------
 *
 * diagnose.h
 *	  Makes a request step by step, and tells which step fails.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_DIAGNOSE_H
#define S3STORE_DIAGNOSE_H

#include "base/base.h"

typedef struct S3Diagnosis S3Diagnosis;

/* What a step has found; the strings are in the database's encoding. */
typedef struct S3DiagnosisRow
{
	const char *step;
	bool		ok;
	char	   *detail;
	char	   *hint;			/* NULL: there is none */
} S3DiagnosisRow;

/*
 * Starts a check of the URL, for "command".  The URL must live as long as the
 * result.  Returns NULL when it means "no file".
 */
extern S3Diagnosis *s3_diagnose_start(text *url, const char *command);

/*
 * Takes the next step; returns false after the last one, and after one that
 * failed.  Throws when the query is cancelled, and other errors that say
 * nothing about the endpoint.
 */
extern bool s3_diagnose_next(S3Diagnosis *check, S3DiagnosisRow *row);

#endif							/* S3STORE_DIAGNOSE_H */
