/*-------------------------------------------------------------------------
 *
 * row_references.h
 *	  May a claimed deletion be carried out, as far as the database knows?
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ROW_REFERENCES_H
#define S3STORE_ROW_REFERENCES_H

#include "removal/drain.h"

/*
 * Decides the fate of the open items whose owner may not delete objects, and
 * of those that a transaction under way writes or names.  Needs a step.
 */
extern void s3_row_references_check_holds(S3Claims *claims);

/*
 * Decides the fate of the open items that a row names.  Needs the same step,
 * and comes after the first.
 */
extern void s3_row_references_ask(S3Claims *claims);

#endif							/* S3STORE_ROW_REFERENCES_H */
