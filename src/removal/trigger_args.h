/*-------------------------------------------------------------------------
 *
 * trigger_args.h
 *	  The arguments of a trigger of s3_manage: which column is managed, and how.
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
	Oid			topmost;		/* the table whose partition it is, or itself */
	int			topmost_attribute;
	Interval   *delay;			/* NULL: as the setting says */
	char	   *within;			/* as it was given; NULL: anywhere */
	S3Location	within_location;
} S3TriggerArgs;

/*
 * Reads the arguments of a trigger; the result lives in the current memory
 * context.  Throws when they, or the table, are not what s3_manage allows, and
 * 42501 when the table's owner may not delete objects.
 */
extern S3TriggerArgs *s3_trigger_args_read(const TriggerData *data);

/*
 * The same checks for a table that is to get a trigger: throws when its objects
 * cannot follow the rows of the column.
 */
extern void s3_trigger_args_check_table(Relation table);
extern int	s3_trigger_args_check_column(Relation table, const char *column);
extern void s3_trigger_args_check_within(const char *within);

/* Is the URL one that may stand in the column? */
extern bool s3_trigger_args_allows(const S3TriggerArgs *managed, const S3Location *location);

#endif							/* S3STORE_TRIGGER_ARGS_H */
