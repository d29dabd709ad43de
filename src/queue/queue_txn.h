/*-------------------------------------------------------------------------
 *
 * queue_txn.h
 *	  Short transactions of those who carry out deletions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_QUEUE_TXN_H
#define S3STORE_QUEUE_TXN_H

#include "base/base.h"

/* Whose transactions they are. */
typedef enum S3QueueTxnKind
{
	S3_QUEUE_TXN_WORKER,		/* ours: there is none between two steps */
	S3_QUEUE_TXN_PROCEDURE		/* a procedure's, which has connected to SPI
								 * for transactions: the one between two steps
								 * is empty */
} S3QueueTxnKind;

/*
 * Starts a step: a transaction in READ COMMITTED, with a snapshot, SPI
 * connected, and access to the extension's tables.  A durable one reaches the
 * disk with its end, and so does whatever was committed before.  An error
 * inside needs no end.
 */
extern void s3_queue_txn_begin(S3QueueTxnKind kind, bool durable);

/* Commits.  The current memory context stays what it is. */
extern void s3_queue_txn_end(S3QueueTxnKind kind);

#endif							/* S3STORE_QUEUE_TXN_H */
