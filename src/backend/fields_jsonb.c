/*-------------------------------------------------------------------------
 *
 * fields_jsonb.c
 *	  Headers and form fields between S3Fields and jsonb.
 *
 * What is pushed is text of our own: it is UTF-8, and the database's encoding
 * has all of it, since it came from there.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/fields_jsonb.h"
#include "base/fields.h"
#include "mb/pg_wchar.h"

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

void
s3_string_push(JsonbParseState **state, JsonbIteratorToken token, const char *utf8)
{
	char	   *text = pg_any_to_server(utf8, (int) strlen(utf8), PG_UTF8);
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = text;
	value.val.string.len = (int) strlen(text);
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
