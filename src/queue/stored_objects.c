/*-------------------------------------------------------------------------
 *
 * stored_objects.c
 *	  The objects that a transaction has stored: no deletion that was queued
 *	  before is carried out any more.
 *
 * A deletion that was queued before the put, and is committed after it, could
 * not be seen when the object was stored: so it is looked for once more when the
 * put commits.  What this transaction has queued itself since then is meant.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "queue/admission.h"
#include "queue/stored_objects.h"

/* An object that was stored in this subtransaction. */
typedef struct Stored
{
	int64		object;
	SubTransactionId subid;
} Stored;

static Stored *stored = NULL;	/* in TopTransactionContext */
static int	stored_count = 0;
static int	stored_capacity = 0;
static bool watches = false;

static void end_transaction(XactEvent event, void *arg);
static void end_subtransaction(SubXactEvent event, SubTransactionId subid, SubTransactionId parent,
							   void *arg);

void
s3_stored_objects_note(const S3Location *location)
{
	int64		object = s3_object_identity(location).object;

	s3_admission_void(object, false);
	if (!watches)
	{
		RegisterXactCallback(end_transaction, NULL);
		RegisterSubXactCallback(end_subtransaction, NULL);
		watches = true;
	}
	if (stored == NULL)
	{
		stored_capacity = 16;
		stored = MemoryContextAlloc(TopTransactionContext, stored_capacity * sizeof(Stored));
	}
	else if (stored_count == stored_capacity)
	{
		stored_capacity *= 2;
		stored = repalloc_huge(stored, stored_capacity * sizeof(Stored));
	}
	stored[stored_count].object = object;
	stored[stored_count++].subid = GetCurrentSubTransactionId();
}

static void
end_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			for (int i = 0; i < stored_count; i++)
			{
				CHECK_FOR_INTERRUPTS();
				s3_admission_void(stored[i].object, true);
			}
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			stored = NULL;
			stored_count = 0;
			break;
		default:
			break;
	}
}

/* What is rolled back to a savepoint was not stored. */
static void
end_subtransaction(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (event == SUBXACT_EVENT_ABORT_SUB && stored_count > 0 &&
		   stored[stored_count - 1].subid >= subid)
		stored_count--;
	for (int i = stored_count - 1; i >= 0 && stored[i].subid >= subid; i--)
		stored[i].subid = parent;
}
