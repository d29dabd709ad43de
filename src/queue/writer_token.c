/*-------------------------------------------------------------------------
 *
 * writer_token.c
 *	  Which database may carry out deletions: the original, not a copy of it.
 *
 * A copy of the database has the row of s3_writer, too, but it has another OID,
 * or the server that it is on has another configuration.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "queue/queue.h"
#include "queue/writer_token.h"
#include "settings/settings.h"

/* Why not, as sentences. */
static const char *const refusals[] = {
	[S3_WRITER_NO_TOKEN] = "The setting s3store.writer_token is set, but no token is stored in this database.",
	[S3_WRITER_OTHER_TOKEN] = "The setting s3store.writer_token is not the token that s3_set_writer_token has stored.",
	[S3_WRITER_OTHER_DATABASE] = "The token that s3_set_writer_token has stored was set for another database."
};

static void report(int level, S3WriterRefusal refusal);

void
s3_writer_token_store(text *token)
{
	const char *table;
	S3RunAs		saved;

	SPI_connect();
	table = s3_queue_name("s3_writer");
	s3_queue_run_as_owner(&saved);
	s3_sql_execute(psprintf("DELETE FROM %s", table), SPI_OK_DELETE, 0, NULL, NULL, NULL);
	if (token != NULL)
	{
		Oid			types[] = {OIDOID, TEXTOID};
		Datum		values[] = {ObjectIdGetDatum(MyDatabaseId), PointerGetDatum(token)};

		s3_sql_execute(psprintf("INSERT INTO %s (database, token) VALUES ($1, $2)", table),
					   SPI_OK_INSERT, lengthof(types), types, values, NULL);
	}
	s3_sql_run_as_end(&saved);
	SPI_finish();
}

S3WriterRefusal
s3_writer_token_refusal(void)
{
	const char *token = NULL;
	Oid			database = InvalidOid;
	bool		is_null;

	if (s3_sql_execute(psprintf("SELECT database, token FROM %s", s3_queue_name("s3_writer")),
					   SPI_OK_SELECT, 0, NULL, NULL, NULL) > 0)
	{
		database = DatumGetObjectId(s3_sql_value(0, 1, &is_null));
		token = TextDatumGetCString(s3_sql_value(0, 2, &is_null));
	}
	SPI_freetuptable(SPI_tuptable);
	if (token == NULL)
		return s3_guc_writer_token[0] == '\0' ? S3_WRITER_ALLOWED : S3_WRITER_NO_TOKEN;
	if (database != MyDatabaseId)
		return S3_WRITER_OTHER_DATABASE;
	return strcmp(token, s3_guc_writer_token) == 0 ? S3_WRITER_ALLOWED : S3_WRITER_OTHER_TOKEN;
}

void
s3_writer_token_require(void)
{
	S3WriterRefusal refusal = s3_writer_token_refusal();

	if (refusal != S3_WRITER_ALLOWED)
		report(ERROR, refusal);
}

void
s3_writer_token_log(S3WriterRefusal refusal)
{
	if (refusal == S3_WRITER_ALLOWED)
		ereport(LOG,
				(errmsg("database \"%s\" carries out queued deletions again",
						get_database_name(MyDatabaseId))));
	else if (refusal == S3_WRITER_READ_ONLY)
		ereport(LOG,
				(errmsg("queued deletions of database \"%s\" wait: it is read-only",
						get_database_name(MyDatabaseId)),
				 errdetail("The setting default_transaction_read_only is on.")));
	else
		report(LOG, refusal);
}

static void
report(int level, S3WriterRefusal refusal)
{
	ereport(level,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("database \"%s\" may not carry out queued deletions",
					get_database_name(MyDatabaseId)),
			 errdetail_internal("%s", refusals[refusal]),
			 errhint("A copy should delete nothing. Where this is the original now, call s3_set_writer_token, or set s3store.writer_token.")));
}
