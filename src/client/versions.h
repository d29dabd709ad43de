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
 * one, for "command"; params are delete_object's and apply to each of them.
 * The oldest goes first, so that no old version is current in between.
 */
extern void s3_versions_delete(text *url, Jsonb *params, const char *command);

#endif							/* S3STORE_VERSIONS_H */
