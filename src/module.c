/*-------------------------------------------------------------------------
 *
 * module.c
 *	  The module: its magic and its start.  No logic.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "fmgr.h"
#include "bulk/progress.h"
#include "removal/launcher.h"
#include "settings/guc.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	s3_guc_init();
	s3_progress_init();
	s3_launcher_init();
}
