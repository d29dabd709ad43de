/*-------------------------------------------------------------------------
 *
 * versions.h
 *	  All versions of an object.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_VERSIONS_H
#define S3STORE_VERSIONS_H

#include "client/call.h"

/*
 * Deletes all versions and delete markers of the URL's object, and of no other
 * one.  "call" would delete the object itself: it is open, and "params" are
 * applied, which apply to each version.  The oldest goes first, so that no old
 * version is current in between.
 */
extern void s3_versions_delete(text *url, Jsonb *params, const S3Call *call);

#endif							/* S3STORE_VERSIONS_H */
