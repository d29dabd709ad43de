/*-------------------------------------------------------------------------
 *
 * trigger_args.h
 *	  A column whose objects follow its rows: what the arguments of a trigger
 *	  say of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_TRIGGER_ARGS_H
#define S3STORE_TRIGGER_ARGS_H

#include "commands/trigger.h"
#include "s3/location.h"
#include "utils/timestamp.h"

typedef struct S3TriggerArgs
{
	Oid			trigger;		/* whose arguments they are */
	int			attribute;		/* of the relation that the trigger fires on */
	Oid			owner;			/* of that relation */
	Oid			asked_relation; /* the root of its partitions, or itself */
	int			asked_attribute;
	bool		exclusive;
	Interval   *delay;			/* NULL: as the setting says */
	char	   *within;			/* as it was given; NULL: anywhere */
	S3Location	within_location;
} S3TriggerArgs;

/*
 * Reads the arguments of a trigger of s3_manage; the result lives in the
 * current memory context.  Throws when they, or what the trigger fires on,
 * are not as they must be, and 42501 when the table's owner may not delete
 * objects.
 */
extern S3TriggerArgs *s3_trigger_args_read(const TriggerData *data);

/* Is the URL one that may stand in the column? */
extern bool s3_trigger_args_allows(const S3TriggerArgs *managed, const S3Location *location);

#endif							/* S3STORE_TRIGGER_ARGS_H */
