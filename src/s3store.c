/*-------------------------------------------------------------------------
 *
 * s3store.c
 *	  The module: its magic and its start.  No logic.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "fmgr.h"
#include "guc.h"
#include "worker.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	s3_guc_init();
	s3_worker_init();
}
