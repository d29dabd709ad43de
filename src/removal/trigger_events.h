/*-------------------------------------------------------------------------
 *
 * trigger_events.h
 *	  Does a trigger of s3_manage see all that is written to its column?
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_TRIGGER_EVENTS_H
#define S3STORE_TRIGGER_EVENTS_H

#include "base/base.h"

/* What is written to a followed column and not seen. */
typedef struct S3UnseenEvents
{
	int			columns;		/* how many are followed, each partition's too */
	char	   *table;			/* NULL: all is seen */
	char	   *column;
	const char *events;			/* "INSERT", "UPDATE" or "INSERT and UPDATE" */
} S3UnseenEvents;

/*
 * Finds a followed column whose enabled triggers, together, do not see every INSERT
 * and every UPDATE: those with WHEN, or for an UPDATE OF columns, see some only.
 * Disabled triggers see nothing.  palloc'd.
 */
extern void s3_trigger_events_find_unseen(S3UnseenEvents *unseen);

#endif							/* S3STORE_TRIGGER_EVENTS_H */
