/*-------------------------------------------------------------------------
 *
 * fields_jsonb.c
 *	  Headers, metadata and form fields between S3Fields and jsonb.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/compat.h"
#include "backend/encoding.h"
#include "backend/fields_jsonb.h"

static void push_text(JsonbParseState **state, JsonbIteratorToken token, text *text);

JsonbValue *
s3_fields_push(JsonbParseState **state, const S3Fields *fields)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < fields->count; i++)
	{
		s3_string_push(state, WJB_KEY, fields->items[i].name);
		s3_string_push(state, WJB_VALUE, fields->items[i].value);
	}
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

JsonbValue *
s3_fields_push_from_server(JsonbParseState **state, const S3Fields *fields)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < fields->count; i++)
	{
		push_text(state, WJB_KEY, s3_text_from_server(fields->items[i].name));
		push_text(state, WJB_VALUE, s3_text_from_server(fields->items[i].value));
	}
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

void
s3_string_push(JsonbParseState **state, JsonbIteratorToken token, const char *utf8)
{
	push_text(state, token, s3_text_from_utf8(s3_slice_cstring(utf8)));
}

static void
push_text(JsonbParseState **state, JsonbIteratorToken token, text *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = VARDATA_ANY(text);
	value.val.string.len = (int) VARSIZE_ANY_EXHDR(text);
	pushJsonbValue(state, token, &value);
}

bool
s3_member_next(JsonbIterator **iterator, JsonbValue *name, JsonbValue *value)
{
	JsonbIteratorToken token;

	/* What is nested comes as one value. */
	while ((token = JsonbIteratorNext(iterator, name, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(iterator, value, true);
		return true;
	}
	return false;
}
