/*-------------------------------------------------------------------------
 *
 * shared_memory.c
 *	  Structures in the server's shared memory.
 *
 * Where the library was not preloaded, a structure takes from what the server
 * has left over, as that of pg_prewarm does: about 100 kB for all extensions.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "backend/compat.h"
#include "backend/shared_memory.h"

#if PG_VERSION_NUM >= 150000
static shmem_request_hook_type previous_request_hook;
static Size requested;

static void request_memory(void);
#endif

void
s3_shared_memory_request(Size size)
{
#if PG_VERSION_NUM >= 150000
	if (requested == 0)
	{
		previous_request_hook = shmem_request_hook;
		shmem_request_hook = request_memory;
	}
	requested += MAXALIGN(size);
#else
	RequestAddinShmemSpace(MAXALIGN(size));
#endif
}

#if PG_VERSION_NUM >= 150000
static void
request_memory(void)
{
	if (previous_request_hook != NULL)
		previous_request_hook();
	RequestAddinShmemSpace(requested);
}
#endif

/*
 * The size is part of the name: a library that has replaced another one under
 * a running server, and has another structure, gets one of its own.
 */
void *
s3_shared_memory_attach(const char *name, Size size, void (*init) (void *), bool missing_ok)
{
	MemoryContext context = CurrentMemoryContext;
	uint32		holdoff = InterruptHoldoffCount;
	char		full_name[SHMEM_INDEX_KEYSIZE];
	void	   *volatile memory = NULL;
	bool		found;

	snprintf(full_name, sizeof(full_name), "s3store %s, %zu bytes", name, size);
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	PG_TRY();
	{
		memory = ShmemInitStruct(full_name, size, &found);
		if (!found)
		{
			memset(memory, 0, size);
			init(memory);
		}
	}
	PG_CATCH();
	{
		/*
		 * The error has reset the holdoff that releasing the lock counts
		 * down.
		 */
		HOLD_INTERRUPTS();
		LWLockRelease(AddinShmemInitLock);
		if (!missing_ok)
			PG_RE_THROW();
		InterruptHoldoffCount = holdoff;
		MemoryContextSwitchTo(context);
		FlushErrorState();
		return NULL;
	}
	PG_END_TRY();
	LWLockRelease(AddinShmemInitLock);
	return memory;
}
