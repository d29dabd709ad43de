/*-------------------------------------------------------------------------
 *
 * row_references.h
 *	  Whether the database still needs the objects of claimed deletions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ROW_REFERENCES_H
#define S3STORE_ROW_REFERENCES_H

#include "removal/claims.h"

/*
 * Decides the open items whose owner may not delete objects, and those whose
 * object a running transaction writes or names.  Needs a transaction of
 * queue_txn.h.
 */
extern void s3_row_references_check_writers(S3Claims *claims);

/*
 * Decides the open items that a row names.  Comes after the first, in the same
 * transaction.
 */
extern void s3_row_references_ask(S3Claims *claims);

#endif							/* S3STORE_ROW_REFERENCES_H */
