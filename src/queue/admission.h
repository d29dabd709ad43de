/*-------------------------------------------------------------------------
 *
 * admission.h
 *	  What a transaction does about queued deletions of an object before it
 *	  writes the object, or a row that names it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ADMISSION_H
#define S3STORE_ADMISSION_H

#include "settings/object_identity.h"

/*
 * For a row that names the object: sees to it that no queued deletion of the
 * object goes on before this transaction has ended.  Waits while the object is
 * being deleted, up to five seconds.  Returns false when it is too late: the
 * object is gone, and this transaction may know it from before.
 */
extern bool s3_admission_of_row(const S3ObjectIdentity *identity);

/*
 * For a put of the object: no deletion of it begins before this transaction
 * has ended, and those that are queued are void from its commit on.  Waits while
 * the object is being deleted.  Runs SQL where one is queued.
 */
extern void s3_admission_of_put(const S3Location *location);

#endif							/* S3STORE_ADMISSION_H */
