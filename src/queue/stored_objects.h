/*-------------------------------------------------------------------------
 *
 * stored_objects.h
 *	  The objects that a transaction has stored: no deletion that was queued
 *	  before is carried out any more.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_STORED_OBJECTS_H
#define S3STORE_STORED_OBJECTS_H

#include "settings/object_identity.h"

/*
 * The object is stored: the deletions that are queued by now, or were queued before
 * and commit before this transaction, are void from its commit on.  Runs SQL where
 * one is queued.
 */
extern void s3_stored_objects_note(const S3Location *location);

#endif							/* S3STORE_STORED_OBJECTS_H */
