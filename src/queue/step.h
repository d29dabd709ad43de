/*-------------------------------------------------------------------------
 *
 * step.h
 *	  Short transactions of those who carry out deletions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_STEP_H
#define S3STORE_STEP_H

#include "base/base.h"

/* Whose transactions they are. */
typedef enum S3StepKind
{
	S3_STEP_WORKER,				/* ours: there is none between two steps */
	S3_STEP_PROCEDURE			/* a procedure's, which has connected to SPI
								 * for transactions: the one between two steps
								 * is empty */
} S3StepKind;

/*
 * Starts a step: a transaction in READ COMMITTED, with a snapshot, SPI
 * connected, and access to the extension's tables.  A durable one reaches the
 * disk with its end, and so does whatever was committed before.  An error
 * inside needs no end.
 */
extern void s3_step_begin(S3StepKind kind, bool durable);

/* Commits.  The current memory context stays what it is. */
extern void s3_step_end(S3StepKind kind);

#endif							/* S3STORE_STEP_H */
