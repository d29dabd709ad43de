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
extern bool s3_admission_of_row(int64 object);

/*
 * Waits while the object is being deleted.  For a put that is about to be sent, and
 * is noted in the journal (intent.h): from the note on, whoever deletes leaves the
 * object alone.
 */
extern void s3_admission_of_put(const S3Location *location);

/*
 * Makes the queued deletions of an object that is stored void, from the commit of
 * this transaction on; "spares_own": but those that it has queued itself.  Runs SQL
 * where one is queued.
 */
extern void s3_admission_void(int64 object, bool spares_own);

#endif							/* S3STORE_ADMISSION_H */
