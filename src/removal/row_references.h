/*-------------------------------------------------------------------------
 *
 * row_references.h
 *	  Whether rows of managed columns name the objects of a batch.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ROW_REFERENCES_H
#define S3STORE_ROW_REFERENCES_H

#include "removal/gate.h"
#include "removal/managed_columns.h"

/*
 * Asks every managed column that may name an open item's object, all with one
 * snapshot.  What is named is kept; where a column cannot be asked, what it
 * could name waits, with the reason.  Versions are not asked for.  SPI is
 * connected.  Throws when the query is cancelled.
 */
extern void s3_row_references_ask(S3GateBatch *batch, const S3ManagedColumns *columns);

#endif							/* S3STORE_ROW_REFERENCES_H */
