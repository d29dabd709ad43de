/*-------------------------------------------------------------------------
 *
 * trigger_events.c
 *	  Does a trigger of s3_manage see all that is written to its column?
 *
 * What it does not see is asked about all the same, before an object goes; but a
 * row is not refused that names an object which is being deleted.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "catalog/pg_trigger.h"
#include "executor/spi.h"

#include "backend/sql.h"
#include "queue/queue.h"
#include "removal/trigger_events.h"

/* Of each table, a partition, too: its triggers can be disabled by themselves. */
#define COLUMNS \
	"SELECT tgrelid, pg_catalog.convert_from(pg_catalog.substring(tgargs, 1," \
	" position('\\x00'::bytea IN tgargs) - 1), pg_catalog.getdatabaseencoding()) AS name," \
	" pg_catalog.bool_or(whole AND tgtype & %d <> 0) AS inserts," \
	" pg_catalog.bool_or(whole AND tgtype & %d <> 0 AND tgattr::text = '') AS updates" \
	" FROM (SELECT *, tgenabled IN ('O', 'A') AND tgqual IS NULL AS whole" \
	" FROM pg_catalog.pg_trigger WHERE tgfoid = '%s()'::pg_catalog.regprocedure AND tgnargs > 0) AS t" \
	" GROUP BY 1, 2"

void
s3_trigger_events_find_unseen(S3UnseenEvents *unseen)
{
	MemoryContext context = CurrentMemoryContext;
	const char *columns;
	bool		is_null;

	memset(unseen, 0, sizeof(*unseen));
	SPI_connect();
	columns = psprintf(COLUMNS, TRIGGER_TYPE_INSERT, TRIGGER_TYPE_UPDATE, s3_queue_name("s3_manage"));
	(void) s3_sql_execute(psprintf("SELECT tgrelid::pg_catalog.regclass::text, name, inserts, updates,"
								   " (pg_catalog.count(*) OVER ())::int4 FROM (%s) AS c"
								   " ORDER BY inserts AND updates, 1, 2 LIMIT 1", columns),
						  SPI_OK_SELECT, 0, NULL, NULL, NULL);
	if (SPI_processed > 0)
	{
		bool		inserts = DatumGetBool(s3_sql_value(0, 3, &is_null));
		bool		updates = DatumGetBool(s3_sql_value(0, 4, &is_null));

		unseen->columns = DatumGetInt32(s3_sql_value(0, 5, &is_null));
		if (!inserts || !updates)
		{
			unseen->table = MemoryContextStrdup(context, SPI_getvalue(SPI_tuptable->vals[0],
																	  SPI_tuptable->tupdesc, 1));
			unseen->column = MemoryContextStrdup(context, SPI_getvalue(SPI_tuptable->vals[0],
																	   SPI_tuptable->tupdesc, 2));
			unseen->events = inserts ? "UPDATE" : updates ? "INSERT" : "INSERT and UPDATE";
		}
	}
	SPI_finish();
}
