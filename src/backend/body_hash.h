/*-------------------------------------------------------------------------
 *
 * body_hash.h
 *	  The digest of a body that may be large.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_BODY_HASH_H
#define S3STORE_BODY_HASH_H

#include "base/digest.h"

#define S3_BODY_HASH_STEP	(1024 * 1024)	/* bytes between two looks for
											 * interrupts */

/*
 * Returns the digest of the body as hex, palloc'd, or NULL with "err".  Takes
 * the state over, which may be NULL where "err" says why.  Throws when the
 * query is cancelled.
 */
extern char *s3_body_hash(S3Digest *digest, S3Slice body, S3Error *err);

#endif							/* S3STORE_BODY_HASH_H */
