/*-------------------------------------------------------------------------
 *
 * object_row.c
 *	  What is known of an object as the columns of s3_object.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/fields_jsonb.h"
#include "backend/rows.h"
#include "base/date.h"
#include "functions/object_row.h"
#include "s3/metadata_words.h"
#include "utils/timestamp.h"

static Datum metadata_datum(const S3Fields *metadata);

void
s3_object_row(text *url, const S3ObjectInfo *info, Datum *values, bool *nulls)
{
	memset(nulls, 0, OBJECT_COLUMNS * sizeof(bool));
	values[OBJECT_URL] = PointerGetDatum(url);
	values[OBJECT_SIZE] = Int64GetDatum(info->size);
	nulls[OBJECT_SIZE] = info->size == S3_SIZE_UNKNOWN;
	values[OBJECT_LAST_MODIFIED] = TimestampTzGetDatum(s3_date_from_unix(info->last_modified));
	nulls[OBJECT_LAST_MODIFIED] = !info->has_last_modified;
	s3_rows_set_text(values, nulls, OBJECT_ETAG, info->etag);
	s3_rows_set_text(values, nulls, OBJECT_CONTENT_TYPE, info->content_type);
	s3_rows_set_text(values, nulls, OBJECT_CONTENT_ENCODING, info->content_encoding);
	s3_rows_set_text(values, nulls, OBJECT_CONTENT_DISPOSITION, info->content_disposition);
	s3_rows_set_text(values, nulls, OBJECT_CONTENT_LANGUAGE, info->content_language);
	s3_rows_set_text(values, nulls, OBJECT_CACHE_CONTROL, info->cache_control);
	s3_rows_set_text(values, nulls, OBJECT_STORAGE_CLASS, info->storage_class);
	s3_rows_set_text(values, nulls, OBJECT_VERSION_ID, info->version_id);
	s3_rows_set_text(values, nulls, OBJECT_SERVER_SIDE_ENCRYPTION, info->server_side_encryption);
	values[OBJECT_METADATA] = metadata_datum(&info->metadata);
}

static Datum
metadata_datum(const S3Fields *metadata)
{
	JsonbParseState *state = NULL;
	S3Fields	decoded = {0};

	for (int i = 0; i < metadata->count; i++)
		s3_fields_add(&decoded, metadata->items[i].name,
					  s3_metadata_words_decode(metadata->items[i].value));
	return JsonbPGetDatum(JsonbValueToJsonb(s3_fields_push_from_server(&state, &decoded)));
}
