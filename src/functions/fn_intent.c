/*-------------------------------------------------------------------------
 *
 * fn_intent.c
 *	  SQL functions about undoing puts: s3_intents, s3_intents_sweep.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "backend/encoding.h"
#include "backend/rows.h"
#include "journal/intent_outcome.h"
#include "journal/journal.h"
#include "queue/queue.h"
#include "queue/writer_token.h"
#include "removal/sweep.h"

#define SWEEP	"s3_intents_sweep()"

PG_FUNCTION_INFO_V1(s3store_intents);
PG_FUNCTION_INFO_V1(s3store_intents_sweep);

enum IntentColumn
{
	INTENT_URL,
	INTENT_STATE,
	INTENT_KIND,
	INTENT_XID,
	INTENT_CREATED,
	INTENT_SIZE,
	INTENT_VERSION_ID,
	INTENT_UPLOAD_ID,
	INTENT_ANSWERED,
	INTENT_COLUMNS
};

static void put_intents(S3Rows *rows, int number);
static void put_intent(S3Rows *rows, const S3Intent *intent, bool foreign);
static const char *state_name(const S3Intent *intent, bool foreign);
static const char *kind_name(S3IntentKind kind);
static void require_writer(void);
static void set_text(Datum *values, bool *nulls, int column, const char *utf8);

/* s3_intents(): the puts that may still be undone */
Datum
s3store_intents(PG_FUNCTION_ARGS)
{
	S3Rows		rows = s3_rows_start(fcinfo, INTENT_COLUMNS);

	for (int number = 0; number < S3_JOURNAL_FILES; number++)
		put_intents(&rows, number);
	return (Datum) 0;
}

static void
put_intents(S3Rows *rows, int number)
{
	S3Journal  *journal = s3_journal_open(number, S3_JOURNAL_READ);
	bool	   *done;

	if (journal == NULL)
		return;
	done = s3_intent_find_done(&journal->content);
	for (int i = 0; i < journal->content.count; i++)
	{
		const S3Intent *intent = &journal->content.intents[i];

		if (journal->foreign ? !intent->settled : !done[i])
			put_intent(rows, intent, journal->foreign);
	}
	s3_journal_close(journal);
}

static void
put_intent(S3Rows *rows, const S3Intent *intent, bool foreign)
{
	Datum		values[INTENT_COLUMNS];
	bool		nulls[INTENT_COLUMNS] = {false};

	set_text(values, nulls, INTENT_URL, intent->url);
	set_text(values, nulls, INTENT_STATE, state_name(intent, foreign));
	set_text(values, nulls, INTENT_KIND, kind_name(intent->kind));
	values[INTENT_XID] = UInt64GetDatum(intent->xid);
	values[INTENT_CREATED] = TimestampTzGetDatum(intent->created);
	values[INTENT_SIZE] = Int64GetDatum(intent->size);
	set_text(values, nulls, INTENT_VERSION_ID, intent->version);
	set_text(values, nulls, INTENT_UPLOAD_ID, intent->upload_id);
	values[INTENT_ANSWERED] = BoolGetDatum(intent->answered);
	s3_rows_put(rows, values, nulls);
}

static const char *
state_name(const S3Intent *intent, bool foreign)
{
	if (foreign)
		return "foreign";
	switch (s3_intent_outcome(intent))
	{
		case S3_OUTCOME_IN_PROGRESS:
			return "in progress";
		case S3_OUTCOME_COMMITTED:
			return "committed";
		case S3_OUTCOME_ABORTED:
			return "aborted";
		case S3_OUTCOME_FORGOTTEN:
			break;
	}
	return "unknown";
}

static const char *
kind_name(S3IntentKind kind)
{
	switch (kind)
	{
		case S3_INTENT_CREATE:
			return "create";
		case S3_INTENT_REPLACE:
			return "replace";
		case S3_INTENT_PARTS:
			break;
	}
	return "parts";
}

/* "": NULL */
static void
set_text(Datum *values, bool *nulls, int column, const char *utf8)
{
	nulls[column] = utf8[0] == '\0';
	if (!nulls[column])
		values[column] = PointerGetDatum(s3_text_from_server(utf8));
}

/* s3_intents_sweep() returns bigint: how many objects were removed */
Datum
s3store_intents_sweep(PG_FUNCTION_ARGS)
{
	S3SweepResult result;

	PreventCommandDuringRecovery(SWEEP);
	PreventCommandIfReadOnly(SWEEP);
	require_writer();
	s3_sweep(SWEEP, WARNING, &result);
	PG_RETURN_INT64(result.removed);
}

/* A copy of the database must not remove objects. */
static void
require_writer(void)
{
	S3RunAs		saved;

	SPI_connect();
	s3_queue_run_as_owner(&saved);
	s3_writer_token_require();
	s3_sql_run_as_end(&saved);
	SPI_finish();
}
