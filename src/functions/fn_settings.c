/*-------------------------------------------------------------------------
 *
 * fn_settings.c
 *	  SQL functions that show what is in force for a scheme: s3_settings,
 *	  s3_credentials.
 *
 * No secret is shown, not even to superusers.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "backend/encoding.h"
#include "base/date.h"
#include "credentials/credentials.h"
#include "s3/credentials_syntax.h"
#include "settings/guc.h"
#include "settings/setting_defs.h"

PG_FUNCTION_INFO_V1(s3store_settings);
PG_FUNCTION_INFO_V1(s3store_credentials);

static const S3Endpoint *find_endpoint(FunctionCallInfo fcinfo);
static HeapTuple make_tuple(FunctionCallInfo fcinfo, Datum *values, bool *nulls);
static char *value_text(const S3SettingDef *def, const S3Endpoint *endpoint);
static const void *value_of(const S3SettingDef *def, const S3Endpoint *endpoint);
static const char *string_value(const S3SettingDef *def, const S3Endpoint *endpoint);
static const char *unit_of(const S3SettingDef *def);
static const char *option_name(const S3SettingDef *def, int value);
static char *endpoint_text(const S3EndpointUrl *base);
static const char *source_of(const S3SettingDef *def, const S3Endpoint *endpoint);

/*
 * s3_settings(scheme text) returns setof record (name text, value text,
 *			   source text)
 *
 * One row a call, from the settings as they are then.
 */
Datum
s3store_settings(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	const S3Endpoint *endpoint;
	const S3SettingDef *def;
	Datum		values[3];
	bool		nulls[3] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		context = SRF_FIRSTCALL_INIT();
		context->max_calls = S3_ENDPOINT_SETTINGS_COUNT;
	}
	context = SRF_PERCALL_SETUP();
	if (context->call_cntr >= context->max_calls)
		SRF_RETURN_DONE(context);

	endpoint = find_endpoint(fcinfo);
	def = &s3_setting_defs[context->call_cntr];
	values[0] = CStringGetTextDatum(def->name);
	values[1] = PointerGetDatum(s3_text_from_server(value_text(def, endpoint)));
	values[2] = CStringGetTextDatum(source_of(def, endpoint));
	SRF_RETURN_NEXT(context, HeapTupleGetDatum(make_tuple(fcinfo, values, nulls)));
}

/*
 * s3_credentials(scheme text) returns record (source text,
 *				  access_key_id text, expires_at timestamptz)
 */
Datum
s3store_credentials(PG_FUNCTION_ARGS)
{
	const S3Credentials *credentials = s3_credentials_find(find_endpoint(fcinfo));
	Datum		values[3] = {0};
	bool		nulls[3] = {false};

	values[0] = CStringGetTextDatum(s3_credentials_source());
	values[1] = CStringGetTextDatum(s3_access_key_id_masked(credentials->access_key_id));
	values[2] = TimestampTzGetDatum(s3_date_from_unix(credentials->expires_at));
	nulls[2] = credentials->expires_at == 0;
	PG_RETURN_DATUM(HeapTupleGetDatum(make_tuple(fcinfo, values, nulls)));
}

static const S3Endpoint *
find_endpoint(FunctionCallInfo fcinfo)
{
	text	   *scheme = PG_GETARG_TEXT_PP(0);

	return s3_endpoint_find(s3_slice(VARDATA_ANY(scheme), VARSIZE_ANY_EXHDR(scheme)));
}

static HeapTuple
make_tuple(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return heap_form_tuple(BlessTupleDesc(desc), values, nulls);
}

/* As SET and an endpoint's entry take it; what is not set is "". */
static char *
value_text(const S3SettingDef *def, const S3Endpoint *endpoint)
{
	const void *value = value_of(def, endpoint);

	switch (def->type)
	{
		case S3_SETTING_BOOL:
			return pstrdup(*(const bool *) value ? "on" : "off");
		case S3_SETTING_ENUM:
			return pstrdup(option_name(def, *(const int *) value));
		case S3_SETTING_INT:
			return psprintf("%d%s", *(const int *) value, unit_of(def));
		case S3_SETTING_STRING:
			return pstrdup(string_value(def, endpoint));
	}
	return NULL;				/* keep compilers quiet */
}

static const void *
value_of(const S3SettingDef *def, const S3Endpoint *endpoint)
{
	return (const char *) &endpoint->settings + def->offset;
}

/* The URLs of the endpoint are shown as they are used, those of AWS too, which no setting names. */
static const char *
string_value(const S3SettingDef *def, const S3Endpoint *endpoint)
{
	const char *value = s3_setting_string(def, &endpoint->settings);

	if (def->offset == offsetof(S3Settings, endpoint_url))
		return endpoint_text(&endpoint->base);
	if (def->offset == offsetof(S3Settings, endpoint_url_presigning))
		return endpoint_text(&endpoint->presigning_base);
	return (def->flags & S3_SETTING_SECRET) != 0 && *value != '\0' ? S3_SECRET_MASK : value;
}

static const char *
unit_of(const S3SettingDef *def)
{
	switch (def->unit)
	{
		case GUC_UNIT_KB:
			return "kB";
		case GUC_UNIT_MS:
			return "ms";
		case GUC_UNIT_S:
			return "s";
		default:
			return "";
	}
}

static const char *
option_name(const S3SettingDef *def, int value)
{
	for (const struct config_enum_entry *option = def->options; option->name; option++)
		if (option->val == value)
			return option->name;
	elog(ERROR, "setting \"%s\" has no value %d", def->name, value);
}

static char *
endpoint_text(const S3EndpointUrl *base)
{
	return psprintf("%s://%s%s", base->tls ? "https" : "http",
					base->host, base->path);
}

static const char *
source_of(const S3SettingDef *def, const S3Endpoint *endpoint)
{
	if ((endpoint->given & S3_SETTING_BIT(def - s3_setting_defs)) != 0)
		return "endpoint entry";
	return s3_guc_is_set(def) ? "setting" : "default";
}
