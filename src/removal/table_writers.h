/*-------------------------------------------------------------------------
 *
 * table_writers.h
 *	  The transactions that write managed tables, and those that are open.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_TABLE_WRITERS_H
#define S3STORE_TABLE_WRITERS_H

#include "removal/managed_columns.h"
#include "storage/lock.h"

/* One lock on one table. */
typedef struct S3TableWriter
{
	Oid			relation;
	int			pid;			/* 0: the transaction is prepared */
	char		transaction[32];	/* its virtual ID, as pg_locks shows it */
} S3TableWriter;

typedef struct S3TableWriters
{
	S3TableWriter *items;
	int			count;
} S3TableWriters;

/*
 * Collects the transactions that hold a lock on one of the columns' tables
 * which a writer of rows takes, prepared ones included.  SPI is connected.
 */
extern void s3_table_writers_collect(const S3ManagedColumns *columns, S3TableWriters *writers);

/* Is the transaction among them? */
extern bool s3_table_writers_have(const S3TableWriters *writers, const char *transaction);

/* Transactions of this database that were open at one moment. */
typedef struct S3OpenTransactions
{
	VirtualTransactionId *ids;
	int			count;
} S3OpenTransactions;

/* All but our own, and those of VACUUM; in the current memory context. */
extern void s3_open_transactions_collect(S3OpenTransactions *open);

/* Forgets those that have ended; returns whether any is left. */
extern bool s3_open_transactions_remain(S3OpenTransactions *open);

#endif							/* S3STORE_TABLE_WRITERS_H */
