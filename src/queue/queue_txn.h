/*-------------------------------------------------------------------------
 *
 * queue_txn.h
 *	  The short transactions in which deletions are carried out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_QUEUE_TXN_H
#define S3STORE_QUEUE_TXN_H

#include "base/base.h"

/* In which process they run. */
typedef enum S3QueueTxnKind
{
	S3_QUEUE_TXN_WORKER,		/* there is no transaction in between */
	S3_QUEUE_TXN_PROCEDURE		/* in a procedure, connected to SPI with
								 * SPI_OPT_NONATOMIC: the transactions in
								 * between stay empty */
} S3QueueTxnKind;

/*
 * Starts a transaction: READ COMMITTED, with a snapshot, connected to SPI, and
 * as the owner of the extension's tables.  When a durable one has committed, it
 * and all earlier commits are on disk.  An error ends it.
 */
extern void s3_queue_txn_begin(S3QueueTxnKind kind, bool durable);

/* Commits.  The current memory context stays what it is. */
extern void s3_queue_txn_end(S3QueueTxnKind kind);

#endif							/* S3STORE_QUEUE_TXN_H */
