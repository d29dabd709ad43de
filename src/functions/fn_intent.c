/*-------------------------------------------------------------------------
 *
 * fn_intent.c
 *	  SQL function about undoing puts: s3_intents.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "fmgr.h"
#include "utils/timestamp.h"

#include "backend/encoding.h"
#include "backend/rows.h"
#include "journal/intent_outcome.h"
#include "journal/journal.h"

PG_FUNCTION_INFO_V1(s3store_intents);

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

static void put_intent(S3Rows *rows, const S3Intent *intent, bool foreign);
static const char *state_name(const S3Intent *intent, bool foreign);
static const char *kind_name(const S3Intent *intent);
static void set_text(Datum *values, bool *nulls, int column, const char *utf8);

/* s3_intents(): the puts that may still be undone */
Datum
s3store_intents(PG_FUNCTION_ARGS)
{
	S3Rows		rows = s3_rows_start(fcinfo, INTENT_COLUMNS);
	bool		foreign;
	const S3JournalContent *content = s3_journal_look(&foreign);
	const bool *done = s3_intent_find_done(content);

	for (int i = 0; i < content->count; i++)
		if (foreign ? !content->intents[i].settled : !done[i])
			put_intent(&rows, &content->intents[i], foreign);
	s3_journal_forget();
	return (Datum) 0;
}

static void
put_intent(S3Rows *rows, const S3Intent *intent, bool foreign)
{
	Datum		values[INTENT_COLUMNS];
	bool		nulls[INTENT_COLUMNS] = {false};

	set_text(values, nulls, INTENT_URL, intent->url);
	set_text(values, nulls, INTENT_STATE, state_name(intent, foreign));
	set_text(values, nulls, INTENT_KIND, kind_name(intent));
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
kind_name(const S3Intent *intent)
{
	if (intent->role != S3_INTENT_PUT)
		return "keep";
	switch (intent->found)
	{
		case S3_INTENT_NOT_LOOKED:
			return NULL;
		case S3_INTENT_FOUND_NOTHING:
			return "create";
		case S3_INTENT_FOUND_OBJECT:
		case S3_INTENT_FOUND_UNKNOWN:
			break;
	}
	return "replace";
}

/* NULL and "": NULL */
static void
set_text(Datum *values, bool *nulls, int column, const char *utf8)
{
	nulls[column] = utf8 == NULL || utf8[0] == '\0';
	if (!nulls[column])
		values[column] = PointerGetDatum(s3_text_from_server(utf8));
}
